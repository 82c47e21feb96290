// What tcp and udp can be asked for in a network of one's own alone: ports that
// are forbidden, and link-local addresses.
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "backends/ip/private_network_for_test.h"
#include "backends/posix/open_descriptors_for_test.h"
#include "backends/tcp/tcp.h"
#include "backends/udp/udp.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "transport/addr.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/listener.h"
#include "transport/options.h"
#include "transport/packet_conn.h"
#include "transport/transport.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

class PrivateNetworkTest : public testing::Test {
 protected:
  ~PrivateNetworkTest() override { EXPECT_EQ(OpenDescriptors(), before_); }

  const OpenDescriptors before_;
  const std::shared_ptr<Transport> tcp_ = MakeTcp();
  const std::shared_ptr<Transport> udp_ = MakeUdp();
  char buffer_[16];
};

TEST_F(PrivateNetworkTest, LowPortsAreForThePrivileged) {
  DialOptions from_a_low_port;
  from_a_low_port.local_address = "127.0.0.1:80";
  EXPECT_TRUE(tcp_->Listen("tcp", "127.0.0.1:80").ok());
  EXPECT_TRUE(udp_->ListenPacket("udp", "127.0.0.1:80").ok());
  std::thread powerless([&] {
    DropCapabilities();
    constexpr char kBind[] = "127.0.0.1:80: bind: permission denied";
    constexpr char kDial[] =
        "127.0.0.1:80->127.0.0.1:90: bind: permission denied";
    const absl::Status status = tcp_->Listen("tcp", "127.0.0.1:80").status();
    ExpectError(status, Code::kPermissionDenied,
                absl::StrCat("listen tcp ", kBind));
    EXPECT_EQ(GetErrorInfo(status)->errno_value, EACCES);
    ExpectError(tcp_->Dial("tcp", "127.0.0.1:90", from_a_low_port).status(),
                Code::kPermissionDenied, absl::StrCat("dial tcp ", kDial));
    ExpectError(udp_->Listen("udp", "127.0.0.1:80").status(),
                Code::kPermissionDenied, absl::StrCat("listen udp ", kBind));
    ExpectError(udp_->ListenPacket("udp", "127.0.0.1:80").status(),
                Code::kPermissionDenied, absl::StrCat("listen udp ", kBind));
    ExpectError(udp_->Dial("udp", "127.0.0.1:90", from_a_low_port).status(),
                Code::kPermissionDenied, absl::StrCat("dial udp ", kDial));
  });
  powerless.join();
}

class ZoneTest : public PrivateNetworkTest {
 protected:
  ZoneTest() { EXPECT_TRUE(AddLoopbackAddress("fe80::1")); }
};

TEST_F(ZoneTest, Tcp) {
  // By the interface's number, too.
  for (const char* host : {"fe80::1%lo", "fe80::1%1"}) {
    auto listener = *tcp_->Listen("tcp", absl::StrCat("[", host, "]:0"));
    const std::string port = absl::StrCat(listener->Address().port());
    const std::string address = absl::StrCat("[fe80::1%lo]:", port);
    EXPECT_EQ(listener->Address().ToString(), address);
    DialOptions options;
    options.local_address = absl::StrCat("[", host, "]:0");
    auto client =
        *tcp_->Dial("tcp", absl::StrCat("[", host, "]:", port), options);
    auto server = *listener->Accept();
    EXPECT_EQ(client->RemoteAddr().ToString(), address);
    EXPECT_EQ(server->LocalAddr().ToString(), address);
    EXPECT_EQ(server->RemoteAddr(), client->LocalAddr());
    EXPECT_EQ(client->LocalAddr().ip().ToString(), "fe80::1%lo");
    ASSERT_TRUE(client->Write("x").ok());
    EXPECT_EQ(*server->Read(absl::MakeSpan(buffer_)), 1u);
  }
}

TEST_F(ZoneTest, Udp) {
  auto packets = *udp_->ListenPacket("udp", "[fe80::1%lo]:0");
  const std::string port = absl::StrCat(packets->LocalAddr().port());
  EXPECT_EQ(packets->LocalAddr().ToString(),
            absl::StrCat("[fe80::1%lo]:", port));
  auto conn = *udp_->Dial("udp", absl::StrCat("[fe80::1%lo]:", port));
  EXPECT_EQ(conn->RemoteAddr(), packets->LocalAddr());
  ASSERT_TRUE(conn->Write("there").ok());
  const absl::StatusOr<Received> got =
      packets->ReadFrom(absl::MakeSpan(buffer_));
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->from, conn->LocalAddr());
  ASSERT_TRUE(packets->WriteTo("back", got->from).ok());
  EXPECT_EQ(*conn->Read(absl::MakeSpan(buffer_)), 4u);
}

TEST_F(ZoneTest, UdpListener) {
  auto listener = *udp_->Listen("udp", "[fe80::1%lo]:0");
  auto client = *udp_->Dial("udp", listener->Address().ToString());
  ASSERT_TRUE(client->Write("there").ok());
  auto server = *listener->Accept();
  EXPECT_EQ(server->RemoteAddr(), client->LocalAddr());
  EXPECT_EQ(*server->Read(absl::MakeSpan(buffer_)), 5u);
  ASSERT_TRUE(server->Write("back").ok());
  EXPECT_EQ(*client->Read(absl::MakeSpan(buffer_)), 4u);
}

TEST_F(ZoneTest, ALinkLocalAddressNeedsOne) {
  for (const char* network : {"tcp", "udp"}) {
    Transport& transport = network == std::string("tcp") ? *tcp_ : *udp_;
    ExpectError(transport.Dial(network, "[fe80::1]:90").status(),
                Code::kInvalidArgument,
                absl::StrCat("dial ", network,
                             " [fe80::1]:90: connect: invalid argument"));
    ExpectError(transport.Listen(network, "[fe80::1]:0").status(),
                Code::kInvalidArgument,
                absl::StrCat("listen ", network,
                             " [fe80::1]:0: bind: invalid argument"));
    ExpectError(
        transport.Dial(network, "[fe80::1%nope]:90").status(), Code::kNotFound,
        absl::StrCat("dial ", network,
                     ": address fe80::1%nope: no such network interface"));
  }
}

}  // namespace
}  // namespace plumb
