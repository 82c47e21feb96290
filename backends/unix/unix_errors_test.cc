#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "backends/ip/private_network_for_test.h"
#include "backends/unix/unix_fixture_for_test.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "testing/no_descriptors_for_test.h"
#include "transport/error.h"
#include "transport/transport.h"
#include "transport/unix_options.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

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

}  // namespace
}  // namespace plumb
