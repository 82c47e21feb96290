// Asks a server on tcp one line and prints its answer.
//
//   tcp_client 127.0.0.1:9090 hello
#include <iostream>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "ask.h"
#include "backends/tcp/tcp.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: tcp_client HOST:PORT QUESTION\n";
    return 1;
  }
  const std::shared_ptr<plumb::Transport> tcp = plumb::MakeTcp();
  const absl::StatusOr<std::string> answer = Ask(*tcp, argv[1], argv[2]);
  if (!answer.ok()) {
    std::cerr << "tcp_client: " << answer.status().message() << "\n";
    return 1;
  }
  std::cout << *answer << "\n";
}
