#include "backends/udp/udp_listener.h"

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/posix/open_descriptors_for_test.h"
#include "backends/udp/udp_listener_fixture_for_test.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "testing/wait_until_blocked.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/listener.h"
#include "transport/options.h"
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

}  // namespace
}  // namespace plumb
