// An echo server that may set a deadline before each Read, to show what that
// costs.
//
//   deadline_echo PORT [--deadlines]
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/tcp/tcp.h"
#include "transport/conn.h"
#include "transport/fiber/fiber.h"
#include "transport/fiber/runtime.h"
#include "transport/listener.h"
#include "transport/transport.h"

ABSL_FLAG(bool, deadlines, false, "set one before each Read");

namespace {

absl::Status Echo(plumb::Conn& conn, bool deadlines) {
  char buffer[16384];
  for (;;) {
    if (deadlines) {
      const absl::Status set =
          conn.SetReadDeadline(absl::Now() + absl::Minutes(10));
      if (!set.ok()) return set;
    }
    const absl::StatusOr<size_t> n = conn.Read(absl::MakeSpan(buffer));
    if (!n.ok()) return n.status();
    const absl::Status written = conn.Write(absl::string_view(buffer, *n));
    if (!written.ok()) return written;
  }
}

int Fail(const absl::Status& status) {
  std::cerr << "deadline_echo: " << status.message() << "\n";
  return 1;
}

int Serve(absl::string_view port) {
  auto listener =
      plumb::MakeTcp()->Listen("tcp", absl::StrCat("0.0.0.0:", port));
  if (!listener.ok()) return Fail(listener.status());
  const bool deadlines = absl::GetFlag(FLAGS_deadlines);
  for (;;) {
    auto conn = (*listener)->Accept();
    if (!conn.ok()) return Fail(conn.status());
    plumb::Go([conn = *std::move(conn), deadlines] {
      Echo(*conn, deadlines).IgnoreError();
    });
  }
}

}  // namespace

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("deadline_echo PORT [--deadlines]");
  const auto words = absl::ParseCommandLine(argc, argv);
  if (words.size() != 2) {
    std::cerr << "deadline_echo: needs a port\n";
    return 2;
  }
  plumb::RuntimeOptions options;
  options.workers = 1;
  return plumb::RunMain(options, [&] { return Serve(words[1]); });
}
