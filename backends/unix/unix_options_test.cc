#include <sys/socket.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "backends/posix/socket.h"
#include "backends/unix/unix_fixture_for_test.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "transport/conn.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/listener.h"
#include "transport/options.h"
#include "transport/transport.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

TEST_F(UnixTest, OptionsThatAreNotHonoured) {
  DialOptions dial;
  dial.no_delay = true;
  ExpectError(unix_->Dial("unix", "@x", dial).status(), Code::kUnimplemented,
              "dial unix: option no_delay not supported");
  ListenOptions listen;
  listen.reuse_port = true;
  ExpectError(unix_->Listen("unix", "@x", listen).status(),
              Code::kUnimplemented,
              "listen unix: option reuse_port not supported");
  ListenOptions packets;
  packets.backlog = 1;
  ExpectError(unix_->ListenPacket("unixgram", "@x", packets).status(),
              Code::kUnimplemented,
              "listen unixgram: option backlog not supported");
}

TEST_F(UnixTest, TheReceiveBufferIsNotHonoured) {
  DialOptions dial;
  dial.receive_buffer = 10000;
  ListenOptions listen;
  listen.receive_buffer = 10000;
  for (const char* network : {"unix", "unixpacket"}) {
    ExpectError(unix_->Dial(network, "@x", dial).status(), Code::kUnimplemented,
                absl::StrCat("dial ", network,
                             ": option receive_buffer not supported"));
    ExpectError(unix_->Listen(network, "@x", listen).status(),
                Code::kUnimplemented,
                absl::StrCat("listen ", network,
                             ": option receive_buffer not supported"));
  }
  ExpectError(unix_->ListenPacket("unixgram", "@x", listen).status(),
              Code::kUnimplemented,
              "listen unixgram: option receive_buffer not supported");
  auto packets = *unix_->ListenPacket("unixgram", Path("s"));
  ExpectError(
      Extension<BufferControl>(*packets)->SetReadBuffer(10000),
      Code::kUnimplemented,
      absl::StrCat("set unixgram ", Path("s"), ": read buffer not supported"));
}

int SendBufferOf(Conn& conn) {
  return *GetIntOption(Extension<NativeHandle>(conn)->Descriptor(), SOL_SOCKET,
                       SO_SNDBUF);
}

TEST_F(UnixTest, SendBufferOfBothEnds) {
  ListenOptions listen;
  listen.send_buffer = 20000;
  DialOptions dial;
  dial.send_buffer = 10000;
  for (const char* network : {"unix", "unixpacket"}) {
    auto listener = *unix_->Listen(network, Path("s"), listen);
    auto client = *unix_->Dial(network, Path("s"), dial);
    EXPECT_EQ(SendBufferOf(*client), 20000);
    EXPECT_EQ(SendBufferOf(**listener->Accept()), 40000);
    ASSERT_TRUE(
        Extension<BufferControl>(*listener)->SetWriteBuffer(15000).ok());
    client = *unix_->Dial(network, Path("s"));
    EXPECT_EQ(SendBufferOf(**listener->Accept()), 30000);
  }
}

}  // namespace
}  // namespace plumb
