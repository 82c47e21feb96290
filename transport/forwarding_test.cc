#include "transport/forwarding.h"

#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "transport/direction.h"
#include "transport/extensions.h"
#include "transport/forwarding_inner_for_test.h"
#include "transport/ip_addr.h"

namespace plumb {
namespace {

TEST_F(ForwardingTest, AConnForwardsEverything) {
  ForwardingConn conn(std::make_unique<InnerConn>(inner_));
  EXPECT_EQ(conn.Read(absl::Span<char>()).status(), absl::UnknownError("read"));
  EXPECT_EQ(conn.Write("ab"), absl::UnknownError("write ab"));
  EXPECT_EQ(conn.WaitReadable(), absl::UnknownError("wait"));
  EXPECT_EQ(conn.CloseWrite(), absl::UnknownError("close write"));
  EXPECT_EQ(conn.SetReadDeadline(absl::FromUnixSeconds(7)),
            absl::UnknownError("deadline read7"));
  EXPECT_EQ(conn.LocalAddr().ToString(), "10.0.0.1:9");
  EXPECT_EQ(conn.RemoteAddr().ToString(), "10.0.0.2:80");
  // S-CP-12.
  const absl::string_view pieces[] = {"a", "", "b"};
  EXPECT_EQ(conn.Write(pieces), absl::UnknownError("write a||b"));
  EXPECT_EQ(conn.Close(), absl::OkStatus());
  EXPECT_EQ(inner_->log(), Log({"read", "write ab", "wait", "close write",
                                "deadline read7", "write a||b", "close"}));
}

TEST_F(ForwardingTest, AListenerForwardsEverything) {
  ForwardingListener listener(std::make_unique<InnerListener>(inner_));
  EXPECT_EQ(listener.SetDeadline(absl::FromUnixSeconds(7)),
            absl::UnknownError("deadline 7"));
  EXPECT_EQ(listener.Address().ToString(), "10.0.0.1:9");
  EXPECT_EQ(listener.Close(), absl::OkStatus());
  EXPECT_EQ(inner_->log(), Log({"deadline 7", "close"}));
}

TEST_F(ForwardingTest, APacketConnForwardsEverything) {
  ForwardingPacketConn packets(std::make_unique<InnerPackets>(inner_));
  EXPECT_EQ(packets.ReadBatch({}).status(), absl::UnknownError("read"));
  EXPECT_EQ(packets.WriteTo("ab", Addr()), absl::UnknownError("write 1"));
  EXPECT_EQ(packets.SetReadDeadline(absl::FromUnixSeconds(7)),
            absl::UnknownError("deadline read7"));
  EXPECT_EQ(packets.LocalAddr().ToString(), "10.0.0.1:9");
  EXPECT_EQ(packets.Close(), absl::OkStatus());
  EXPECT_EQ(inner_->log(), Log({"read", "write 1", "deadline read7", "close"}));
}

TEST_F(ForwardingTest, AClosedConnDoesNotCallTheInner) {
  ForwardingConn conn(std::make_unique<InnerConn>(inner_));
  ASSERT_EQ(conn.Close(), absl::OkStatus());
  const std::string both = "tcp 10.0.0.1:9->10.0.0.2:80";
  ExpectClosed(conn.Read(absl::MakeSpan(buffer_)).status(), "read " + both);
  ExpectClosed(conn.Write("x"), "write " + both);
  ExpectClosed(conn.WaitReadable(), "read " + both);
  ExpectClosed(conn.CloseWrite(), "close " + both);
  ExpectClosed(conn.SetDeadline(absl::Now()), "set tcp 10.0.0.1:9");
  ExpectClosed(conn.Close(), "close " + both);
  EXPECT_EQ(conn.LocalAddr().ToString(), "10.0.0.1:9");
  EXPECT_EQ(inner_->log(), Log({"close"}));
}

TEST_F(ForwardingTest, AClosedListenerDoesNotCallTheInner) {
  ForwardingListener listener(std::make_unique<InnerListener>(inner_));
  ASSERT_EQ(listener.Close(), absl::OkStatus());
  ExpectClosed(listener.Accept().status(), "accept tcp 10.0.0.1:9");
  ExpectClosed(listener.SetDeadline(absl::Now()), "set tcp 10.0.0.1:9");
  ExpectClosed(listener.Close(), "close tcp 10.0.0.1:9");
  EXPECT_EQ(inner_->log(), Log({"close"}));
}

TEST_F(ForwardingTest, AClosedPacketConnDoesNotCallTheInner) {
  ForwardingPacketConn packets(std::make_unique<InnerPackets>(inner_));
  ASSERT_EQ(packets.Close(), absl::OkStatus());
  ExpectClosed(packets.ReadFrom(absl::MakeSpan(buffer_)).status(),
               "read udp 10.0.0.1:9");
  ExpectClosed(packets.WriteTo("x", Addr::Udp(IpAddr::LoopbackV4(), 7)),
               "write udp 10.0.0.1:9->127.0.0.1:7");
  ExpectClosed(packets.WriteBatch({}).status(), "write udp 10.0.0.1:9");
  ExpectClosed(packets.SetDeadline(absl::Now()), "set udp 10.0.0.1:9");
  ExpectClosed(packets.Close(), "close udp 10.0.0.1:9");
  EXPECT_EQ(inner_->log(), Log({"close"}));
}

template <typename Endpoint>
void ExpectExtensions(Endpoint& endpoint, bool read_closer) {
  EXPECT_NE(Extension<BlockedProbe>(endpoint), nullptr);
  EXPECT_EQ(Extension<ReadCloser>(endpoint) != nullptr, read_closer);
  EXPECT_EQ(Extension<TcpControl>(endpoint), nullptr);
}

TEST_F(ForwardingTest, NoExtensionGoesThroughButTheProbe) {
  ForwardingConn conn(std::make_unique<InnerConn>(inner_));
  ForwardingListener listener(std::make_unique<InnerListener>(inner_));
  ForwardingPacketConn packets(std::make_unique<InnerPackets>(inner_));
  ExpectExtensions(conn, false);
  ExpectExtensions(listener, false);
  ExpectExtensions(packets, false);
}

TEST_F(ForwardingTest, AllowedExtensionsGoThrough) {
  const AllowedExtensions allowed = {TcpControl::kExtensionName,
                                     ReadCloser::kExtensionName};
  ForwardingConn conn(std::make_unique<InnerConn>(inner_), allowed);
  ForwardingListener listener(std::make_unique<InnerListener>(inner_), allowed);
  ForwardingPacketConn packets(std::make_unique<InnerPackets>(inner_), allowed);
  ExpectExtensions(conn, true);
  ExpectExtensions(listener, true);
  ExpectExtensions(packets, true);
  EXPECT_EQ(Extension<ReadCloser>(conn)->CloseRead(),
            absl::UnknownError("close read"));
}

TEST_F(ForwardingTest, TheProbeSeesBlockedCalls) {
  ForwardingConn conn(std::make_unique<InnerConn>(inner_));
  std::thread reader([&] {
    ExpectClosed(conn.Read(absl::MakeSpan(buffer_)).status(), "read inner");
  });
  inner_->AwaitBlocked(1);
  EXPECT_EQ(Extension<BlockedProbe>(conn)->BlockedCalls(Direction::kRead), 1);
  EXPECT_EQ(conn.Close(), absl::OkStatus());
  reader.join();
}

}  // namespace
}  // namespace plumb
