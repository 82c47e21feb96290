// Echoes a fixed number of messages between fibers of one worker and does
// nothing else, so that what a message costs can be counted exactly (exact.py).
//
//   fixed_echo --network=tcp --connections=64 --echoes=20000
//
// An echo is two messages of 64 bytes, there and back, so two Writes and two
// Reads. Prints what processor time a message took, client and server together.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/all.h"
#include "transport/conn.h"
#include "transport/fiber/fiber.h"
#include "transport/fiber/runtime.h"
#include "transport/listener.h"
#include "transport/packet_conn.h"
#include "transport/pipe.h"

ABSL_FLAG(std::string, network, "tcp", "tcp, unix, udp or pipe");
ABSL_FLAG(int, connections, 64, "how many at the same time");
ABSL_FLAG(int, echoes, 20000, "how many in all");
ABSL_FLAG(int, depth, 1, "how many are under way on each at a time");
ABSL_FLAG(bool, packets, false, "answer datagrams at one socket, in batches");
ABSL_FLAG(bool, deadlines, false, "set one before each Read");
ABSL_FLAG(bool, reconnect, false, "for each echo");

namespace {

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << "fixed_echo: " << status << "\n";
  std::exit(1);
}

void SetDeadlineIfWanted(plumb::Conn& conn) {
  static const bool wanted = absl::GetFlag(FLAGS_deadlines);
  if (wanted) Check(conn.SetReadDeadline(absl::Now() + absl::Seconds(600)));
}

void Answer(plumb::Conn& conn) {
  char buffer[1024];
  for (;;) {
    SetDeadlineIfWanted(conn);
    const absl::StatusOr<size_t> n = conn.Read(absl::MakeSpan(buffer));
    if (!n.ok()) return;
    Check(conn.Write(absl::string_view(buffer, *n)));
  }
}

void Ask(plumb::Conn& conn, int echoes) {
  const int depth = absl::GetFlag(FLAGS_depth);
  const std::string message(64, 'x');
  char buffer[1024];
  for (int i = 0; i < echoes; i += depth) {
    for (int j = 0; j < depth; ++j) Check(conn.Write(message));
    SetDeadlineIfWanted(conn);
    // With room for more, so that the next Read knows that it must wait.
    size_t left = message.size() * static_cast<size_t>(depth);
    while (left > 0) {
      const absl::StatusOr<size_t> n = conn.Read(absl::MakeSpan(buffer));
      Check(n.status());
      left -= *n;
    }
  }
}

void AnswerPackets(plumb::PacketConn& packets) {
  std::vector<std::array<char, 1024>> buffers(64);
  std::vector<plumb::InPacket> in(buffers.size());
  for (size_t i = 0; i < in.size(); ++i) {
    in[i].buffer = absl::MakeSpan(buffers[i]);
  }
  std::vector<plumb::OutPacket> out;
  for (;;) {
    const absl::StatusOr<size_t> n = packets.ReadBatch(absl::MakeSpan(in));
    if (!n.ok()) return;
    out.clear();
    for (size_t i = 0; i < *n; ++i) {
      const plumb::Received& got = in[i].received;
      out.push_back({absl::string_view(buffers[i].data(), got.size), got.from});
    }
    const absl::StatusOr<size_t> sent = packets.WriteBatch(out);
    Check(sent.status());
    if (*sent != *n) Check(absl::InternalError("not all were sent"));
  }
}

// Makes a connection of which somebody answers the other end.
using Connect = absl::FunctionRef<std::unique_ptr<plumb::Conn>()>;

std::unique_ptr<plumb::Conn> ConnectPipe() {
  auto [near, far] = plumb::Pipe();
  plumb::Go([conn = std::move(far)] { Answer(*conn); });
  return std::move(near);
}

void AskAll(Connect connect) {
  const int connections = absl::GetFlag(FLAGS_connections);
  const int echoes = absl::GetFlag(FLAGS_echoes) / connections;
  const bool reconnect = absl::GetFlag(FLAGS_reconnect);
  std::vector<plumb::Fiber> fibers;
  for (int i = 0; i < connections; ++i) {
    fibers.push_back(plumb::Go([&] {
      for (int j = 0; j < (reconnect ? echoes : 1); ++j) {
        Ask(*connect(), reconnect ? 1 : echoes);
      }
    }));
  }
  for (const plumb::Fiber& fiber : fibers) fiber.Join();
}

void AskAllOverNetwork(const std::string& network) {
  auto listener = plumb::Listen(
      network, network == "unix" ? "@plumb_fixed_echo" : "127.0.0.1:0");
  Check(listener.status());
  const std::string address = (*listener)->Address().ToString();
  const plumb::Fiber acceptor = plumb::Go([&] {
    for (;;) {
      auto conn = (*listener)->Accept();
      if (!conn.ok()) return;
      plumb::Go([conn = *std::move(conn)] { Answer(*conn); });
    }
  });
  AskAll([&] {
    auto conn = plumb::Dial(network, address);
    Check(conn.status());
    return *std::move(conn);
  });
  Check((*listener)->Close());
  acceptor.Join();
}

void AskAllPackets(const std::string& network) {
  auto packets = plumb::ListenPacket(network, "127.0.0.1:0");
  Check(packets.status());
  const std::string address = (*packets)->LocalAddr().ToString();
  const plumb::Fiber answerer =
      plumb::Go([&packets = **packets] { AnswerPackets(packets); });
  AskAll([&] {
    auto conn = plumb::Dial(network, address);
    Check(conn.status());
    return *std::move(conn);
  });
  Check((*packets)->Close());
  answerer.Join();
}

int Main() {
  const std::string network = absl::GetFlag(FLAGS_network);
  if (network == "pipe") {
    AskAll(&ConnectPipe);
  } else if (absl::GetFlag(FLAGS_packets)) {
    AskAllPackets(network);
  } else {
    AskAllOverNetwork(network);
  }
  // An echo is two messages.
  std::printf("cost=%.0f\n", static_cast<double>(std::clock()) * 1e9 /
                                 CLOCKS_PER_SEC /
                                 (2 * absl::GetFlag(FLAGS_echoes)));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Echoes a fixed number of messages.");
  absl::ParseCommandLine(argc, argv);
  plumb::RuntimeOptions options;
  options.workers = 1;
  return plumb::RunMain(options, &Main);
}
