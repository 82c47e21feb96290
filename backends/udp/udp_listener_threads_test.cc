#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/udp/udp_listener_fixture_for_test.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "testing/wait_until_blocked.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/listener.h"
#include "transport/udp_options.h"

namespace plumb {
namespace {

// Datagrams for another peer come all the time: the leader hardly ever waits.
TEST_F(UdpListenerTest, LeaderEndsUnderAFlood) {
  Listen();
  const Pair leader = Connect(), other = Connect(), third = Connect();
  std::atomic<bool> stop{false};
  std::vector<std::thread> floods;
  for (int i = 0; i < 2; ++i) {
    floods.emplace_back([&other, &stop] {
      while (!stop) other.remote->Write("x").IgnoreError();
    });
  }
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(
        leader.conn->SetReadDeadline(absl::Now() + absl::Milliseconds(1)).ok());
    EXPECT_EQ(Read(*leader.conn),
              absl::StrCat("read udp ", EndsOf(*leader.conn), ": i/o timeout"));
  }
  std::thread reader([&third] {
    EXPECT_TRUE(absl::StrContains(Read(*third.conn), "closed"));
  });
  ASSERT_TRUE(WaitUntilBlocked(*third.conn, 1));
  ASSERT_TRUE(third.conn->Close().ok());
  reader.join();
  stop = true;
  for (std::thread& flood : floods) flood.join();
}

// All read; they are closed one after the other, in an order of no regard for
// who leads, and after each the others are still served.
TEST_F(UdpListenerTest, EveryCloseLeavesTheOthersServed) {
  constexpr size_t kPeers = 12;
  Listen();
  std::vector<Pair> pairs;
  for (size_t i = 0; i < kPeers; ++i) pairs.push_back(Connect());
  std::vector<std::thread> readers;
  for (Pair& pair : pairs) {
    readers.emplace_back([&pair] {
      std::string got;
      while ((got = Read(*pair.conn)) == "ping") {
        ASSERT_TRUE(pair.conn->Write("pong").ok());
      }
      EXPECT_EQ(got, absl::StrCat("read udp ", EndsOf(*pair.conn),
                                  ": use of closed network connection"));
    });
  }
  for (size_t i = 0; i < kPeers; ++i) {
    for (size_t j = i; j < kPeers; ++j) {
      Pair& pair = pairs[j * 5 % kPeers];
      ASSERT_TRUE(pair.remote->Write("ping").ok());
      EXPECT_EQ(Read(*pair.remote), "pong");
    }
    ASSERT_TRUE(pairs[i * 5 % kPeers].conn->Close().ok());
  }
  for (std::thread& reader : readers) reader.join();
}

// All at once: each peer has a thread that echoes, whose reads time out and are
// cancelled all the while, and newcomers come and go.
TEST_F(UdpListenerTest, ManyPeersManyThreads) {
  constexpr int kPeers = 8, kMessages = 200;
  Listen();
  std::vector<std::thread> handlers;
  std::thread accept([&] {
    for (;;) {
      absl::StatusOr<std::unique_ptr<Conn>> conn = listener_->Accept();
      if (!conn.ok()) break;
      handlers.emplace_back([conn = *std::move(conn)] {
        for (int i = 0;; ++i) {
          if (i % 3 == 0) {
            conn->SetReadDeadline(absl::Now() + absl::Microseconds(200))
                .IgnoreError();
          }
          char buffer[20];
          const absl::StatusOr<size_t> n = conn->Read(absl::MakeSpan(buffer));
          conn->SetReadDeadline(absl::InfiniteFuture()).IgnoreError();
          if (IsTimeout(n.status())) continue;
          ASSERT_TRUE(n.ok()) << n.status();
          if (*n == 0) break;
          ASSERT_TRUE(conn->Write(absl::string_view(buffer, *n)).ok());
        }
      });
    }
  });
  std::vector<std::thread> remotes;
  for (int i = 0; i < kPeers; ++i) {
    remotes.emplace_back([this, i] {
      // A peer comes back as another one halfway.
      for (int part = 0; part < 2; ++part) {
        const auto remote = Dial();
        for (int m = 0; m < kMessages / 2; ++m) {
          const std::string message = absl::StrCat(i, ".", part, ".", m);
          ASSERT_TRUE(remote->Write(message).ok());
          ASSERT_EQ(Read(*remote), message);
        }
        ASSERT_TRUE(remote->Write("").ok());
      }
    });
  }
  for (std::thread& remote : remotes) remote.join();
  // Every handler ends by its own empty datagram: none was lost.
  while (Counters().peers != 0) std::this_thread::yield();
  ASSERT_TRUE(listener_->Close().ok());
  accept.join();
  for (std::thread& handler : handlers) handler.join();
  EXPECT_EQ(Counters().dropped_datagrams, 0);
  EXPECT_EQ(Counters().dropped_newcomers, 0);
}

TEST_F(UdpListenerTest, ConcurrentAccepts) {
  Listen();
  constexpr int kThreads = 4;
  std::atomic<int> served{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([this, &served] {
      const auto conn = Accept();
      EXPECT_EQ(Read(*conn), "hello");
      ++served;
    });
  }
  ASSERT_TRUE(WaitUntilBlocked(*listener_, kThreads));
  std::vector<std::unique_ptr<Conn>> remotes;
  for (int i = 0; i < kThreads; ++i) {
    remotes.push_back(Dial());
    ASSERT_TRUE(remotes.back()->Write("hello").ok());
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(served, kThreads);
}

}  // namespace
}  // namespace plumb
