// The smallest client: visits hello_server and says its name.
#include <iostream>
#include <memory>
#include <string>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "backends/all.h"
#include "examples/program.h"
#include "transport/buffered_reader.h"

ABSL_FLAG(std::string, address, "localhost:9000", "where hello_server listens");
ABSL_FLAG(std::string, name, "a client", "what to answer");

absl::Status Visit(const std::string& address, const std::string& name) {
  auto conn = plumb::Dial("tcp", address);
  if (!conn.ok()) return conn.status();
  auto greeting = plumb::BufferedReader(**conn).ReadLine();
  if (!greeting.ok()) return greeting.status();
  std::cout << *greeting << "\n";
  return (*conn)->Write(absl::StrCat(name, "\n"));
}

int main(int argc, char** argv) {
  examples::ParseFlags("Visits hello_server.", argc, argv);
  const absl::Status status =
      Visit(absl::GetFlag(FLAGS_address), absl::GetFlag(FLAGS_name));
  if (!status.ok()) return examples::Fail(status);
}
