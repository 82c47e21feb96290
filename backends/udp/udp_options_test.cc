#include <sys/socket.h>

#include "absl/status/status.h"
#include "backends/posix/socket.h"
#include "backends/udp/udp_fixture_for_test.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/options.h"
#include "transport/transport.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

TEST_F(UdpTest, ReusePort) {
  ListenOptions options;
  options.reuse_port = true;
  const auto first = udp_->ListenPacket("udp", "127.0.0.1:0", options);
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(
      udp_->ListenPacket("udp", (*first)->LocalAddr().ToString(), options)
          .ok());
}

TEST_F(UdpTest, Buffers) {
  DialOptions dial;
  dial.send_buffer = 10000;
  dial.receive_buffer = 20000;
  const auto conn = udp_->Dial("udp", "127.0.0.1:9", dial);
  ASSERT_TRUE(conn.ok());
  const int fd = Extension<NativeHandle>(**conn)->Descriptor();
  // socket(7): the kernel doubles them.
  EXPECT_EQ(*GetIntOption(fd, SOL_SOCKET, SO_SNDBUF), 20000);
  EXPECT_EQ(*GetIntOption(fd, SOL_SOCKET, SO_RCVBUF), 40000);
  ListenOptions listen;
  listen.receive_buffer = 30000;
  const auto packets = udp_->ListenPacket("udp", "127.0.0.1:0", listen);
  ASSERT_TRUE(packets.ok());
  EXPECT_EQ(*GetIntOption(Extension<NativeHandle>(**packets)->Descriptor(),
                          SOL_SOCKET, SO_RCVBUF),
            60000);
}

TEST_F(UdpTest, OptionsThatItDoesNotHonour) {
  DialOptions dial;
  dial.no_delay = true;
  ExpectError(udp_->Dial("udp", "127.0.0.1:9", dial).status(),
              Code::kUnimplemented, "dial udp: option no_delay not supported");
  ListenOptions listen;
  listen.keep_alive = KeepAlive();
  ExpectError(udp_->Listen("udp", "127.0.0.1:0", listen).status(),
              Code::kUnimplemented,
              "listen udp: option keep_alive not supported");
  listen = ListenOptions();
  listen.backlog = 1;
  ExpectError(udp_->ListenPacket("udp", "127.0.0.1:0", listen).status(),
              Code::kUnimplemented, "listen udp: option backlog not supported");
}

}  // namespace
}  // namespace plumb
