#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "backends/udp/udp_fixture_for_test.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "testing/no_descriptors_for_test.h"
#include "transport/error.h"
#include "transport/options.h"
#include "transport/scope.h"
#include "transport/transport.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

TEST_F(UdpTest, DialEndsInTime) {
  DialOptions options;
  options.timeout = absl::ZeroDuration();
  ExpectError(udp_->Dial("udp", "127.0.0.1:9", options).status(),
              Code::kDeadlineExceeded, "dial udp 127.0.0.1:9: i/o timeout");
  CancelScope scope;
  scope.Cancel();
  const absl::Status status = udp_->Dial("udp", "127.0.0.1:9").status();
  ExpectError(status, Code::kCancelled,
              "dial udp 127.0.0.1:9: operation was canceled");
  EXPECT_TRUE(IsCancelledCall(status));
}

TEST_F(UdpTest, BadInputToDial) {
  const struct {
    const char* network;
    const char* address;
    Code code;
    const char* text;
  } kCases[] = {
      {"udp", "", Code::kInvalidArgument, "dial udp: missing address"},
      {"udp7", "127.0.0.1:9", Code::kInvalidArgument,
       "dial udp7: unknown network udp7"},
      {"udp", "127.0.0.1", Code::kInvalidArgument,
       "dial udp: address 127.0.0.1: missing port in address"},
      {"udp", "1:2:3", Code::kInvalidArgument,
       "dial udp: address 1:2:3: too many colons in address"},
      {"udp", "127.0.0.1:99999", Code::kInvalidArgument,
       "dial udp: address 99999: invalid port"},
      {"udp", "127.0.0.1:-1", Code::kInvalidArgument,
       "dial udp: address -1: invalid port"},
      {"udp", "127.0.0.1:nosuchsvc", Code::kNotFound,
       "dial udp: lookup udp/nosuchsvc: unknown port"},
      {"udp4", "[::1]:9", Code::kInvalidArgument,
       "dial udp4: address ::1: no suitable address found"},
      {"udp6", "127.0.0.1:9", Code::kInvalidArgument,
       "dial udp6: address 127.0.0.1: no suitable address found"},
      {"udp", "127.0.0.01:9", Code::kNotFound,
       "dial udp: lookup 127.0.0.01: no such host"},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(absl::StrCat(c.network, " ", c.address));
    ExpectError(udp_->Dial(c.network, c.address).status(), c.code, c.text);
  }
}

TEST_F(UdpTest, BadInputToListen) {
  const struct {
    const char* network;
    const char* address;
    Code code;
    const char* text;
  } kCases[] = {
      {"udp7", "127.0.0.1:9", Code::kInvalidArgument,
       "listen udp7: unknown network udp7"},
      {"udp", "127.0.0.1", Code::kInvalidArgument,
       "listen udp: address 127.0.0.1: missing port in address"},
      {"udp", "127.0.0.1:65536", Code::kInvalidArgument,
       "listen udp: address 65536: invalid port"},
      {"udp4", "[::1]:0", Code::kInvalidArgument,
       "listen udp4: address ::1: no suitable address found"},
      {"udp", "127.0.0.01:0", Code::kNotFound,
       "listen udp: lookup 127.0.0.01: no such host"},
      {"udp", "192.0.2.1:0", Code::kInvalidArgument,
       "listen udp 192.0.2.1:0: bind: cannot assign requested address"},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(absl::StrCat(c.network, " ", c.address));
    ExpectError(udp_->ListenPacket(c.network, c.address).status(), c.code,
                c.text);
    ExpectError(udp_->Listen(c.network, c.address).status(), c.code, c.text);
  }
}

TEST_F(UdpTest, OutOfDescriptors) {
  absl::Status dial, listen, listen_packet;
  {
    const NoDescriptors none;
    dial = udp_->Dial("udp", "127.0.0.1:9").status();
    listen = udp_->Listen("udp", "127.0.0.1:0").status();
    listen_packet = udp_->ListenPacket("udp", "127.0.0.1:0").status();
  }
  constexpr Code kCode = Code::kResourceExhausted;
  constexpr char kListen[] =
      "listen udp 127.0.0.1:0: socket: too many open files";
  ExpectError(dial, kCode, "dial udp 127.0.0.1:9: socket: too many open files");
  ExpectError(listen, kCode, kListen);
  ExpectError(listen_packet, kCode, kListen);
}

}  // namespace
}  // namespace plumb
