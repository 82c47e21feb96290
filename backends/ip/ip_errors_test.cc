#include <cerrno>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "backends/ip/ip_fixture_for_test.h"
#include "backends/ip/private_network_for_test.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "testing/no_descriptors_for_test.h"
#include "transport/addr.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/ip_addr.h"
#include "transport/options.h"
#include "transport/packet_conn.h"
#include "transport/transport.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

TEST_F(IpTest, WhatItCannotDo) {
  ExpectError(ip_->Listen("ip4:icmp", "127.0.0.1").status(),
              Code::kUnimplemented,
              "listen ip4:icmp 127.0.0.1: address 127.0.0.1: unexpected "
              "address type");
  const auto conn = Dial(kNetwork, "127.0.0.2", "127.0.0.3");
  ExpectError(conn->CloseWrite(), Code::kUnimplemented,
              "close ip4:253 127.0.0.3->127.0.0.2: CloseWrite not supported");
  DialOptions options;
  options.no_delay = true;
  ExpectError(ip_->Dial(kNetwork, "127.0.0.1", options).status(),
              Code::kUnimplemented,
              "dial ip4:253: option no_delay not supported");
  ListenOptions listen;
  listen.reuse_port = true;
  ExpectError(ip_->ListenPacket(kNetwork, "127.0.0.1", listen).status(),
              Code::kUnimplemented,
              "listen ip4:253: option reuse_port not supported");
}

TEST_F(IpTest, BadInput) {
  const struct {
    const char* network;
    const char* address;
    Code code;
    const char* cause;  // after "dial NETWORK: " and "listen NETWORK: "
  } kCases[] = {
      {"ip", "127.0.0.1", Code::kInvalidArgument, "unknown network ip"},
      {"ip4", "127.0.0.1", Code::kInvalidArgument, "unknown network ip4"},
      {"ip5:icmp", "127.0.0.1", Code::kInvalidArgument,
       "unknown network ip5:icmp"},
      {"ip:icmp2", "127.0.0.1", Code::kInvalidArgument,
       "address icmp2: unknown IP protocol specified"},
      {"ip:256", "127.0.0.1", Code::kInvalidArgument,
       "address 256: unknown IP protocol specified"},
      {"ip:", "127.0.0.1", Code::kInvalidArgument,
       "unknown IP protocol specified"},
      {"ip4:icmp", "::1", Code::kInvalidArgument,
       "address ::1: no suitable address found"},
      {"ip6:58", "127.0.0.1", Code::kInvalidArgument,
       "address 127.0.0.1: no suitable address found"},
      {"ip4:icmp", "127.0.0.01", Code::kNotFound,
       "lookup 127.0.0.01: no such host"},
  };
  for (const auto& c : kCases) {
    const std::string where = absl::StrCat(c.network, ": ", c.cause);
    SCOPED_TRACE(where);
    ExpectError(ip_->Dial(c.network, c.address).status(), c.code,
                absl::StrCat("dial ", where));
    ExpectError(ip_->ListenPacket(c.network, c.address).status(), c.code,
                absl::StrCat("listen ", where));
  }
  ExpectError(ip_->Dial("ip4:icmp", "").status(), Code::kInvalidArgument,
              "dial ip4:icmp: missing address");
  ExpectError(ip_->ListenPacket("ip4:icmp", "192.0.2.1").status(),
              Code::kInvalidArgument,
              "listen ip4:icmp 192.0.2.1: bind: cannot assign requested "
              "address");
  const auto packets = Packets(kNetwork, "127.0.0.2");
  ExpectError(packets->WriteTo("x", Addr::RawIp(IpAddr::LoopbackV6())),
              Code::kInvalidArgument,
              "write ip4:253 127.0.0.2->::1: address ::1: non-IPv4 address");
}

TEST_F(IpTest, WithoutTheRight) {
  std::thread powerless([this] {
    DropCapabilities();
    absl::Status status = ip_->ListenPacket("ip4:icmp", "127.0.0.1").status();
    ExpectError(status, Code::kPermissionDenied,
                "listen ip4:icmp 127.0.0.1: socket: operation not permitted");
    EXPECT_EQ(GetErrorInfo(status)->detail,
              "raw IP needs the capability CAP_NET_RAW: run as root, or "
              "\"setcap cap_net_raw+ep PROGRAM\"");
    EXPECT_EQ(GetErrorInfo(status)->errno_value, EPERM);
    status = ip_->Dial("ip6:58", "::1").status();
    ExpectError(status, Code::kPermissionDenied,
                "dial ip6:58 ::1: socket: operation not permitted");
    EXPECT_EQ(GetErrorInfo(status)->detail,
              "raw IP needs the capability CAP_NET_RAW: run as root, or "
              "\"setcap cap_net_raw+ep PROGRAM\"");
    EXPECT_EQ(GetErrorInfo(status)->errno_value, EPERM);
  });
  powerless.join();
}

TEST_F(IpTest, OutOfDescriptors) {
  absl::Status dial, listen;
  {
    const NoDescriptors none;
    dial = ip_->Dial("ip4:253", "127.0.0.2").status();
    listen = ip_->ListenPacket("ip6:253", "::1").status();
  }
  ExpectError(dial, Code::kResourceExhausted,
              "dial ip4:253 127.0.0.2: socket: too many open files");
  ExpectError(listen, Code::kResourceExhausted,
              "listen ip6:253 ::1: socket: too many open files");
  EXPECT_EQ(GetErrorInfo(listen)->errno_value, EMFILE);
}

}  // namespace
}  // namespace plumb
