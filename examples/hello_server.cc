// The smallest server: greets one visitor and asks for its name.
#include <iostream>
#include <memory>
#include <string>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "backends/all.h"
#include "examples/program.h"
#include "transport/buffered_reader.h"

ABSL_FLAG(std::string, address, "127.0.0.1:9000", "where to listen");

absl::StatusOr<std::string> GreetOne(const std::string& address) {
  auto listener = plumb::Listen("tcp", address);
  if (!listener.ok()) return listener.status();
  std::cout << "listening on " << (*listener)->Address() << std::endl;
  auto conn = (*listener)->Accept();
  if (!conn.ok()) return conn.status();
  absl::Status written = (*conn)->Write("hello, who are you?\n");
  if (!written.ok()) return written;
  return plumb::BufferedReader(**conn).ReadLine();
}

int main(int argc, char** argv) {
  examples::ParseFlags("Greets one visitor over tcp.", argc, argv);
  absl::StatusOr<std::string> name = GreetOne(absl::GetFlag(FLAGS_address));
  if (!name.ok()) return examples::Fail(name.status());
  std::cout << *name << " was here\n";
}
