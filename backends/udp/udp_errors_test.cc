#include "absl/status/status.h"
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
