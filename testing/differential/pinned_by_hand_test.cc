// What of the list in backends/fake/fake.h no script can bring about, as it
// takes files, descriptors or counters of the machine: what the kernel does, in
// a network of the test's own, and what the fake does. See also
// pinned_options_test.cc.

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "backends/ip/private_network_for_test.h"
#include "gtest/gtest.h"
#include "testing/differential/by_hand_for_test.h"
#include "testing/matchers.h"
#include "testing/temp_directory.h"
#include "testing/wait_until_blocked.h"
#include "transport/handle_passing.h"
#include "transport/unix_options.h"

namespace plumb {
namespace {

// A number of /proc/net/netstat, which has lines of names and of values.
int64_t Counter(const std::string& name) {
  std::ifstream file("/proc/net/netstat");
  std::string names, values;
  while (std::getline(file, names) && std::getline(file, values)) {
    std::istringstream name_words(names), value_words(values);
    std::string a_name, a_value;
    while (name_words >> a_name && value_words >> a_value) {
      if (a_name == name) return std::stoll(a_value);
    }
  }
  return -1;
}

// "who dials when the backlog is full is let in as soon as there is room"
TEST_F(PinnedByHandTest, RoomInABacklogIsTakenAtOnce) {
  ListenOptions one;
  one.backlog = 1;
  for (Transport* transport : both()) {
    const bool real = transport == &kernel();
    const auto listener = Must(transport->Listen("tcp", "127.0.0.1:0", one));
    const std::string at = listener->Address().ToString();
    const auto first = Must(transport->Dial("tcp", at));
    const auto second = Must(transport->Dial("tcp", at));
    const int64_t drops = Counter("ListenOverflows");
    std::unique_ptr<Conn> third;
    std::thread dialler([&] { third = Must(transport->Dial("tcp", at)); });
    ASSERT_TRUE(WaitUntil(
        [&] {
          return real ? Counter("ListenOverflows") > drops
                      : clock_.alarm_count() > 0;
        },
        "a third that waits"));
    const auto accepted = Must(listener->Accept());
    dialler.join();
    if (!real) continue;  // its clock has not moved
    tcp_info info = {};
    socklen_t size = sizeof info;
    getsockopt(DescriptorOf(*third), IPPROTO_TCP, TCP_INFO, &info, &size);
    EXPECT_GE(info.tcpi_total_retrans, 1u);
  }
}

// "raw IP ("ip4:icmp") is Unimplemented"
TEST_F(PinnedByHandTest, RawIp) {
  EXPECT_THAT(kernel().Dial("ip4:icmp", "127.0.0.1"), IsOk());
  const absl::Status status = fake().Dial("ip4:icmp", "127.0.0.1").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
}

// "there are no file permissions": UnixListenOptions::mode changes nothing
TEST_F(PinnedByHandTest, FilePermissions) {
  const TempDirectory directory;
  const std::string path = absl::StrCat(directory.path(), "/s");
  ListenOptions options;
  UnixListenOptions closed;
  closed.mode = 0;
  options.extras.Set(closed);
  const auto there = Must(kernel().Listen("unix", path, options));
  std::thread([&] {
    DropCapabilities();
    EXPECT_EQ(ErrorOf(kernel().Dial("unix", path)),
              absl::StrCat("dial unix ", path, ": connect: permission denied"));
  }).join();
  const auto here = Must(fake().Listen("unix", path, options));
  EXPECT_THAT(fake().Dial("unix", path), IsOk());
}

// FakeHost::RemovePath takes the place of unlink(2)
TEST_F(PinnedByHandTest, Unlink) {
  const TempDirectory directory;
  const std::string path = absl::StrCat(directory.path(), "/s");
  const auto there = Must(kernel().Listen("unix", path));
  EXPECT_EQ(unlink(path.c_str()), 0);
  const auto here = Must(fake().Listen("unix", path));
  EXPECT_EQ(unlink(path.c_str()), -1);
  EXPECT_THAT(fake().RemovePath(path), IsOk());
}

// Allows this process no more descriptors.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
    const int next = dup(0);
    close(next);
    rlimit now = before_;
    now.rlim_cur = static_cast<rlim_t>(next);
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &now), 0);
  }
  ~NoMoreDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_ = {};
};

// What becomes of a descriptor that is sent, and of reading it.
std::string PassDescriptor(Conn& from, Conn& to) {
  const int handle = 0;
  const absl::Status sent = Extension<HandlePassing>(from)->WriteWithHandles(
      "x", absl::MakeConstSpan(&handle, 1));
  if (!sent.ok())
    return absl::StrCat("not sent: ", static_cast<int>(sent.code()));
  char byte;
  const auto got =
      Extension<HandlePassing>(to)->ReadWithHandles(absl::MakeSpan(&byte, 1));
  return got.ok() ? "received"
                  : absl::StrCat("not received: ",
                                 static_cast<int>(got.status().code()));
}

// "descriptors that are under way are open in this process"
TEST_F(PinnedByHandTest, DescriptorsUnderWay) {
  const int full = static_cast<int>(absl::StatusCode::kResourceExhausted);
  for (Transport* transport : both()) {
    const Connected ends = ConnectAt(*transport, "unix", "");
    // A sanitizer wants a descriptor when it first sees a type.
    EXPECT_EQ(PassDescriptor(*ends.client, *ends.server), "received");
    const NoMoreDescriptors limit;
    EXPECT_EQ(
        PassDescriptor(*ends.client, *ends.server),
        absl::StrCat(transport == &kernel() ? "not received: " : "not sent: ",
                     full));
  }
}

// ""localhost" is 127.0.0.1 first, then ::1"
TEST_F(PinnedByHandTest, Localhost) {
  addrinfo* found = nullptr;
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  ASSERT_EQ(getaddrinfo("localhost", nullptr, &hints, &found), 0);
  const bool v6_first = found->ai_family == AF_INET6;
  freeaddrinfo(found);
  for (Transport* transport : both()) {
    const auto v4 = Must(transport->Listen("tcp", "127.0.0.1:4000"));
    const auto v6 = Must(transport->Listen("tcp", "[::1]:4000"));
    const auto conn = Must(transport->Dial("tcp", "localhost:4000"));
    EXPECT_EQ(conn->RemoteAddr().ToString(), transport == &kernel() && v6_first
                                                 ? "[::1]:4000"
                                                 : "127.0.0.1:4000");
  }
}

// The state of the connection from `port` in /proc/net/tcp; empty for none.
std::string KernelState(uint16_t port) {
  std::ifstream file("/proc/net/tcp");
  std::string line;
  const std::string local = absl::StrFormat("0100007F:%04X", port);
  while (std::getline(file, line)) {
    const std::vector<std::string> words =
        absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (words.size() > 3 && words[1] == local) return words[3];
  }
  return "";
}

class TimeWaitTest : public PinnedByHandTest {
 protected:
  TimeWaitTest() : PinnedByHandTest(WithTimeWait()) {}

  static FakeNetworkOptions WithTimeWait() {
    FakeNetworkOptions options;
    options.time_wait = absl::Seconds(60);
    return options;
  }
};

// "TIME_WAIT ... begins with Close when the peer's end had come before"
TEST_F(TimeWaitTest, BeginsWithClose) {
  constexpr char kTimeWait[] = "06";  // of the kernel's numbers
  for (Transport* transport : both()) {
    Connected ends = ConnectAt(*transport, "tcp", "127.0.0.1:0");
    ASSERT_THAT(ends.client->CloseWrite(), IsOk());
    EXPECT_EQ(ReadSome(*ends.server), "EOF");
    ASSERT_THAT(ends.server->CloseWrite(), IsOk());
    EXPECT_EQ(ReadSome(*ends.client), "EOF");
    if (transport == &kernel()) {
      const uint16_t port = ends.client->LocalAddr().port();
      ASSERT_TRUE(WaitUntil([&] { return KernelState(port) == kTimeWait; },
                            "TIME_WAIT before Close"));
      continue;
    }
    ASSERT_THAT(ends.server->Close(), IsOk());
    clock_.Advance(absl::Seconds(60));
    ASSERT_THAT(ends.client->Close(), IsOk());
    clock_.Advance(absl::Seconds(59));
    ASSERT_EQ(fake().Netstat().size(), 1u);
    EXPECT_EQ(fake().Netstat()[0].state, "TIME_WAIT");
    clock_.Advance(absl::Seconds(1));
    EXPECT_TRUE(fake().Netstat().empty());
  }
}

}  // namespace
}  // namespace plumb
