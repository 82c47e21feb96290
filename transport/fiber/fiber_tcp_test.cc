// TCP on fibers of one and of several workers.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/tcp/tcp.h"
#include "gtest/gtest.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/event.h"
#include "transport/fiber/fiber_group.h"
#include "transport/fiber/runtime.h"
#include "transport/io.h"
#include "transport/listener.h"
#include "transport/transport.h"

namespace plumb {
namespace {

std::unique_ptr<Runtime> Workers(int count) {
  RuntimeOptions options;
  options.workers = count;
  return std::make_unique<Runtime>(options);
}

std::unique_ptr<Listener> ListenTcp(Transport& tcp) {
  auto listener = tcp.Listen("tcp", "127.0.0.1:0");
  EXPECT_TRUE(listener.ok()) << listener.status();
  return *std::move(listener);
}

void Echo(Conn& conn) {
  char buffer[256];
  for (;;) {
    const auto size = conn.Read(absl::MakeSpan(buffer));
    if (!size.ok()) return;
    if (!conn.Write(absl::string_view(buffer, *size)).ok()) return;
  }
}

void AskAll(Transport& tcp, const std::string& address, int rounds) {
  auto conn = tcp.Dial("tcp", address);
  ASSERT_TRUE(conn.ok()) << conn.status();
  for (int i = 0; i < rounds; ++i) {
    const std::string question = absl::StrCat("question ", i);
    ASSERT_EQ((*conn)->Write(question), absl::OkStatus());
    std::string answer(question.size(), '?');
    ASSERT_EQ(ReadFull(**conn, absl::MakeSpan(answer)), absl::OkStatus());
    EXPECT_EQ(answer, question);
  }
}

class FiberTcpTest : public testing::TestWithParam<int> {};

TEST_P(FiberTcpTest, ManyConnectionsEcho) {
  const auto runtime = Workers(GetParam());
  const auto tcp = MakeTcp();
  const auto listener = ListenTcp(*tcp);
  const Fiber server = runtime->Go("server", [&] {
    FiberGroup group;
    for (;;) {
      auto conn = listener->Accept();
      if (!conn.ok()) break;
      group.Go([conn = *std::move(conn)] {
        Echo(*conn);
        return absl::OkStatus();
      });
    }
    EXPECT_EQ(group.Wait(), absl::OkStatus());
  });
  const std::string address = listener->Address().ToString();
  std::vector<Fiber> clients;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(runtime->Go([&] { AskAll(*tcp, address, 50); }));
  }
  // Threads and fibers mix.
  std::thread thread([&] { AskAll(*tcp, address, 50); });
  for (const Fiber& client : clients) client.Join();
  thread.join();
  EXPECT_EQ(listener->Close(), absl::OkStatus());
  server.Join();
}

TEST_P(FiberTcpTest, ALargeTransferBothWays) {
  const auto runtime = Workers(GetParam());
  const auto tcp = MakeTcp();
  const auto listener = ListenTcp(*tcp);
  constexpr size_t kSize = 8 << 20;
  const auto exchange = [](Conn& conn) {
    FiberGroup group;
    group.Go([&] { return conn.Write(std::string(kSize, 'l')); });
    group.Go([&] {
      std::string data(kSize, '?');
      const absl::Status status = ReadFull(conn, absl::MakeSpan(data));
      EXPECT_EQ(data, std::string(kSize, 'l'));
      return status;
    });
    EXPECT_EQ(group.Wait(), absl::OkStatus());
  };
  const Fiber server = runtime->Go([&] {
    auto conn = listener->Accept();
    ASSERT_TRUE(conn.ok()) << conn.status();
    exchange(**conn);
  });
  runtime
      ->Go([&] {
        auto conn = tcp->Dial("tcp", listener->Address().ToString());
        ASSERT_TRUE(conn.ok()) << conn.status();
        exchange(**conn);
      })
      .Join();
  server.Join();
}

TEST_P(FiberTcpTest, ARefusedDialSaysSo) {
  const auto runtime = Workers(GetParam());
  const auto tcp = MakeTcp();
  const std::string address = ListenTcp(*tcp)->Address().ToString();
  runtime
      ->Go([&] {
        for (int i = 0; i < 10; ++i) {
          EXPECT_TRUE(IsRefused(tcp->Dial("tcp", address).status()));
        }
      })
      .Join();
}

TEST_P(FiberTcpTest, CloseEndsABlockedRead) {
  const auto runtime = Workers(GetParam());
  const auto tcp = MakeTcp();
  const auto listener = ListenTcp(*tcp);
  for (int i = 0; i < 50; ++i) {
    auto conn = tcp->Dial("tcp", listener->Address().ToString());
    ASSERT_TRUE(conn.ok()) << conn.status();
    const Fiber reader = runtime->Go([&] {
      char byte;
      EXPECT_TRUE(IsClosed((*conn)->Read(absl::MakeSpan(&byte, 1)).status()));
    });
    EXPECT_EQ((*conn)->Close(), absl::OkStatus());
    reader.Join();
  }
}

TEST_P(FiberTcpTest, APeerThatNeverStopsDelaysNobodysTimer) {
  const auto runtime = Workers(1);
  const auto tcp = MakeTcp();
  const auto listener = ListenTcp(*tcp);
  std::atomic<bool> stop{false};
  std::thread sender([&] {
    auto conn = tcp->Dial("tcp", listener->Address().ToString());
    const std::string data(1000, 's');
    while (!stop && (*conn)->Write(data).ok()) {
    }
  });
  const Fiber reader = runtime->Go([&] {
    auto conn = listener->Accept();
    ASSERT_TRUE(conn.ok()) << conn.status();
    char byte;
    // One at a time: it is never blocked.
    while (!stop && (*conn)->Read(absl::MakeSpan(&byte, 1)).ok()) {
    }
  });
  // Not how long, which the machine decides, but that it ends at all.
  runtime
      ->Go([&] {
        Event never;
        for (int i = 0; i < 20; ++i) {
          EXPECT_TRUE(IsTimeout(
              never.WaitUntil(absl::Now() + absl::Microseconds(500))));
        }
      })
      .Join();
  stop = true;
  sender.join();
  reader.Join();
}

INSTANTIATE_TEST_SUITE_P(Workers, FiberTcpTest, testing::Values(1, 3));

}  // namespace
}  // namespace plumb
