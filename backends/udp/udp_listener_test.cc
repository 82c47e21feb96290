#include "backends/udp/udp_listener.h"

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
#include "backends/posix/open_descriptors_for_test.h"
#include "backends/udp/udp.h"
#include "backends/udp/udp_listener_fixture_for_test.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "testing/wait_until_blocked.h"
#include "transport/addr.h"
#include "transport/conn.h"
#include "transport/direction.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/ip_addr.h"
#include "transport/listener.h"
#include "transport/manual_clock.h"
#include "transport/options.h"
#include "transport/packet_conn.h"
#include "transport/scope.h"
#include "transport/transport.h"
#include "transport/udp_options.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

TEST_F(UdpListenerTest, OneConnForEachPeer) {
  Listen();
  const auto first = Dial(), second = Dial();
  ASSERT_TRUE(first->Write("from first").ok());
  ASSERT_TRUE(second->Write("from second").ok());
  ASSERT_TRUE(first->Write("again").ok());
  const auto to_first = Accept(), to_second = Accept();
  EXPECT_EQ(to_first->LocalAddr(), listener_->Address());
  EXPECT_EQ(to_first->RemoteAddr(), first->LocalAddr());
  EXPECT_EQ(to_second->RemoteAddr(), second->LocalAddr());
  EXPECT_EQ(to_first->RemoteAddr().network(), "udp");
  EXPECT_EQ(Read(*to_second), "from second");
  EXPECT_EQ(Read(*to_first), "from first");
  EXPECT_EQ(Read(*to_first), "again");
  ASSERT_TRUE(to_first->Write("to first").ok());
  ASSERT_TRUE(to_second->Write("to second").ok());
  EXPECT_EQ(Read(*first), "to first");
  EXPECT_EQ(Read(*second), "to second");
  EXPECT_EQ(Counters().peers, 2);
}

TEST_F(UdpListenerTest, EveryConnSharesOneDescriptor) {
  Listen();
  Connect();
  const OpenDescriptors before;
  std::vector<std::unique_ptr<Conn>> conns;
  for (int i = 0; i < 20; ++i) conns.push_back(std::move(Connect().conn));
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST_F(UdpListenerTest, EmptyDatagrams) {
  Listen();
  const auto remote = Dial();
  ASSERT_TRUE(remote->Write("").ok());
  const auto conn = Accept();
  EXPECT_EQ(*conn->Read(absl::Span<char>()), 0);  // consumes nothing
  EXPECT_EQ(Read(*conn), "");
  ASSERT_TRUE(conn->Write("").ok());
  EXPECT_EQ(Read(*remote), "");
}

TEST_F(UdpListenerTest, ShortBuffer) {
  Listen();
  const Pair pair = Connect();
  ASSERT_TRUE(pair.remote->Write("abcdef").ok());
  ASSERT_TRUE(pair.remote->Write("next").ok());
  char buffer[4] = {};
  const absl::Status cut = pair.conn->Read(absl::MakeSpan(buffer, 3)).status();
  ExpectError(cut, Code::kInvalidArgument,
              absl::StrCat("read udp ", EndsOf(*pair.conn),
                           ": read: message too long"));
  EXPECT_EQ(BytesDone(cut), 6);
  EXPECT_STREQ(buffer, "abc");
  EXPECT_EQ(Read(*pair.conn), "next");
}

TEST_F(UdpListenerTest, LongestDatagrams) {
  UdpListenOptions limits;
  limits.max_datagram = 10;
  ListenOptions options;
  options.extras.Set(limits);
  Listen(options);
  Pair pair = Connect();
  ASSERT_TRUE(pair.remote->Write("0123456789ab").ok());
  char buffer[100];
  const absl::Status cut = pair.conn->Read(absl::MakeSpan(buffer)).status();
  EXPECT_EQ(cut.code(), Code::kInvalidArgument);
  EXPECT_EQ(BytesDone(cut), 12);
  pair = Pair();

  Listen();
  pair = Connect();
  EXPECT_EQ(Extension<MessageTraits>(*pair.conn)->MaxMessageSize(), 65507);
  EXPECT_TRUE(Extension<MessageTraits>(*pair.conn)->EmptyMessages());
  ASSERT_TRUE(pair.remote->Write(std::string(65507, 'x')).ok());
  EXPECT_EQ(Read(*pair.conn, 65507), std::string(65507, 'x'));
  ExpectError(pair.conn->Write(std::string(65508, 'x')), Code::kInvalidArgument,
              absl::StrCat("write udp ", EndsOf(*pair.conn),
                           ": write: message too long"));
}

TEST_F(UdpListenerTest, WildcardTakesBothFamilies) {
  Listen({}, ":0");
  for (const char* host : {"127.0.0.1", "[::1]"}) {
    address_ = absl::StrCat(host, ":", listener_->Address().port());
    const Pair pair = Connect();
    EXPECT_EQ(pair.conn->RemoteAddr(), pair.remote->LocalAddr());
    ASSERT_TRUE(pair.conn->Write("x").ok());
    EXPECT_EQ(Read(*pair.remote), "x");
  }
}

TEST_F(UdpListenerTest, CloseWriteStopsWritesAndNothingElse) {
  Listen();
  const Pair pair = Connect();
  ASSERT_TRUE(pair.conn->CloseWrite().ok());
  ASSERT_TRUE(pair.conn->CloseWrite().ok());
  ExpectError(
      pair.conn->Write("x"), Code::kFailedPrecondition,
      absl::StrCat("write udp ", EndsOf(*pair.conn), ": write: broken pipe"));
  ASSERT_TRUE(pair.remote->Write("more").ok());
  EXPECT_EQ(Read(*pair.conn), "more");
}

TEST_F(UdpListenerTest, WaitReadable) {
  Listen();
  const Pair pair = Connect();
  std::thread waiter([&pair] { EXPECT_TRUE(pair.conn->WaitReadable().ok()); });
  ASSERT_TRUE(WaitUntilBlocked(*pair.conn, 1));
  ASSERT_TRUE(pair.remote->Write("x").ok());
  waiter.join();
  EXPECT_TRUE(pair.conn->WaitReadable().ok());
  EXPECT_EQ(Read(*pair.conn), "x");
}

TEST_F(UdpListenerTest, Deadlines) {
  Listen();
  const Pair pair = Connect();
  ASSERT_TRUE(pair.remote->Write("queued").ok());
  ASSERT_TRUE(pair.conn->WaitReadable().ok());
  ASSERT_TRUE(pair.conn->SetDeadline(absl::UnixEpoch()).ok());
  EXPECT_EQ(Read(*pair.conn),
            absl::StrCat("read udp ", EndsOf(*pair.conn), ": i/o timeout"));
  ExpectError(pair.conn->Write("x"), Code::kDeadlineExceeded,
              absl::StrCat("write udp ", EndsOf(*pair.conn), ": i/o timeout"));
  ASSERT_TRUE(pair.conn->SetDeadline(absl::InfiniteFuture()).ok());
  EXPECT_EQ(Read(*pair.conn), "queued");

  ASSERT_TRUE(listener_->SetDeadline(absl::UnixEpoch()).ok());
  ExpectError(listener_->Accept().status(), Code::kDeadlineExceeded,
              absl::StrCat("accept udp ", address_, ": i/o timeout"));
  ASSERT_TRUE(listener_->SetDeadline(absl::InfiniteFuture()).ok());
  Connect();
}

TEST_F(UdpListenerTest, Closed) {
  Listen();
  const Pair pair = Connect();
  const std::string ends = EndsOf(*pair.conn);
  constexpr char kClosed[] = ": use of closed network connection";
  ASSERT_TRUE(pair.conn->Close().ok());
  ExpectError(pair.conn->Close(), Code::kCancelled,
              absl::StrCat("close udp ", ends, kClosed));
  EXPECT_EQ(Read(*pair.conn), absl::StrCat("read udp ", ends, kClosed));
  char none;
  ExpectError(pair.conn->Read(absl::MakeSpan(&none, 0)).status(),
              Code::kCancelled, absl::StrCat("read udp ", ends, kClosed));
  ExpectError(pair.conn->Write("x"), Code::kCancelled,
              absl::StrCat("write udp ", ends, kClosed));
  ExpectError(pair.conn->CloseWrite(), Code::kCancelled,
              absl::StrCat("close udp ", ends, kClosed));
  ExpectError(pair.conn->SetDeadline(absl::UnixEpoch()), Code::kCancelled,
              absl::StrCat("set udp ", address_, kClosed));
  EXPECT_EQ(EndsOf(*pair.conn), ends);

  ASSERT_TRUE(listener_->Close().ok());
  const absl::Status again = listener_->Close();
  ExpectError(again, Code::kCancelled,
              absl::StrCat("close udp ", address_, kClosed));
  EXPECT_TRUE(IsClosed(again));
  ExpectError(listener_->Accept().status(), Code::kCancelled,
              absl::StrCat("accept udp ", address_, kClosed));
  ExpectError(listener_->SetDeadline(absl::UnixEpoch()), Code::kCancelled,
              absl::StrCat("set udp ", address_, kClosed));
  EXPECT_EQ(listener_->Address().ToString(), address_);
}

TEST_F(UdpListenerTest, ClosedPeerComesBackAsANewConn) {
  Listen();
  const Pair pair = Connect();
  ASSERT_TRUE(pair.conn->Close().ok());
  EXPECT_EQ(Counters().peers, 0);
  ASSERT_TRUE(pair.remote->Write("again").ok());
  EXPECT_EQ(Read(*Accept()), "again");
}

TEST_F(UdpListenerTest, ClosingTheListenerKeepsThePeers) {
  Listen();
  Pair pair = Connect();
  const auto waiting = Dial();
  ASSERT_TRUE(waiting->Write("never accepted").ok());
  listener_ = nullptr;
  ASSERT_TRUE(pair.remote->Write("ping").ok());
  EXPECT_EQ(Read(*pair.conn), "ping");
  ASSERT_TRUE(pair.conn->Write("pong").ok());
  EXPECT_EQ(Read(*pair.remote), "pong");

  ExpectError(
      udp_->Listen("udp", address_).status(), Code::kAlreadyExists,
      absl::StrCat("listen udp ", address_, ": bind: address already in use"));
  ASSERT_TRUE(pair.conn->Close().ok());
  // The port was free when the last Close returned.
  const auto again = udp_->Listen("udp", address_);
  EXPECT_TRUE(again.ok()) << again.status();
}

TEST_F(UdpListenerTest, PortIsFreeWhenCloseReturnsWithAcceptBlocked) {
  Listen();
  for (int i = 0; i < 20; ++i) {
    std::thread accept([this] {
      ExpectError(listener_->Accept().status(), Code::kCancelled,
                  absl::StrCat("accept udp ", address_,
                               ": use of closed network connection"));
    });
    ASSERT_TRUE(WaitUntilBlocked(*listener_, 1));
    ASSERT_TRUE(listener_->Close().ok());
    const auto again = udp_->ListenPacket("udp", address_);
    EXPECT_TRUE(again.ok()) << again.status();
    accept.join();
    if (again.ok()) (*again)->Close().IgnoreError();
    Listen({}, address_);
  }
}

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

// The clock.

class UdpExpiryTest : public UdpListenerTest {
 protected:
  UdpExpiryTest() {
    udp_ = MakeUdp(clock_);
    UdpListenOptions limits;
    limits.idle_timeout = absl::Seconds(10);
    ListenOptions options;
    options.extras.Set(limits);
    Listen(options);
  }
  ~UdpExpiryTest() override { listener_ = nullptr; }

  ManualClock clock_;
};

TEST_F(UdpExpiryTest, IdleLeaderReadsTheEnd) {
  const Pair pair = Connect();
  absl::Status status;
  std::thread reader([&pair, &status] {
    char buffer[1];
    status = pair.conn->Read(absl::MakeSpan(buffer)).status();
  });
  clock_.AwaitAlarms(1);
  clock_.Advance(absl::Seconds(10));
  reader.join();
  EXPECT_TRUE(IsEof(status)) << status;
  EXPECT_EQ(Counters().expired_peers, 1);
  EXPECT_TRUE(pair.conn->WaitReadable().ok());
  // Writes still go out, and what comes back is from a new peer.
  ASSERT_TRUE(pair.conn->Write("late").ok());
  EXPECT_EQ(Read(*pair.remote), "late");
  ASSERT_TRUE(pair.remote->Write("new").ok());
  EXPECT_EQ(Read(*Accept()), "new");
  EXPECT_EQ(Read(*pair.conn), "EOF");
}

TEST_F(UdpExpiryTest, IdleFollowerReadsTheEnd) {
  const Pair pair = Connect();
  std::thread accept([this] { Accept(); });
  clock_.AwaitAlarms(1);
  Reader follower(*threads_, *pair.conn);
  clock_.Advance(absl::Seconds(10));
  EXPECT_EQ(follower.Join(), "EOF");
  ASSERT_TRUE(Dial()->Write("x").ok());
  accept.join();
}

TEST_F(UdpExpiryTest, NextLeaderKeepsTheClock) {
  const Pair busy = Connect(), idle = Connect();
  Reader leader(*threads_, *busy.conn);
  Reader follower(*threads_, *idle.conn);
  clock_.Advance(absl::Seconds(9));
  ASSERT_TRUE(busy.remote->Write("x").ok());
  EXPECT_EQ(leader.Join(), "x");
  clock_.AwaitAlarms(1);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(follower.Join(), "EOF");
  EXPECT_EQ(Counters().peers, 1);
}

TEST_F(UdpExpiryTest, WritesKeepAPeer) {
  const Pair pair = Connect();
  Reader reader(*threads_, *pair.conn);
  clock_.AwaitAlarms(1);
  for (int i = 0; i < 5; ++i) {
    clock_.Advance(absl::Seconds(9));
    ASSERT_TRUE(pair.conn->Write("x").ok());
  }
  ASSERT_TRUE(pair.remote->Write("still there").ok());
  EXPECT_EQ(reader.Join(), "still there");
  EXPECT_EQ(Counters().expired_peers, 0);
}

// Limits.

TEST_F(UdpListenerTest, FullTableDropsNewcomersAndCountsThem) {
  UdpListenOptions limits;
  limits.max_peers = 1;
  ListenOptions options;
  options.extras.Set(limits);
  Listen(options);
  Pair pair = Connect();
  const auto newcomer = Dial();
  ASSERT_TRUE(newcomer->Write("dropped").ok());
  ASSERT_TRUE(pair.remote->Write("x").ok());
  EXPECT_EQ(Read(*pair.conn), "x");
  EXPECT_EQ(Counters().dropped_newcomers, 1);
  pair.conn = nullptr;
  ASSERT_TRUE(newcomer->Write("taken").ok());
  EXPECT_EQ(Read(*Accept()), "taken");
}

TEST_F(UdpListenerTest, BacklogOption) {
  ListenOptions options;
  options.backlog = 1;
  Listen(options);
  const Pair pair = Connect();
  const auto first = Dial(), second = Dial();
  ASSERT_TRUE(first->Write("first").ok());
  ASSERT_TRUE(second->Write("second").ok());
  ASSERT_TRUE(pair.remote->Write("x").ok());
  EXPECT_EQ(Read(*pair.conn), "x");
  EXPECT_EQ(Counters().dropped_newcomers, 1);
  EXPECT_EQ(Read(*Accept()), "first");
}

TEST_F(UdpListenerTest, OnePeerCannotFillTheQueuesOfOthers) {
  UdpListenOptions limits;
  limits.peer_queue_bytes = 5 * (UdpListenOptions::kDatagramOverhead + 1);
  ListenOptions options;
  options.extras.Set(limits);
  Listen(options);
  const Pair flood = Connect(), pair = Connect();
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(flood.remote->Write("f").ok());
  ASSERT_TRUE(pair.remote->Write("x").ok());
  EXPECT_EQ(Read(*pair.conn), "x");
  EXPECT_EQ(Counters().dropped_datagrams, 7);
}

TEST_F(UdpListenerTest, IdleTimeoutMustBePositive) {
  UdpListenOptions limits;
  limits.idle_timeout = absl::ZeroDuration();
  ListenOptions options;
  options.extras.Set(limits);
  const absl::Status status =
      udp_->Listen("udp", "127.0.0.1:0", options).status();
  ExpectError(status, Code::kInvalidArgument,
              "listen udp: idle_timeout 0 is not positive");
  EXPECT_EQ(GetErrorInfo(status)->detail, "udp_listen");
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
