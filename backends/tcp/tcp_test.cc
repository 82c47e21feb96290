#include "backends/tcp/tcp.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/tcp/tcp_fixture_for_test.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "testing/no_descriptors_for_test.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/listener.h"
#include "transport/registry.h"
#include "transport/transport.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

TEST_F(TcpTest, Register) {
  Registry registry;
  ASSERT_TRUE(RegisterTcp(registry).ok());
  EXPECT_EQ(registry.Names(),
            (std::vector<std::string>{"tcp", "tcp4", "tcp6"}));
  ExpectError(RegisterTcp(registry), Code::kAlreadyExists,
              "register tcp: network already registered");
}

// S-SO-01, S-AC-03.
TEST_F(TcpTest, DefaultsAreGos) {
  Ends ends = Connect();
  for (Conn* conn : {ends.client.get(), ends.server.get()}) {
    EXPECT_EQ(Option(*conn, IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(Option(*conn, SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(Option(*conn, IPPROTO_TCP, TCP_KEEPIDLE), 15);
    EXPECT_EQ(Option(*conn, IPPROTO_TCP, TCP_KEEPINTVL), 15);
    EXPECT_EQ(Option(*conn, IPPROTO_TCP, TCP_KEEPCNT), 9);
    const int fd = Extension<NativeHandle>(*conn)->Descriptor();
    EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  }
}

TEST_F(TcpTest, AWriteIsToldOfTheReset) {
  Ends ends = Connect();
  auto* control = Extension<TcpControl>(*ends.client);
  ASSERT_TRUE(control->SetLinger(absl::ZeroDuration()).ok());
  EXPECT_TRUE(ends.client->Close().ok());
  ASSERT_TRUE(ends.server->WaitReadable().ok());
  const absl::Status status = ends.server->Write("x");
  ExpectError(status, Code::kUnavailable,
              absl::StrCat("write tcp ", EndsOf(*ends.server),
                           ": write: connection reset by peer"));
  EXPECT_TRUE(IsReset(status));
}

TEST_F(TcpTest, ZeroLingerResets) {
  Ends ends = Connect();
  auto* control = Extension<TcpControl>(*ends.client);
  ASSERT_TRUE(control->SetLinger(absl::ZeroDuration()).ok());
  EXPECT_TRUE(ends.client->Close().ok());
  const absl::Status status =
      ends.server->Read(absl::MakeSpan(buffer_)).status();
  ExpectError(status, Code::kUnavailable,
              absl::StrCat("read tcp ", EndsOf(*ends.server),
                           ": read: connection reset by peer"));
  EXPECT_TRUE(IsReset(status));
  // S-HC-02.
  ExpectError(ends.server->CloseWrite(), Code::kFailedPrecondition,
              absl::StrCat("close tcp ", EndsOf(*ends.server),
                           ": shutdown: transport endpoint is not connected"));
}

TEST_F(TcpTest, NoPacketConns) {
  const absl::Status status = tcp_->ListenPacket("tcp", "127.0.0.1:0").status();
  ExpectError(status, Code::kUnimplemented,
              "listen tcp 127.0.0.1:0: address 127.0.0.1:0: unexpected address "
              "type");
  EXPECT_TRUE(IsUnsupported(status));
}

TEST_F(TcpTest, OutOfDescriptors) {
  auto listener = *tcp_->Listen("tcp", "127.0.0.1:0");
  const std::string address = listener->Address().ToString();
  absl::Status dial, listen;
  {
    const NoDescriptors none;
    dial = tcp_->Dial("tcp", address).status();
    listen = tcp_->Listen("tcp", "127.0.0.1:0").status();
  }
  ExpectError(
      dial, Code::kResourceExhausted,
      absl::StrCat("dial tcp ", address, ": socket: too many open files"));
  ExpectError(listen, Code::kResourceExhausted,
              "listen tcp 127.0.0.1:0: socket: too many open files");
}

TEST_F(TcpTest, ErrorsSayTheNetworkAsItWasGiven) {
  auto listener = *tcp_->Listen("tcp4", "127.0.0.1:0");
  auto conn = *tcp_->Dial("tcp4", listener->Address().ToString());
  ASSERT_TRUE(conn->Close().ok());
  ExpectError(conn->Close(), Code::kCancelled,
              absl::StrCat("close tcp4 ", EndsOf(*conn),
                           ": use of closed network connection"));
}

}  // namespace
}  // namespace plumb
