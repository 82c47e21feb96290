#include "backends/posix/packet_socket.h"

#include <sys/socket.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/posix/socket.h"
#include "gtest/gtest.h"
#include "transport/clock.h"
#include "transport/error.h"
#include "transport/ip_addr.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

class PacketSocketTest : public testing::Test {
 protected:
  static std::unique_ptr<PacketSocket> Open() {
    Descriptor fd = *MakeSocket(AF_INET, SOCK_DGRAM, 0);
    EXPECT_TRUE(
        BindSocket(fd.get(), *SockAddr::Ip({IpAddr::LoopbackV4(), 0}, AF_INET))
            .ok());
    auto names = std::make_shared<CallNames>();
    names->network = "udp";
    names->source = SocketName(fd.get())->ToAddr("udp");
    return std::make_unique<PacketSocket>(
        Clock::Real(), std::move(fd), std::move(names),
        PacketSocketKind{"udp", AF_INET, 65507});
  }

  void ExpectWrite(const Addr& to, absl::string_view data, Code code,
                   const std::string& text) {
    const absl::Status status = a_->WriteTo(data, to);
    EXPECT_EQ(status.code(), code);
    EXPECT_EQ(status.message(),
              "write udp " + a_->LocalAddr().ToString() + text);
  }

  const std::unique_ptr<PacketSocket> a_ = Open();
  const std::unique_ptr<PacketSocket> b_ = Open();
  char buffer_[64];
};

TEST_F(PacketSocketTest, OneDatagram) {
  ASSERT_TRUE(a_->WriteTo("hi", b_->LocalAddr()).ok());
  const Received got = *b_->ReadFrom(absl::MakeSpan(buffer_));
  EXPECT_EQ(absl::string_view(buffer_, got.size), "hi");
  EXPECT_EQ(got.from, a_->LocalAddr());
  EXPECT_FALSE(got.truncated());
}

TEST_F(PacketSocketTest, CutDatagramSaysSo) {
  ASSERT_TRUE(a_->WriteTo("abcdef", b_->LocalAddr()).ok());
  const Received got = *b_->ReadFrom(absl::MakeSpan(buffer_, 4));
  EXPECT_TRUE(got.truncated());
  EXPECT_EQ(got.size, 4u);
  EXPECT_EQ(got.full_size, 6u);
}

// S-UD-05.
TEST_F(PacketSocketTest, EmptyBufferTakesADatagram) {
  ASSERT_TRUE(a_->WriteTo("a", b_->LocalAddr()).ok());
  ASSERT_TRUE(a_->WriteTo("b", b_->LocalAddr()).ok());
  EXPECT_EQ(b_->ReadFrom({})->full_size, 1u);
  ASSERT_TRUE(b_->ReadFrom(absl::MakeSpan(buffer_)).ok());
  EXPECT_EQ(buffer_[0], 'b');
}

TEST_F(PacketSocketTest, Batches) {
  const std::vector<OutPacket> out = {{"one", b_->LocalAddr()},
                                      {"two", b_->LocalAddr()},
                                      {"", b_->LocalAddr()}};
  EXPECT_EQ(*a_->WriteBatch(out), 3u);
  char buffers[8][8];
  std::vector<InPacket> in(8);
  for (size_t i = 0; i < in.size(); ++i) {
    in[i].buffer = absl::MakeSpan(buffers[i]);
  }
  EXPECT_EQ(*b_->ReadBatch(absl::MakeSpan(in)), 3u);
  EXPECT_EQ(absl::string_view(buffers[1], in[1].received.size), "two");
  EXPECT_EQ(in[2].received.full_size, 0u);
  EXPECT_EQ(in[2].received.from, a_->LocalAddr());
}

TEST_F(PacketSocketTest, NoPackets) {
  EXPECT_EQ(*a_->ReadBatch({}), 0u);
  EXPECT_EQ(*a_->WriteBatch({}), 0u);
  EXPECT_TRUE(a_->Close().ok());
  EXPECT_TRUE(IsClosed(a_->ReadBatch({}).status()));
  EXPECT_TRUE(IsClosed(a_->WriteBatch({}).status()));
}

TEST_F(PacketSocketTest, BatchStopsBeforeABadAddress) {
  const std::vector<OutPacket> out = {
      {"one", b_->LocalAddr()}, {"two", Addr()}, {"three", b_->LocalAddr()}};
  EXPECT_EQ(*a_->WriteBatch(out), 1u);
  const absl::Status status =
      a_->WriteBatch(absl::MakeConstSpan(out).subspan(1)).status();
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "write udp " + a_->LocalAddr().ToString() + ": missing address");
}

TEST_F(PacketSocketTest, BadDestinations) {
  ExpectWrite(Addr(), "x", Code::kInvalidArgument, ": missing address");
  ExpectWrite(Addr::Udp(IpAddr::LoopbackV6(), 9), "x", Code::kInvalidArgument,
              "->[::1]:9: address ::1: non-IPv4 address");
  ExpectWrite(Addr::Tcp(IpAddr::LoopbackV4(), 9), "x", Code::kInvalidArgument,
              "->127.0.0.1:9: invalid argument");
  ExpectWrite(Addr::Tcp(IpAddr(), 0), "x", Code::kInvalidArgument,
              "->:0: invalid argument");
  ExpectWrite(Addr::Udp(IpAddr(), 0), "x", Code::kInvalidArgument,
              "->:0: sendto: invalid argument");
  ExpectWrite(Addr::Named("unixgram", "@x"), "x", Code::kInvalidArgument,
              "->@x: invalid argument");
  ExpectWrite(b_->LocalAddr(), std::string(65508, 'x'), Code::kInvalidArgument,
              "->" + b_->LocalAddr().ToString() + ": sendto: message too long");
}

TEST_F(PacketSocketTest, TimeoutNamesWhereItWasGoing) {
  ASSERT_TRUE(a_->SetDeadline(absl::InfinitePast()).ok());
  ExpectWrite(b_->LocalAddr(), "x", Code::kDeadlineExceeded,
              "->" + b_->LocalAddr().ToString() + ": i/o timeout");
  const absl::Status read = a_->ReadFrom(absl::MakeSpan(buffer_)).status();
  EXPECT_EQ(read.code(), Code::kDeadlineExceeded);
  EXPECT_EQ(read.message(),
            "read udp " + a_->LocalAddr().ToString() + ": i/o timeout");
}

TEST_F(PacketSocketTest, AfterClose) {
  EXPECT_TRUE(a_->Close().ok());
  const absl::Status again = a_->Close();
  EXPECT_EQ(again.code(), Code::kCancelled);
  EXPECT_EQ(again.message(), "close udp " + a_->LocalAddr().ToString() +
                                 ": use of closed network connection");
  EXPECT_TRUE(IsClosed(a_->ReadFrom(absl::MakeSpan(buffer_)).status()));
  EXPECT_TRUE(IsClosed(a_->WriteTo("x", b_->LocalAddr())));
  EXPECT_TRUE(IsClosed(a_->SetDeadline(absl::InfiniteFuture())));
}

}  // namespace
}  // namespace plumb
