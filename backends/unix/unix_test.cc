#include "backends/unix/unix.h"

#include <dirent.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
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
#include "backends/ip/private_network_for_test.h"
#include "backends/posix/descriptor.h"
#include "backends/posix/open_descriptors_for_test.h"
#include "backends/posix/socket.h"
#include "gtest/gtest.h"
#include "testing/executor.h"
#include "testing/expect_error_for_test.h"
#include "testing/fiber_executor.h"
#include "testing/no_descriptors_for_test.h"
#include "testing/temp_directory.h"
#include "testing/wait_until_blocked.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/extensions.h"
#include "transport/listener.h"
#include "transport/manual_clock.h"
#include "transport/options.h"
#include "transport/packet_conn.h"
#include "transport/registry.h"
#include "transport/scope.h"
#include "transport/transport.h"
#include "transport/unix_options.h"

namespace {

std::atomic<int> connects{0};
std::atomic<int> sends{0};
// Called between the bind(2) of a file and what follows, and before a
// listen(2).
std::function<void()> after_bind, before_listen;

void Call(const std::function<void()>& hook) {
  if (hook != nullptr) hook();
}

}  // namespace

// In place of the C library's, so that a test can count them.
extern "C" int connect(int fd, const sockaddr* address, socklen_t size) {
  ++connects;
  return static_cast<int>(syscall(SYS_connect, fd, address, size));
}
extern "C" int bind(int fd, const sockaddr* address, socklen_t size) noexcept {
  const auto result = static_cast<int>(syscall(SYS_bind, fd, address, size));
  Call(after_bind);
  return result;
}
extern "C" int listen(int fd, int backlog) noexcept {
  Call(before_listen);
  return static_cast<int>(syscall(SYS_listen, fd, backlog));
}
extern "C" ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  ++sends;
  return syscall(SYS_sendmsg, fd, message, flags);
}

namespace plumb {
namespace {

using Code = absl::StatusCode;

class UnixTest : public testing::Test {
 protected:
  ~UnixTest() override { EXPECT_EQ(OpenDescriptors(), before_); }

  std::string Path(const std::string& name) const {
    return absl::StrCat(directory_.path(), "/", name);
  }

  std::vector<std::string> Files() const {
    std::vector<std::string> files;
    DIR* const dir = opendir(directory_.path().c_str());
    while (const dirent* entry = readdir(dir)) {
      if (entry->d_name[0] != '.') files.push_back(entry->d_name);
    }
    closedir(dir);
    return files;
  }

  static ListenOptions With(UnixListenOptions unix_options) {
    ListenOptions options;
    options.extras.Set(std::move(unix_options));
    return options;
  }

  static uint32_t ModeOf(const std::string& path) {
    struct stat info = {};
    EXPECT_EQ(lstat(path.c_str(), &info), 0);
    return info.st_mode & 07777;
  }

  // A socket file that nobody listens on.
  void LeaveStaleSocket(const std::string& network, const std::string& path) {
    UnixListenOptions stay;
    stay.unlink_on_close = false;
    if (network == "unixgram") {
      ASSERT_TRUE(unix_->ListenPacket(network, path, With(stay)).ok());
    } else {
      ASSERT_TRUE(unix_->Listen(network, path, With(stay)).ok());
    }
  }

  const OpenDescriptors before_;
  const TempDirectory directory_;
  const std::shared_ptr<Transport> unix_ = MakeUnix();
  char buffer_[64];
};

TEST_F(UnixTest, Register) {
  Registry registry;
  ASSERT_TRUE(RegisterUnix(registry).ok());
  EXPECT_EQ(registry.Names(),
            (std::vector<std::string>{"unix", "unixgram", "unixpacket"}));
}

// S-AD-06.
TEST_F(UnixTest, AddressesOfAConnection) {
  for (const char* network : {"unix", "unixpacket"}) {
    const std::string path = Path("s");
    auto listener = *unix_->Listen(network, path);
    EXPECT_EQ(listener->Address(), Addr::Named(network, path));
    auto client = *unix_->Dial(network, path);
    auto server = *listener->Accept();
    EXPECT_EQ(client->LocalAddr(), Addr::Unnamed(network));
    EXPECT_EQ(client->RemoteAddr(), Addr::Named(network, path));
    EXPECT_EQ(server->LocalAddr(), Addr::Named(network, path));
    EXPECT_EQ(server->RemoteAddr(), Addr::Unnamed(network));
    EXPECT_TRUE(server->Close().ok());
    ExpectError(server->Write("x"), Code::kCancelled,
                absl::StrCat("write ", network, " ", path,
                             "->@: use of closed network connection"));
  }
}

TEST_F(UnixTest, DialFromAPath) {
  auto listener = *unix_->Listen("unix", Path("s"));
  DialOptions options;
  options.local_address = Path("c");
  auto client = *unix_->Dial("unix", Path("s"), options);
  auto server = *listener->Accept();
  EXPECT_EQ(server->RemoteAddr().ToString(), Path("c"));
  EXPECT_EQ(client->LocalAddr().ToString(), Path("c"));
}

// F-121.
TEST_F(UnixTest, AbstractNames) {
  const std::string name = absl::StrCat("@unix_test.", getpid());
  auto listener = *unix_->Listen("unix", name);
  EXPECT_EQ(listener->Address().ToString(), name);
  EXPECT_TRUE(unix_->Dial("unix", name).ok());
  ExpectError(
      unix_->Listen("unix", name).status(), Code::kAlreadyExists,
      absl::StrCat("listen unix ", name, ": bind: address already in use"));
  EXPECT_TRUE(listener->Close().ok());
  ExpectError(
      unix_->Dial("unix", name).status(), Code::kUnavailable,
      absl::StrCat("dial unix ", name, ": connect: connection refused"));
}

// F-122.
TEST_F(UnixTest, Autobind) {
  auto listener = *unix_->Listen("unix", "");
  const std::string name = listener->Address().ToString();
  EXPECT_EQ(name.size(), 6u);
  EXPECT_EQ(name[0], '@');
  EXPECT_TRUE(unix_->Dial("unix", name).ok());
}

TEST_F(UnixTest, AbstractNameWithANulIsOneName) {
  const std::string name =
      absl::StrCat("@unix_test.", getpid(), std::string("\0x", 2));
  auto listener = *unix_->Listen("unix", name);
  EXPECT_EQ(listener->Address().name(), name);
  EXPECT_TRUE(unix_->Dial("unix", listener->Address().ToString()).ok());
}

// S-UX-10, F-128.
TEST_F(UnixTest, CloseRemovesTheFile) {
  for (const char* network : {"unix", "unixpacket"}) {
    auto listener = *unix_->Listen(network, Path("s"));
    EXPECT_EQ(Files(), std::vector<std::string>{"s"});
    EXPECT_TRUE(listener->Close().ok());
    EXPECT_EQ(Files(), std::vector<std::string>());
    // Not again what somebody else has put there.
    { const std::ofstream file(Path("s")); }
    EXPECT_TRUE(IsClosed(listener->Close()));
    listener.reset();
    EXPECT_EQ(Files(), std::vector<std::string>{"s"});
    unlink(Path("s").c_str());
  }
}

// S-UX-12: whatever is at the path by then.
TEST_F(UnixTest, TheFirstCloseRemovesWhatOthersHavePutThere) {
  for (const char* network : {"unix", "unixpacket"}) {
    auto listener = *unix_->Listen(network, Path("s"));
    ASSERT_EQ(unlink(Path("s").c_str()), 0);
    { const std::ofstream file(Path("s")); }
    EXPECT_TRUE(listener->Close().ok());
    EXPECT_EQ(Files(), std::vector<std::string>());
  }
}

TEST_F(UnixTest, CloseLeavesTheFileOnRequest) {
  LeaveStaleSocket("unix", Path("s"));
  EXPECT_EQ(Files(), std::vector<std::string>{"s"});
  ExpectError(
      unix_->Dial("unix", Path("s")).status(), Code::kUnavailable,
      absl::StrCat("dial unix ", Path("s"), ": connect: connection refused"));
}

// S-UX-11.
TEST_F(UnixTest, PacketConnLeavesItsFileUnlessAsked) {
  auto packets = *unix_->ListenPacket("unixgram", Path("s"));
  EXPECT_TRUE(packets->Close().ok());
  EXPECT_EQ(Files(), std::vector<std::string>{"s"});
  unlink(Path("s").c_str());
  UnixListenOptions remove;
  remove.unlink_on_close = true;
  packets = *unix_->ListenPacket("unixgram", Path("s"), With(remove));
  EXPECT_TRUE(packets->Close().ok());
  EXPECT_EQ(Files(), std::vector<std::string>());
}

// S-UX-02.
TEST_F(UnixTest, FileThatIsThereIsInUse) {
  LeaveStaleSocket("unix", Path("s"));
  const absl::Status status = unix_->Listen("unix", Path("s")).status();
  ExpectError(status, Code::kAlreadyExists,
              absl::StrCat("listen unix ", Path("s"),
                           ": bind: address already in use"));
  EXPECT_TRUE(IsAddressInUse(status));
}

TEST_F(UnixTest, StaleSocketIsReplacedOnRequest) {
  UnixListenOptions replace;
  replace.replace_stale = true;
  LeaveStaleSocket("unix", Path("s"));
  LeaveStaleSocket("unixgram", Path("g"));
  auto listener = *unix_->Listen("unix", Path("s"), With(replace));
  EXPECT_TRUE(unix_->Dial("unix", Path("s")).ok());
  EXPECT_TRUE(unix_->ListenPacket("unixgram", Path("g"), With(replace)).ok());
}

// One descriptor is left: none with which to see whether anybody listens.
TEST_F(UnixTest, WhatMayBeStaleIsNotReplacedWithoutALook) {
  UnixListenOptions replace;
  replace.replace_stale = true;
  LeaveStaleSocket("unix", Path("s"));
  const int next = MakeSocket(AF_UNIX, SOCK_STREAM, 0)->get();
  absl::Status status;
  {
    const NoDescriptors but_one(next + 1);
    status = unix_->Listen("unix", Path("s"), With(replace)).status();
  }
  ExpectError(
      status, Code::kResourceExhausted,
      absl::StrCat("listen unix ", Path("s"), ": socket: too many open files"));
  EXPECT_EQ(Files(), std::vector<std::string>{"s"});
}

TEST_F(UnixTest, WhatIsNotStaleIsNotReplaced) {
  UnixListenOptions replace;
  replace.replace_stale = true;
  auto listener = *unix_->Listen("unix", Path("live"));
  { const std::ofstream file(Path("file")); }
  for (const char* name : {"live", "file"}) {
    for (const char* network : {"unix", "unixpacket"}) {
      ExpectError(unix_->Listen(network, Path(name), With(replace)).status(),
                  Code::kAlreadyExists,
                  absl::StrCat("listen ", network, " ", Path(name),
                               ": bind: address already in use"));
    }
  }
  EXPECT_TRUE(unix_->Dial("unix", Path("live")).ok());
}

// S-UX-03.
TEST_F(UnixTest, ModeWhateverTheUmaskIs) {
  const mode_t old = umask(022);
  for (uint32_t mode : {0600u, 0666u, 0777u, 0770u}) {
    UnixListenOptions unix_options;
    unix_options.mode = mode;
    auto listener = *unix_->Listen("unix", Path("s"), With(unix_options));
    EXPECT_EQ(ModeOf(Path("s")), mode);
    unix_options.unlink_on_close = true;
    auto packets =
        *unix_->ListenPacket("unixgram", Path("g"), With(unix_options));
    EXPECT_EQ(ModeOf(Path("g")), mode);
  }
  auto listener = *unix_->Listen("unix", Path("s"));
  EXPECT_EQ(ModeOf(Path("s")), 0755u);
  umask(old);
}

TEST_F(UnixTest, TheModeIsNeverWiderAndWholeBeforeItListens) {
  const mode_t old = umask(027);
  uint32_t bound = 0, listening = 0;
  after_bind = [&] { bound = ModeOf(Path("s")); };
  before_listen = [&] { listening = ModeOf(Path("s")); };
  for (uint32_t mode : {0600u, 0666u, 0777u, 0705u}) {
    UnixListenOptions unix_options;
    unix_options.mode = mode;
    EXPECT_TRUE(unix_->Listen("unix", Path("s"), With(unix_options)).ok());
    EXPECT_EQ(bound, mode & ~027u);
    EXPECT_EQ(listening, mode);
  }
  after_bind = before_listen = nullptr;
  umask(old);
}

// Somebody else may write to the directory.
TEST_F(UnixTest, TheModeOfNoOtherFileIsChanged) {
  std::ofstream(Path("victim")) << "x";
  ASSERT_EQ(chmod(Path("victim").c_str(), 0600), 0);
  UnixListenOptions unix_options;
  unix_options.mode = 0777;
  const mode_t old = umask(022);
  for (const bool by_symlink : {false, true}) {
    after_bind = [&] {
      unlink(Path("s").c_str());
      if (by_symlink) {
        ASSERT_EQ(symlink("victim", Path("s").c_str()), 0);
      } else {
        ASSERT_EQ(link(Path("victim").c_str(), Path("s").c_str()), 0);
      }
    };
    ExpectError(unix_->Listen("unix", Path("s"), With(unix_options)).status(),
                Code::kInvalidArgument,
                absl::StrCat("listen unix ", Path("s"),
                             ": chmod: socket operation on non-socket"));
    EXPECT_EQ(ModeOf(Path("victim")), 0600u);
    // It is not ours to remove.
    EXPECT_EQ(unlink(Path("s").c_str()), 0);
  }
  after_bind = nullptr;
  umask(old);
}

TEST_F(UnixTest, PeerCredentials) {
  for (const char* network : {"unix", "unixpacket"}) {
    auto listener = *unix_->Listen(network, Path("s"));
    auto client = *unix_->Dial(network, Path("s"));
    auto server = *listener->Accept();
    for (Conn* conn : {client.get(), server.get()}) {
      auto* peer = Extension<PeerCredentials>(*conn);
      ASSERT_NE(peer, nullptr);
      const Credentials credentials = *peer->GetPeerCredentials();
      EXPECT_EQ(credentials.pid, getpid());
      EXPECT_EQ(credentials.uid, static_cast<int64_t>(geteuid()));
      EXPECT_EQ(credentials.gid, static_cast<int64_t>(getegid()));
    }
    EXPECT_TRUE(client->Close().ok());
    ExpectError(
        Extension<PeerCredentials>(*client)->GetPeerCredentials().status(),
        Code::kCancelled,
        absl::StrCat("get ", network, " @->", Path("s"),
                     ": use of closed network connection"));
  }
}

// S-UX-14.
TEST_F(UnixTest, DatagramsThereAndBack) {
  auto server = *unix_->ListenPacket("unixgram", Path("s"));
  DialOptions options;
  options.local_address = "";  // one that the kernel chooses
  auto client = *unix_->Dial("unixgram", Path("s"), options);
  ASSERT_TRUE(client->Write("ping").ok());
  const Received got = *server->ReadFrom(absl::MakeSpan(buffer_));
  EXPECT_EQ(got.size, 4u);
  EXPECT_EQ(got.from, client->LocalAddr());
  ASSERT_TRUE(server->WriteTo("pong", got.from).ok());
  EXPECT_EQ(*client->Read(absl::MakeSpan(buffer_)), 4u);
}

TEST_F(UnixTest, UnnamedSenderHasNoAddress) {
  auto server = *unix_->ListenPacket("unixgram", Path("s"));
  auto client = *unix_->Dial("unixgram", Path("s"));
  EXPECT_EQ(client->LocalAddr(), Addr::Unnamed("unixgram"));
  ASSERT_TRUE(client->Write("x").ok());
  EXPECT_FALSE(server->ReadFrom(absl::MakeSpan(buffer_))->from.has_value());
}

// S-UX-04, S-UD-06.
TEST_F(UnixTest, DatagramErrors) {
  auto packets = *unix_->ListenPacket("unixgram", Path("s"));
  const std::string self = absl::StrCat("write unixgram ", Path("s"));
  ExpectError(packets->WriteTo("x", Addr()), Code::kInvalidArgument,
              absl::StrCat(self, ": missing address"));
  ExpectError(
      packets->WriteTo("x", Addr::Named("unix", "@x")), Code::kInvalidArgument,
      absl::StrCat(self, "->@x: address family not supported by protocol"));
  ExpectError(packets->WriteTo("x", Addr::Named("unixgram", Path("none"))),
              Code::kNotFound,
              absl::StrCat(self, "->", Path("none"),
                           ": sendto: no such file or directory"));
  auto* traits = Extension<MessageTraits>(*packets);
  EXPECT_TRUE(traits->EmptyMessages());
  ExpectError(
      packets->WriteTo(std::string(traits->MaxMessageSize() + 1, 'x'),
                       packets->LocalAddr()),
      Code::kInvalidArgument,
      absl::StrCat(self, "->", Path("s"), ": sendto: message too long"));
  EXPECT_TRUE(packets
                  ->WriteTo(std::string(traits->MaxMessageSize(), 'x'),
                            packets->LocalAddr())
                  .ok());
}

// S-UX-09, S-EOF-04.
TEST_F(UnixTest, MessagesOfAConnection) {
  auto listener = *unix_->Listen("unixpacket", Path("s"));
  auto client = *unix_->Dial("unixpacket", Path("s"));
  auto server = *listener->Accept();
  ASSERT_TRUE(client->Write("one").ok());
  ASSERT_TRUE(client->Write("two").ok());
  EXPECT_EQ(*server->Read(absl::MakeSpan(buffer_)), 3u);
  ExpectError(server->Read(absl::MakeSpan(buffer_, 2)).status(),
              Code::kInvalidArgument,
              absl::StrCat("read unixpacket ", Path("s"),
                           "->@: read: message too long"));
  ASSERT_TRUE(client->CloseWrite().ok());
  EXPECT_TRUE(IsEof(server->Read(absl::MakeSpan(buffer_)).status()));
  ASSERT_TRUE(server->Write("still").ok());
  EXPECT_EQ(*client->Read(absl::MakeSpan(buffer_)), 5u);
}

TEST_F(UnixTest, DialErrors) {
  const std::string path = Path("s");
  auto packets = *unix_->ListenPacket("unixgram", path);
  const std::string too_long(108, 'x');
  const std::string abstract_too_long = "@" + too_long;
  const struct {
    const char* network;
    std::string address;
    Code code;
    std::string cause;
  } kCases[] = {
      {"unix", "/nonexistent.sock", Code::kNotFound,
       "connect: no such file or directory"},
      {"unix", path, Code::kInvalidArgument,
       "connect: protocol wrong type for socket"},
      {"unix", too_long, Code::kInvalidArgument, "connect: invalid argument"},
      {"unixgram", abstract_too_long, Code::kInvalidArgument,
       "connect: invalid argument"},
      {"unixgram", absl::StrCat(path, "/x"), Code::kInvalidArgument,
       "connect: not a directory"},
      {"unixpacket", directory_.path(), Code::kUnavailable,
       "connect: connection refused"},
  };
  for (const auto& c : kCases) {
    ExpectError(
        unix_->Dial(c.network, c.address).status(), c.code,
        absl::StrCat("dial ", c.network, " ", c.address, ": ", c.cause));
  }
  ExpectError(unix_->Dial("unix", "").status(), Code::kInvalidArgument,
              "dial unix: missing address");
  ExpectError(unix_->Dial("foo", path).status(), Code::kInvalidArgument,
              "dial foo: unknown network foo");
}

TEST_F(UnixTest, FailedDialLeavesNoFile) {
  DialOptions options;
  options.local_address = Path("c");
  ExpectError(unix_->Dial("unix", Path("none"), options).status(),
              Code::kNotFound,
              absl::StrCat("dial unix ", Path("c"), "->", Path("none"),
                           ": connect: no such file or directory"));
  EXPECT_EQ(Files(), std::vector<std::string>());
}

TEST_F(UnixTest, ListenErrors) {
  const std::string too_long(108, 'x');
  const struct {
    const char* network;
    std::string address;
    Code code;
    std::string cause;
  } kCases[] = {
      {"unix", "/nonexistent/dir/sock", Code::kNotFound,
       "bind: no such file or directory"},
      {"unixpacket", too_long, Code::kInvalidArgument,
       "bind: invalid argument"},
      {"unixgram", "@u", Code::kUnimplemented,
       "address @u: unexpected address type"},
  };
  for (const auto& c : kCases) {
    ExpectError(
        unix_->Listen(c.network, c.address).status(), c.code,
        absl::StrCat("listen ", c.network, " ", c.address, ": ", c.cause));
  }
  ExpectError(unix_->Listen("foo", "@x").status(), Code::kInvalidArgument,
              "listen foo: unknown network foo");
  ExpectError(unix_->ListenPacket("unix", "@x").status(), Code::kUnimplemented,
              "listen unix @x: address @x: unexpected address type");
  ExpectError(
      unix_->ListenPacket("unixgram", too_long).status(),
      Code::kInvalidArgument,
      absl::StrCat("listen unixgram ", too_long, ": bind: invalid argument"));
}

TEST_F(UnixTest, Permission) {
  UnixListenOptions forbidden;
  forbidden.mode = 0;
  auto stream = *unix_->Listen("unix", Path("unix"), With(forbidden));
  auto packet =
      *unix_->Listen("unixpacket", Path("unixpacket"), With(forbidden));
  auto datagram =
      *unix_->ListenPacket("unixgram", Path("unixgram"), With(forbidden));
  ASSERT_EQ(chmod(directory_.path().c_str(), 0500), 0);
  std::thread nobody([&] {
    // Among them is the one to pass over the modes of files.
    DropCapabilities();
    for (const std::string network : {"unix", "unixpacket", "unixgram"}) {
      ExpectError(unix_->Dial(network, Path(network)).status(),
                  Code::kPermissionDenied,
                  absl::StrCat("dial ", network, " ", Path(network),
                               ": connect: permission denied"));
      ExpectError(network == "unixgram"
                      ? unix_->ListenPacket(network, Path("x")).status()
                      : unix_->Listen(network, Path("x")).status(),
                  Code::kPermissionDenied,
                  absl::StrCat("listen ", network, " ", Path("x"),
                               ": bind: permission denied"));
    }
  });
  nobody.join();
  ASSERT_EQ(chmod(directory_.path().c_str(), 0700), 0);
}

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

TEST_F(UnixTest, OutOfDescriptors) {
  const char* const kNetworks[] = {"unix", "unixpacket", "unixgram"};
  std::vector<absl::Status> dials, listens;
  for (const char* network : kNetworks) {
    const NoDescriptors none;
    dials.push_back(unix_->Dial(network, Path("x")).status());
    listens.push_back(network == std::string("unixgram")
                          ? unix_->ListenPacket(network, Path("x")).status()
                          : unix_->Listen(network, Path("x")).status());
  }
  for (int i = 0; i < 3; ++i) {
    const std::string what = absl::StrCat(kNetworks[i], " ", Path("x"),
                                          ": socket: too many open files");
    ExpectError(dials[i], Code::kResourceExhausted,
                absl::StrCat("dial ", what));
    ExpectError(listens[i], Code::kResourceExhausted,
                absl::StrCat("listen ", what));
    EXPECT_EQ(GetErrorInfo(dials[i])->errno_value, EMFILE);
  }
  EXPECT_EQ(Files(), std::vector<std::string>());
}

// What the kernel answers with EAGAIN and then does not tell about: nobody may
// spin, on a thread nor on a fiber. Time stands still here but for the test's
// own steps.
class FullUnixTest
    : public UnixTest,
      public testing::WithParamInterface<std::unique_ptr<Executor> (*)()> {
 protected:
  static constexpr int kSteps = 5;
  // In kSteps of 50 ms there is room for six pauses of 1 to 32 ms, and after
  // them one for each step.
  static constexpr int kMaxTries = 6 + kSteps;

  // Moves the time until `done`; returns how often `count` went up.
  template <typename Done>
  int Advance(const std::atomic<int>& count, Done done) {
    const int first = count;
    for (int i = 0; i < kSteps && !done(); ++i) {
      // A pause that began only after the step would outlast it.
      while (clock_.alarm_count() == 0 && !done()) std::this_thread::yield();
      const int before = count;
      clock_.Advance(absl::Milliseconds(50));
      while (count == before && !done()) std::this_thread::yield();
    }
    return count - first;
  }

  const std::unique_ptr<Executor> executor_ = GetParam()();
  ManualClock clock_;
  const std::shared_ptr<Transport> slow_ = MakeUnix(clock_);
};

TEST_P(FullUnixTest, DialPausesWhileTheQueueIsFull) {
  ListenOptions options;
  options.backlog = 0;
  auto listener = *unix_->Listen("unix", Path("s"), options);
  auto first = *unix_->Dial("unix", Path("s"));
  std::atomic<bool> done{false};
  const int before = connects;
  absl::Status status;
  auto dialer = executor_->Go([&] {
    status = slow_->Dial("unix", Path("s")).status();
    done = true;
  });
  while (connects == before) std::this_thread::yield();
  EXPECT_LE(Advance(connects, [&] { return done.load(); }), kMaxTries);
  EXPECT_FALSE(done);
  auto accepted = *listener->Accept();
  while (!done) clock_.Advance(absl::Milliseconds(50));
  dialer->Join();
  EXPECT_TRUE(status.ok()) << status;
}

TEST_P(FullUnixTest, ScopeEndsADialThatPauses) {
  ListenOptions options;
  options.backlog = 0;
  auto listener = *unix_->Listen("unixpacket", Path("s"), options);
  auto first = *unix_->Dial("unixpacket", Path("s"));
  CancelSource stop;
  absl::Status status;
  const int before = connects;
  auto dialer = executor_->Go([&] {
    const CancelScope scope(stop);
    status = slow_->Dial("unixpacket", Path("s")).status();
  });
  while (connects == before) std::this_thread::yield();
  stop.Cancel();
  dialer->Join();
  ExpectError(
      status, Code::kCancelled,
      absl::StrCat("dial unixpacket ", Path("s"), ": operation was canceled"));
}

TEST_P(FullUnixTest, WriteToPausesWhileTheReceiverIsFull) {
  auto receiver = *unix_->ListenPacket("unixgram", Path("r"));
  auto sender = *slow_->ListenPacket("unixgram", Path("s"));
  std::atomic<int> written{0};
  std::atomic<bool> done{false};
  absl::Status status;
  auto writer = executor_->Go([&] {
    while ((status = sender->WriteTo("x", receiver->LocalAddr())).ok()) {
      ++written;
    }
    done = true;
  });
  EXPECT_TRUE(WaitUntilBlocked(*sender, 1, Direction::kWrite));
  const int full = written;
  EXPECT_GT(full, 0);
  EXPECT_LE(Advance(sends, [&] { return done.load(); }), kMaxTries);
  EXPECT_EQ(written, full);
  ASSERT_TRUE(receiver->ReadFrom(absl::MakeSpan(buffer_)).ok());
  while (written == full) clock_.Advance(absl::Milliseconds(50));
  EXPECT_TRUE(sender->Close().ok());
  writer->Join();
  ExpectError(status, Code::kCancelled,
              absl::StrCat("write unixgram ", Path("s"), "->", Path("r"),
                           ": use of closed network connection"));
}

std::unique_ptr<Executor> OneWorker() { return MakeFiberExecutor(1); }

INSTANTIATE_TEST_SUITE_P(Threads, FullUnixTest,
                         testing::Values(&MakeThreadExecutor));
INSTANTIATE_TEST_SUITE_P(Fibers, FullUnixTest, testing::Values(&OneWorker));

}  // namespace
}  // namespace plumb
