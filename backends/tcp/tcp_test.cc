#include "backends/tcp/tcp.h"

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/posix/descriptor.h"
#include "backends/posix/open_descriptors_for_test.h"
#include "backends/posix/sockaddr.h"
#include "backends/posix/socket.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "testing/no_descriptors_for_test.h"
#include "testing/wait_until_blocked.h"
#include "transport/conn.h"
#include "transport/direction.h"
#include "transport/error.h"
#include "transport/extensions.h"
#include "transport/listener.h"
#include "transport/options.h"
#include "transport/scope.h"
#include "transport/transport.h"
#include "transport/udp_options.h"

namespace {

std::atomic<int> connects{0};
std::atomic<bool> connect_to_itself{false};
std::atomic<bool> no_port_left{false};
std::atomic<bool> no_eventfd{false};
std::atomic<int> eventfds{0};

}  // namespace

// In place of the C library's.
extern "C" int connect(int fd, const sockaddr* address, socklen_t size) {
  ++connects;
  if (no_port_left) {
    errno = EADDRNOTAVAIL;
    return -1;
  }
  if (connect_to_itself) {
    // As when the kernel chooses the very port that is dialled. Nothing of it
    // waits in the kernel after its end.
    const linger now = {1, 0};
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, address, size) != 0) return -1;
  }
  return static_cast<int>(syscall(SYS_connect, fd, address, size));
}

extern "C" int eventfd(unsigned count, int flags) noexcept {
  ++eventfds;
  if (no_eventfd) {
    errno = EMFILE;
    return -1;
  }
  return static_cast<int>(syscall(SYS_eventfd2, count, flags));
}

namespace plumb {
namespace {

using Code = absl::StatusCode;

class TcpTest : public testing::Test {
 protected:
  ~TcpTest() override { EXPECT_EQ(OpenDescriptors(), before_); }

  // Both ends of a new connection.
  struct Ends {
    std::unique_ptr<Conn> client;
    std::unique_ptr<Conn> server;
  };
  Ends Connect(const DialOptions& dial = DialOptions(),
               const ListenOptions& listen = ListenOptions()) {
    auto listener = *tcp_->Listen("tcp", "127.0.0.1:0", listen);
    Ends ends;
    ends.client = *tcp_->Dial("tcp", listener->Address().ToString(), dial);
    ends.server = *listener->Accept();
    return ends;
  }

  // An address where nobody listens.
  std::string ClosedAddress() {
    return (*tcp_->Listen("tcp", "127.0.0.1:0"))->Address().ToString();
  }

  static int Option(Conn& conn, int level, int name) {
    const int fd = Extension<NativeHandle>(conn)->Descriptor();
    return *GetIntOption(fd, level, name);
  }

  const OpenDescriptors before_;
  const std::shared_ptr<Transport> tcp_ = MakeTcp();
  char buffer_[64];
};

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

// S-LN-01, S-LN-02, S-AD-04.
TEST_F(TcpTest, WhereItListens) {
  const struct {
    const char* network;
    const char* address;
    const char* host;
  } kCases[] = {
      {"tcp", "", "[::]:"},
      {"tcp", ":0", "[::]:"},
      {"tcp", "0.0.0.0:0", "[::]:"},
      {"tcp", "[::]:0", "[::]:"},
      {"tcp4", ":0", "0.0.0.0:"},
      {"tcp6", ":0", "[::]:"},
      {"tcp", "[::1]:0", "[::1]:"},
      {"tcp", "127.0.0.1:0", "127.0.0.1:"},
      {"tcp", "localhost:0", "127.0.0.1:"},
      {"tcp", "[::ffff:127.0.0.1]:0", "127.0.0.1:"},
  };
  for (const auto& c : kCases) {
    auto listener = *tcp_->Listen(c.network, c.address);
    const Addr address = listener->Address();
    EXPECT_EQ(address.ToString(), absl::StrCat(c.host, address.port()));
    EXPECT_EQ(address.network(), "tcp");
    EXPECT_NE(address.port(), 0);
  }
}

TEST_F(TcpTest, WildcardTakesBothFamilies) {
  auto listener = *tcp_->Listen("tcp", ":0");
  const std::string port = absl::StrCat(listener->Address().port());
  for (const char* host : {"127.0.0.1", "[::1]", "", "localhost", "[::]"}) {
    auto client = *tcp_->Dial("tcp", absl::StrCat(host, ":", port));
    auto server = *listener->Accept();
    EXPECT_EQ(server->RemoteAddr(), client->LocalAddr()) << host;
    EXPECT_EQ(server->LocalAddr(), client->RemoteAddr()) << host;
    EXPECT_FALSE(server->RemoteAddr().ip().is_v4_mapped()) << host;
  }
}

// S-LN-03.
TEST_F(TcpTest, SecondListenerOnThePort) {
  const struct {
    const char* network1;
    const char* host1;
    const char* network2;
    const char* host2;
    bool ok;
  } kCases[] = {
      {"tcp", "", "tcp", "", false},
      {"tcp", "", "tcp", "0.0.0.0", false},
      {"tcp", "0.0.0.0", "tcp", "", false},
      {"tcp", "", "tcp", "[::]", false},
      {"tcp", "[::]", "tcp", "", false},
      {"tcp", "0.0.0.0", "tcp", "[::]", false},
      {"tcp", "[::]", "tcp", "0.0.0.0", false},
      {"tcp", "[::ffff:0.0.0.0]", "tcp", "[::]", false},
      {"tcp", "[::]", "tcp", "[::ffff:0.0.0.0]", false},
      {"tcp4", "", "tcp6", "", true},
      {"tcp6", "", "tcp4", "", true},
      {"tcp4", "0.0.0.0", "tcp6", "[::]", true},
      {"tcp6", "[::]", "tcp4", "0.0.0.0", true},
      {"tcp", "127.0.0.1", "tcp", "[::1]", true},
      {"tcp", "[::1]", "tcp", "127.0.0.1", true},
      {"tcp4", "127.0.0.1", "tcp6", "[::1]", true},
      {"tcp6", "[::1]", "tcp4", "127.0.0.1", true},
  };
  for (const auto& c : kCases) {
    auto first = *tcp_->Listen(c.network1, absl::StrCat(c.host1, ":0"));
    const std::string address =
        absl::StrCat(c.host2, ":", first->Address().port());
    const absl::Status status = tcp_->Listen(c.network2, address).status();
    EXPECT_EQ(status.ok(), c.ok) << c.host1 << " " << c.host2;
    EXPECT_EQ(IsAddressInUse(status), !c.ok) << status;
  }
}

TEST_F(TcpTest, AddressInUse) {
  auto listener = *tcp_->Listen("tcp", "127.0.0.1:0");
  const std::string address = listener->Address().ToString();
  ExpectError(
      tcp_->Listen("tcp", address).status(), Code::kAlreadyExists,
      absl::StrCat("listen tcp ", address, ": bind: address already in use"));
  EXPECT_TRUE(listener->Close().ok());
  EXPECT_TRUE(tcp_->Listen("tcp", address).ok());
}

TEST_F(TcpTest, ReusePort) {
  ListenOptions options;
  options.reuse_port = true;
  auto first = *tcp_->Listen("tcp", "127.0.0.1:0", options);
  EXPECT_TRUE(tcp_->Listen("tcp", first->Address().ToString(), options).ok());
}

// V-8, S-DI-13.
TEST_F(TcpTest, LocalAddress) {
  auto v4 = *tcp_->Listen("tcp4", "127.0.0.1:0");
  auto v6 = *tcp_->Listen("tcp6", "[::1]:0");
  const std::string to4 = v4->Address().ToString();
  const std::string to6 = v6->Address().ToString();
  const struct {
    const char* network;
    const std::string& to;
    const char* local;
    std::string error;
  } kCases[] = {
      {"tcp", to4, "127.0.0.1:0", ""},
      {"tcp", to4, ":0", ""},
      {"tcp", to4, "0.0.0.0:0", ""},
      {"tcp", to4, "[::]:0", ""},
      {"tcp4", to4, "0.0.0.0:0", ""},
      {"tcp", to6, "[::1]:0", ""},
      {"tcp", to6, "0.0.0.0:0", ""},
      {"tcp6", to6, "0.0.0.0:0", ""},
      {"tcp6", to6, "[::]:0", ""},
      {"tcp4", to4, "[::]:0",
       absl::StrCat("dial tcp4 [::]:0->", to4,
                    ": address ::: non-IPv4 address")},
      {"tcp", to4, "[::1]:0",
       "dial tcp: address [::1]:0: no suitable address found"},
      {"tcp", to6, "127.0.0.1:0",
       "dial tcp: address 127.0.0.1:0: no suitable address found"},
      {"tcp", to4, "127.0.0.1",
       "dial tcp: address 127.0.0.1: missing port in address"},
      {"tcp", to4, "192.0.2.1:0",
       absl::StrCat("dial tcp 192.0.2.1:0->", to4,
                    ": bind: cannot assign requested address")},
  };
  for (const auto& c : kCases) {
    DialOptions options;
    options.local_address = c.local;
    const auto conn = tcp_->Dial(c.network, c.to, options);
    if (c.error.empty()) {
      EXPECT_TRUE(conn.ok()) << c.local << " " << conn.status();
    } else {
      ExpectError(conn.status(), Code::kInvalidArgument, c.error);
    }
  }
}

TEST_F(TcpTest, LocalPort) {
  const std::string local = ClosedAddress();
  auto listener = *tcp_->Listen("tcp", "127.0.0.1:0");
  DialOptions options;
  options.local_address = local;
  auto conn = *tcp_->Dial("tcp", listener->Address().ToString(), options);
  EXPECT_EQ(conn->LocalAddr().ToString(), local);
}

TEST_F(TcpTest, BadAddressesOfDial) {
  const struct {
    const char* network;
    const char* address;
    Code code;
    const char* text;
  } kCases[] = {
      {"foo", "127.0.0.1:1", Code::kInvalidArgument,
       "dial foo: unknown network foo"},
      {"tcp", "", Code::kInvalidArgument, "dial tcp: missing address"},
      {"tcp", "127.0.0.1", Code::kInvalidArgument,
       "dial tcp: address 127.0.0.1: missing port in address"},
      {"tcp", "1:2:3", Code::kInvalidArgument,
       "dial tcp: address 1:2:3: too many colons in address"},
      {"tcp", ":99999", Code::kInvalidArgument,
       "dial tcp: address 99999: invalid port"},
      {"tcp", ":-1", Code::kInvalidArgument,
       "dial tcp: address -1: invalid port"},
      {"tcp", ":nosuchsvc", Code::kNotFound,
       "dial tcp: lookup tcp/nosuchsvc: unknown port"},
      {"tcp4", "[::1]:1", Code::kInvalidArgument,
       "dial tcp4: address ::1: no suitable address found"},
      {"tcp6", "127.0.0.1:1", Code::kInvalidArgument,
       "dial tcp6: address 127.0.0.1: no suitable address found"},
      {"tcp", "127.0.0.01:1", Code::kNotFound,
       "dial tcp: lookup 127.0.0.01: no such host"},
  };
  for (const auto& c : kCases) {
    ExpectError(tcp_->Dial(c.network, c.address).status(), c.code, c.text);
  }
}

TEST_F(TcpTest, BadAddressesOfListen) {
  const struct {
    const char* network;
    const char* address;
    Code code;
    const char* text;
  } kCases[] = {
      {"foo", ":0", Code::kInvalidArgument, "listen foo: unknown network foo"},
      {"tcp", ":99999", Code::kInvalidArgument,
       "listen tcp: address 99999: invalid port"},
      {"tcp", "127.0.0.1", Code::kInvalidArgument,
       "listen tcp: address 127.0.0.1: missing port in address"},
      {"tcp", "1:2:3", Code::kInvalidArgument,
       "listen tcp: address 1:2:3: too many colons in address"},
      {"tcp", ":nosuchsvc", Code::kNotFound,
       "listen tcp: lookup tcp/nosuchsvc: unknown port"},
      {"tcp4", "[::1]:0", Code::kInvalidArgument,
       "listen tcp4: address ::1: no suitable address found"},
      {"tcp", "192.0.2.1:0", Code::kInvalidArgument,
       "listen tcp 192.0.2.1:0: bind: cannot assign requested address"},
      {"tcp", "127.0.0.01:0", Code::kNotFound,
       "listen tcp: lookup 127.0.0.01: no such host"},
  };
  for (const auto& c : kCases) {
    ExpectError(tcp_->Listen(c.network, c.address).status(), c.code, c.text);
  }
}

TEST_F(TcpTest, NoPacketConns) {
  const absl::Status status = tcp_->ListenPacket("tcp", "127.0.0.1:0").status();
  ExpectError(status, Code::kUnimplemented,
              "listen tcp 127.0.0.1:0: address 127.0.0.1:0: unexpected address "
              "type");
  EXPECT_TRUE(IsUnsupported(status));
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

TEST_F(TcpTest, Refused) {
  const std::string address = ClosedAddress();
  const absl::Status status = tcp_->Dial("tcp", address).status();
  ExpectError(
      status, Code::kUnavailable,
      absl::StrCat("dial tcp ", address, ": connect: connection refused"));
  EXPECT_TRUE(IsRefused(status));
}

// S-DI-03, S-DI-15.
TEST_F(TcpTest, SeveralAddressesInTurn) {
  auto listener = *tcp_->Listen("tcp4", "127.0.0.1:0");
  const std::string address = absl::StrCat("[::]:", listener->Address().port());
  EXPECT_TRUE(tcp_->Dial("tcp", address).ok());
  EXPECT_TRUE(listener->Close().ok());
  ExpectError(
      tcp_->Dial("tcp", address).status(), Code::kUnavailable,
      absl::StrCat("dial tcp ", address, ": connect: connection refused"));
}

TEST_F(TcpTest, TimeThatHasPassed) {
  auto listener = *tcp_->Listen("tcp", "127.0.0.1:0");
  const std::string address = listener->Address().ToString();
  DialOptions options;
  options.timeout = absl::Seconds(-1);
  const absl::Status status = tcp_->Dial("tcp", address, options).status();
  ExpectError(status, Code::kDeadlineExceeded,
              absl::StrCat("dial tcp ", address, ": i/o timeout"));
  EXPECT_TRUE(IsTimeout(status));
  options.timeout = absl::InfiniteDuration();
  options.deadline = absl::InfinitePast();
  ExpectError(tcp_->Dial("tcp", address, options).status(),
              Code::kDeadlineExceeded,
              absl::StrCat("dial tcp ", address, ": i/o timeout"));
}

// A listener whose queue is full does not answer.
class HangingTcpTest : public TcpTest {
 protected:
  HangingTcpTest() {
    ListenOptions options;
    options.backlog = 1;
    listener_ = *tcp_->Listen("tcp", "127.0.0.1:0", options);
    address_ = listener_->Address().ToString();
    // The kernel queues one more than it is asked for.
    for (int j = 0; j < 2; ++j) {
      queued_.push_back(*tcp_->Dial("tcp", address_));
    }
  }
  ~HangingTcpTest() override {
    queued_.clear();
    listener_.reset();
  }

  std::unique_ptr<Listener> listener_;
  std::string address_;
  std::vector<std::unique_ptr<Conn>> queued_;
};

TEST_F(HangingTcpTest, TimeoutEndsDial) {
  DialOptions options;
  options.timeout = absl::Milliseconds(20);
  ExpectError(tcp_->Dial("tcp", address_, options).status(),
              Code::kDeadlineExceeded,
              absl::StrCat("dial tcp ", address_, ": i/o timeout"));
}

TEST_F(HangingTcpTest, ScopesEndDial) {
  {
    const DeadlineScope limit(absl::Milliseconds(20));
    ExpectError(tcp_->Dial("tcp", address_).status(), Code::kDeadlineExceeded,
                absl::StrCat("dial tcp ", address_, ": i/o timeout"));
  }
  CancelSource stop;
  std::thread stopper([&stop] { stop.Cancel(); });
  const CancelScope scope(stop);
  const absl::Status status = tcp_->Dial("tcp", address_).status();
  stopper.join();
  ExpectError(status, Code::kCancelled,
              absl::StrCat("dial tcp ", address_, ": operation was canceled"));
  EXPECT_TRUE(IsCancelledCall(status));
}

// S-CL-08.
TEST_F(HangingTcpTest, ClosingTheListenerResetsTheQueue) {
  EXPECT_TRUE(listener_->Close().ok());
  EXPECT_TRUE(IsReset(queued_[0]->Read(absl::MakeSpan(buffer_)).status()));
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

TEST_F(TcpTest, NegativeBacklogIsTheSystemsLimit) {
  ListenOptions options;
  options.backlog = -1;
  EXPECT_TRUE(tcp_->Listen("tcp", "127.0.0.1:0", options).ok());
}

TEST_F(TcpTest, ErrorsSayTheNetworkAsItWasGiven) {
  auto listener = *tcp_->Listen("tcp4", "127.0.0.1:0");
  auto conn = *tcp_->Dial("tcp4", listener->Address().ToString());
  ASSERT_TRUE(conn->Close().ok());
  ExpectError(conn->Close(), Code::kCancelled,
              absl::StrCat("close tcp4 ", EndsOf(*conn),
                           ": use of closed network connection"));
}

// S-LN-05.
TEST_F(TcpTest, TheQueueIsAsLongAsTheSystemAllowsUnlessToldOtherwise) {
  ListenOptions shorter;
  shorter.backlog = 7;
  struct {
    ListenOptions options;
    int backlog;
  } const kCases[] = {{ListenOptions(), MaxBacklog()}, {shorter, 7}};
  for (const auto& c : kCases) {
    auto listener = *tcp_->Listen("tcp", "127.0.0.1:0", c.options);
    tcp_info info = {};
    socklen_t size = sizeof info;
    ASSERT_EQ(getsockopt(Extension<NativeHandle>(*listener)->Descriptor(),
                         IPPROTO_TCP, TCP_INFO, &info, &size),
              0);
    // Of one that listens it is the length of the queue.
    EXPECT_EQ(info.tcpi_sacked, c.backlog);
  }
}

// S-DI-12.
TEST_F(TcpTest, AConnectionToItselfIsTriedAgainTwiceAndThenRefused) {
  const std::string address = ClosedAddress();
  connects = 0;
  connect_to_itself = true;
  const absl::Status status = tcp_->Dial("tcp", address).status();
  connect_to_itself = false;
  ExpectError(
      status, Code::kUnavailable,
      absl::StrCat("dial tcp ", address, ": connect: connection refused"));
  EXPECT_TRUE(IsRefused(status));
  EXPECT_EQ(connects, 3);
}

// S-DI-12.
TEST_F(TcpTest, WithoutAFreePortItIsTriedAgainTwice) {
  const std::string address = ClosedAddress();
  DialOptions fixed, any;
  fixed.local_address = ClosedAddress();
  any.local_address = "127.0.0.1:0";
  const struct {
    DialOptions options;
    std::string names;
    int tries;
  } kCases[] = {
      {DialOptions(), address, 3},
      {any, absl::StrCat("127.0.0.1:0->", address), 3},
      {fixed, absl::StrCat(*fixed.local_address, "->", address), 1},
  };
  for (const auto& c : kCases) {
    connects = 0;
    no_port_left = true;
    const absl::Status status = tcp_->Dial("tcp", address, c.options).status();
    no_port_left = false;
    ExpectError(status, CodeForErrno("connect", EADDRNOTAVAIL),
                absl::StrCat("dial tcp ", c.names,
                             ": connect: cannot assign requested address"));
    EXPECT_EQ(connects, c.tries);
  }
}

// A thread that can have no descriptor to be woken by waits all the same, and
// looks around by itself (transport/thread_waiter.h).
TEST_F(TcpTest, EachEndOfAWaitWithoutAnEventfd) {
  Ends ends = Connect();
  CancelSource stop;
  const auto read_while = [&](const std::function<void()>& act) {
    eventfds = 0;
    no_eventfd = true;
    absl::StatusOr<size_t> read;
    std::thread reader([&] {
      const CancelScope scope(stop);
      read = ends.client->Read(absl::MakeSpan(buffer_));
    });
    EXPECT_TRUE(WaitUntilBlocked(*ends.client, 1, Direction::kRead));
    act();
    reader.join();
    no_eventfd = false;
    EXPECT_GT(eventfds, 0);
    return read;
  };
  EXPECT_EQ(*read_while([&] { EXPECT_TRUE(ends.server->Write("x").ok()); }),
            1u);
  EXPECT_TRUE(IsTimeout(
      read_while([&] {
        EXPECT_TRUE(ends.client->SetReadDeadline(absl::UnixEpoch()).ok());
      }).status()));
  EXPECT_TRUE(ends.client->SetReadDeadline(absl::InfiniteFuture()).ok());
  EXPECT_TRUE(IsClosed(
      read_while([&] { EXPECT_TRUE(ends.client->Close().ok()); }).status()));
  ends = Connect();
  EXPECT_TRUE(IsCancelledCall(read_while([&] { stop.Cancel(); }).status()));
}

// Of a network of our own: its only port for clients becomes `port`.
bool SetOnlyPort(int port) {
  const Descriptor fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = {};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP;
  if (ioctl(fd.get(), SIOCSIFFLAGS, &request) != 0) return false;
  std::ofstream range("/proc/sys/net/ipv4/ip_local_port_range");
  range << port << " " << port << std::endl;
  return range.good();
}

// S-DI-12.
TEST_F(TcpTest, ConnectionToItselfIsNone) {
  // Not fork(2) and unshare(2), which fails when a sanitizer has a thread.
  const auto child = static_cast<pid_t>(
      syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNET | SIGCHLD, nullptr,
              nullptr, nullptr, nullptr));
  if (child == 0) {
    if (!SetOnlyPort(40000)) _exit(2);
    const absl::Status status =
        MakeTcp()->Dial("tcp", "127.0.0.1:40000").status();
    // Refused, or no port left while the kernel remembers the first try.
    _exit(status.code() == Code::kUnavailable ? 0 : 1);
  }
  int result = 0;
  ASSERT_EQ(waitpid(child, &result, 0), child);
  EXPECT_EQ(WEXITSTATUS(result), 0);
}

}  // namespace
}  // namespace plumb
