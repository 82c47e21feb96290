#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "backends/posix/descriptor.h"
#include "backends/posix/sockaddr.h"
#include "backends/posix/socket.h"
#include "backends/tcp/tcp_fixture_for_test.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "transport/conn.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/options.h"
#include "transport/transport.h"
#include "transport/udp_options.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

// S-SO-04.
TEST_F(TcpTest, BuffersAndLingerAreTheSystems) {
  const Descriptor listener = *MakeSocket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(listen(listener.get(), 1), 0);
  const SockAddr where = *SocketName(listener.get());
  const Descriptor dialled = *MakeSocket(AF_INET, SOCK_STREAM, 0);
  // So that they wait for each other.
  for (const Descriptor* socket : {&listener, &dialled}) {
    ASSERT_EQ(fcntl(socket->get(), F_SETFL, 0), 0);
  }
  ASSERT_EQ(connect(dialled.get(), where.get(), where.size()), 0);
  const Descriptor accepted(accept(listener.get(), nullptr, nullptr));
  ASSERT_TRUE(accepted.is_open());
  Ends ends = Connect();
  for (const int option : {SO_SNDBUF, SO_RCVBUF, SO_LINGER}) {
    EXPECT_EQ(Option(*ends.client, SOL_SOCKET, option),
              *GetIntOption(dialled.get(), SOL_SOCKET, option));
    EXPECT_EQ(Option(*ends.server, SOL_SOCKET, option),
              *GetIntOption(accepted.get(), SOL_SOCKET, option));
  }
}

// S-SO-03.
TEST_F(TcpTest, OptionsOfDialAndListen) {
  DialOptions dial;
  dial.no_delay = false;
  dial.keep_alive.emplace();
  dial.keep_alive->idle = absl::Milliseconds(2500);
  dial.keep_alive->interval = absl::Seconds(4);
  dial.keep_alive->count = 5;
  dial.send_buffer = 20000;
  dial.receive_buffer = 30000;
  ListenOptions listen;
  listen.no_delay = false;
  listen.keep_alive.emplace();
  listen.keep_alive->enable = false;
  listen.send_buffer = 40000;
  Ends ends = Connect(dial, listen);
  EXPECT_EQ(Option(*ends.client, IPPROTO_TCP, TCP_NODELAY), 0);
  EXPECT_EQ(Option(*ends.client, IPPROTO_TCP, TCP_KEEPIDLE), 3);
  EXPECT_EQ(Option(*ends.client, IPPROTO_TCP, TCP_KEEPINTVL), 4);
  EXPECT_EQ(Option(*ends.client, IPPROTO_TCP, TCP_KEEPCNT), 5);
  EXPECT_EQ(Option(*ends.client, SOL_SOCKET, SO_SNDBUF), 40000);
  EXPECT_EQ(Option(*ends.client, SOL_SOCKET, SO_RCVBUF), 60000);
  EXPECT_EQ(Option(*ends.server, IPPROTO_TCP, TCP_NODELAY), 0);
  EXPECT_EQ(Option(*ends.server, SOL_SOCKET, SO_KEEPALIVE), 0);
  EXPECT_EQ(Option(*ends.server, SOL_SOCKET, SO_SNDBUF), 80000);
}

TEST_F(TcpTest, ControlsOfAConnection) {
  Ends ends = Connect();
  auto* control = Extension<TcpControl>(*ends.client);
  ASSERT_NE(control, nullptr);
  EXPECT_TRUE(control->SetNoDelay(false).ok());
  EXPECT_EQ(Option(*ends.client, IPPROTO_TCP, TCP_NODELAY), 0);
  KeepAlive keep_alive;
  keep_alive.idle = absl::Seconds(7);
  EXPECT_TRUE(control->SetKeepAlive(keep_alive).ok());
  EXPECT_EQ(Option(*ends.client, IPPROTO_TCP, TCP_KEEPIDLE), 7);
  const std::string names = EndsOf(*ends.client);
  keep_alive.idle = absl::ZeroDuration();
  ExpectError(
      control->SetKeepAlive(keep_alive), Code::kInvalidArgument,
      absl::StrCat("set tcp ", names, ": setsockopt: invalid argument"));
  EXPECT_TRUE(ends.client->Close().ok());
  ExpectError(
      control->SetNoDelay(true), Code::kCancelled,
      absl::StrCat("set tcp ", names, ": use of closed network connection"));
}

TEST_F(TcpTest, OptionsThatAreNotHonoured) {
  DialOptions dial;
  dial.extras.Set(UdpListenOptions());
  ExpectError(tcp_->Dial("tcp", "127.0.0.1:1", dial).status(),
              Code::kUnimplemented,
              "dial tcp: option udp_listen not supported");
  ListenOptions listen;
  listen.extras.Set(UdpListenOptions());
  ExpectError(tcp_->Listen("tcp", ":0", listen).status(), Code::kUnimplemented,
              "listen tcp: option udp_listen not supported");
}

}  // namespace
}  // namespace plumb
