#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "backends/unix/unix_fixture_for_test.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "transport/transport.h"
#include "transport/unix_options.h"

namespace {

// Called between the bind(2) of a file and what follows, and before a
// listen(2).
std::function<void()> after_bind, before_listen;

void Call(const std::function<void()>& hook) {
  if (hook != nullptr) hook();
}

}  // namespace

// In place of the C library's.
extern "C" int bind(int fd, const sockaddr* address, socklen_t size) noexcept {
  const auto result = static_cast<int>(syscall(SYS_bind, fd, address, size));
  Call(after_bind);
  return result;
}
extern "C" int listen(int fd, int backlog) noexcept {
  Call(before_listen);
  return static_cast<int>(syscall(SYS_listen, fd, backlog));
}

namespace plumb {
namespace {

using Code = absl::StatusCode;

uint32_t ModeOf(const std::string& path) {
  struct stat info = {};
  EXPECT_EQ(lstat(path.c_str(), &info), 0);
  return info.st_mode & 07777;
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

}  // namespace
}  // namespace plumb
