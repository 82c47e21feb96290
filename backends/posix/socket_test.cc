#include "backends/posix/socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <fstream>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "backends/posix/open_descriptors_for_test.h"
#include "gtest/gtest.h"
#include "transport/addr.h"
#include "transport/ip_addr.h"

namespace plumb {
namespace {

Descriptor Stream() { return *MakeSocket(AF_INET, SOCK_STREAM, 0); }

SockAddr Loopback() {
  return *SockAddr::Ip({IpAddr::LoopbackV4(), 0}, AF_INET);
}

TEST(Socket, IsCloseOnExecAndNonBlockingFromTheStart) {
  const Descriptor fd = Stream();
  EXPECT_EQ(fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  EXPECT_EQ(fcntl(fd.get(), F_GETFL) & O_NONBLOCK, O_NONBLOCK);
}

TEST(Socket, UnknownFamily) {
  const absl::Status status = MakeSocket(AF_MAX, SOCK_STREAM, 0).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(status.message(),
            "socket: address family not supported by protocol");
}

TEST(Socket, BindListenAndNames) {
  const Descriptor fd = Stream();
  ASSERT_TRUE(BindSocket(fd.get(), Loopback()).ok());
  ASSERT_TRUE(ListenSocket(fd.get(), 1).ok());
  const Addr name = SocketName(fd.get())->ToAddr("tcp");
  EXPECT_EQ(name.ip(), IpAddr::LoopbackV4());
  EXPECT_NE(name.port(), 0);
}

TEST(Socket, AddressInUse) {
  const OpenDescriptors before;
  {
    const Descriptor first = Stream();
    ASSERT_TRUE(BindSocket(first.get(), Loopback()).ok());
    const Descriptor second = Stream();
    const absl::Status status =
        BindSocket(second.get(), *SocketName(first.get()));
    EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
    EXPECT_EQ(status.message(), "bind: address already in use");
  }
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST(Socket, WithoutPeer) {
  const Descriptor fd = Stream();
  const absl::Status name = PeerName(fd.get()).status();
  EXPECT_EQ(name.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(name.message(), "getpeername: transport endpoint is not connected");
  EXPECT_EQ(ShutdownSocket(fd.get(), SHUT_WR).message(),
            "shutdown: transport endpoint is not connected");
}

TEST(Socket, Options) {
  const Descriptor fd = Stream();
  ASSERT_TRUE(SetIntOption(fd.get(), SOL_SOCKET, SO_KEEPALIVE, 1).ok());
  EXPECT_EQ(*GetIntOption(fd.get(), SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(SetIntOption(fd.get(), SOL_SOCKET, 9999, 1).message(),
            "setsockopt: protocol not available");
  EXPECT_EQ(GetIntOption(fd.get(), SOL_SOCKET, 9999).status().message(),
            "getsockopt: protocol not available");
}

TEST(Socket, Linger) {
  const Descriptor fd = Stream();
  linger value = {};
  socklen_t size = sizeof value;
  auto get = [&] {
    getsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &value, &size);
  };
  ASSERT_TRUE(SetLingerOption(fd.get(), absl::Milliseconds(1500)).ok());
  get();
  EXPECT_EQ(value.l_onoff, 1);
  EXPECT_EQ(value.l_linger, 2);
  ASSERT_TRUE(SetLingerOption(fd.get(), absl::ZeroDuration()).ok());
  get();
  EXPECT_EQ(value.l_onoff, 1);
  EXPECT_EQ(value.l_linger, 0);
  ASSERT_TRUE(SetLingerOption(fd.get(), absl::Seconds(-1)).ok());
  get();
  EXPECT_EQ(value.l_onoff, 0);
}

TEST(Socket, BacklogIsTheSystems) {
  std::ifstream file("/proc/sys/net/core/somaxconn");
  int backlog = 0;
  file >> backlog;
  EXPECT_EQ(MaxBacklog(), backlog);
}

}  // namespace
}  // namespace plumb
