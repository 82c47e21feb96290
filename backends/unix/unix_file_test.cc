#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "backends/posix/socket.h"
#include "backends/unix/unix_fixture_for_test.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "testing/no_descriptors_for_test.h"
#include "transport/error.h"
#include "transport/options.h"
#include "transport/transport.h"
#include "transport/unix_options.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

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

TEST_F(UnixTest, FailedDialLeavesNoFile) {
  DialOptions options;
  options.local_address = Path("c");
  ExpectError(unix_->Dial("unix", Path("none"), options).status(),
              Code::kNotFound,
              absl::StrCat("dial unix ", Path("c"), "->", Path("none"),
                           ": connect: no such file or directory"));
  EXPECT_EQ(Files(), std::vector<std::string>());
}

}  // namespace
}  // namespace plumb
