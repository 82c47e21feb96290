// As many tcp connections as one process may hold, all at the same time, with
// an echo on each: a server and a client, each a process, because each end of a
// connection takes a descriptor.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/tcp/tcp.h"
#include "gtest/gtest.h"
#include "testing/stress/amount.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/fiber/fiber_group.h"
#include "transport/fiber/runtime.h"
#include "transport/fiber/workers_for_test.h"
#include "transport/io.h"
#include "transport/listener.h"
#include "transport/options.h"
#include "transport/transport.h"

namespace plumb {
namespace {

// What the two processes need besides.
constexpr int64_t kOtherDescriptors = 500;
// The kernel has some 28,000 ports for each address of the client.
constexpr int64_t kOfOneAddress = 4000;
constexpr int64_t kDialers = 64;

int64_t Connections() {
  rlimit limit;
  EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  const int64_t wanted = AmountFromEnv(
      "PLUMB_CONNECTIONS", kSanitizer == Sanitizer::kNone ? 19000 : 1000);
  const int64_t possible =
      static_cast<int64_t>(std::min<rlim_t>(limit.rlim_max, 1 << 30)) -
      kOtherDescriptors;
  if (wanted > possible) {
    std::printf(
        "WARNING: %lld connections and not %lld, because RLIMIT_NOFILE is "
        "%lld\n",
        static_cast<long long>(possible), static_cast<long long>(wanted),
        static_cast<long long>(limit.rlim_max));
  }
  return std::min(wanted, possible);
}

absl::Status EchoOnce(Conn& conn, absl::string_view text) {
  absl::Status status = conn.Write(text);
  if (!status.ok()) return status;
  std::string back(text.size(), '\0');
  status = ReadFull(conn, absl::MakeSpan(&back[0], back.size()));
  if (!status.ok()) return status;
  return back == text ? absl::OkStatus() : absl::DataLossError(back);
}

// Each connection echoes when it is new, and again when all are there.
absl::Status Talk(const std::string& address, int64_t count) {
  const std::shared_ptr<Transport> tcp = MakeTcp();
  std::vector<std::unique_ptr<Conn>> conns(static_cast<size_t>(count));
  FiberGroup dialers;
  for (int64_t d = 0; d < kDialers; ++d) {
    dialers.Go([&, d] {
      for (int64_t i = d; i < count; i += kDialers) {
        DialOptions options;
        options.local_address =
            absl::StrCat("127.0.1.", 1 + i / kOfOneAddress, ":0");
        auto conn = tcp->Dial("tcp", address, options);
        if (!conn.ok()) return conn.status();
        const absl::Status status = EchoOnce(**conn, absl::StrCat("new ", i));
        if (!status.ok()) return status;
        conns[static_cast<size_t>(i)] = *std::move(conn);
      }
      return absl::OkStatus();
    });
  }
  const absl::Status dialed = dialers.Wait();
  if (!dialed.ok()) return dialed;
  FiberGroup talkers;
  for (const auto& conn : conns) {
    talkers.Go([&conn = *conn] { return EchoOnce(conn, "held"); });
  }
  return talkers.Wait();
}

// The client's process: ends with 0 when all went well.
[[noreturn]] void RunClient(int address_pipe, int64_t count) {
  char address[64] = {};
  if (read(address_pipe, address, sizeof address - 1) <= 0) _exit(2);
  const int result = RunMain(Workers(1), [&] {
    const absl::Status status = Talk(address, count);
    if (status.ok()) return 0;
    std::fprintf(stderr, "client: %s\n", status.ToString().c_str());
    return 1;
  });
  std::fflush(nullptr);
  _exit(result);
}

struct Server {
  std::atomic<int64_t> now{0}, most{0}, echoes{0};

  void Echo(Conn& conn) {
    const int64_t held = ++now;
    int64_t seen = most;
    while (seen < held && !most.compare_exchange_weak(seen, held)) {
    }
    char buffer[64];
    for (;;) {
      const absl::StatusOr<size_t> got = conn.Read(absl::MakeSpan(buffer));
      if (!got.ok()) break;
      if (!conn.Write(absl::string_view(buffer, *got)).ok()) break;
      ++echoes;
    }
    --now;
  }

  void Accept(Listener& listener) {
    for (;;) {
      auto conn = listener.Accept();
      if (!conn.ok()) {
        EXPECT_TRUE(IsClosed(conn.status())) << conn.status();
        return;
      }
      Go([this, conn = *std::move(conn)] { Echo(*conn); });
    }
  }
};

TEST(ConnectionsTest, AllAreHeldAndEcho) {
  const int64_t count = Connections();
  // Before anything of ours is there: nothing of ours crosses a fork.
  int address_pipe[2];
  ASSERT_EQ(pipe(address_pipe), 0);
  const pid_t client = fork();
  ASSERT_GE(client, 0);
  if (client == 0) {
    close(address_pipe[1]);
    RunClient(address_pipe[0], count);
  }
  close(address_pipe[0]);

  auto listener = *MakeTcp()->Listen("tcp", "127.0.0.1:0");
  const std::string address = listener->Address().ToString();
  Server server;
  {
    Runtime runtime(Workers(1));
    const Fiber accepting =
        runtime.Go("accept", [&] { server.Accept(*listener); });
    EXPECT_EQ(write(address_pipe[1], address.data(), address.size()),
              static_cast<ssize_t>(address.size()));
    close(address_pipe[1]);
    int status = 0;
    ASSERT_EQ(waitpid(client, &status, 0), client);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_TRUE(listener->Close().ok());
    accepting.Join();
  }
  EXPECT_EQ(server.most, count);
  EXPECT_EQ(server.now, 0);
  EXPECT_GE(server.echoes, 2 * count);
  std::printf("%lld connections at once, %lld echoes\n",
              static_cast<long long>(server.most),
              static_cast<long long>(server.echoes));
}

}  // namespace
}  // namespace plumb
