#include "ask.h"

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "transport/buffered_reader.h"
#include "transport/scope.h"

absl::StatusOr<std::string> Ask(plumb::Transport& transport,
                                absl::string_view address,
                                absl::string_view question) {
  plumb::DeadlineScope scope(absl::Seconds(5));
  absl::StatusOr<std::unique_ptr<plumb::Conn>> conn =
      transport.Dial("tcp", address);
  if (!conn.ok()) return conn.status();
  const absl::Status asked = (*conn)->Write(absl::StrCat(question, "\n"));
  if (!asked.ok()) return asked;
  return plumb::BufferedReader(**conn).ReadLine();
}
