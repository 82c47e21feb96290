#include "transport/unix_name.h"

#include <sys/un.h>

#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace plumb {
namespace {

static_assert(kMaxAbstractUnixName == sizeof(sockaddr_un::sun_path),
              "as much as the kernel's address holds");
static_assert(kMaxUnixPath + 1 == kMaxAbstractUnixName,
              "a path has a NUL at its end");

TEST(UnixNameTest, AbstractNamesBeginWithAnAt) {
  EXPECT_TRUE(IsAbstractUnixName("@x"));
  EXPECT_TRUE(IsAbstractUnixName("@"));
  EXPECT_FALSE(IsAbstractUnixName(""));
  EXPECT_FALSE(IsAbstractUnixName("x@"));
  EXPECT_FALSE(IsAbstractUnixName("./@x"));
}

// S-UX-01.
TEST(UnixNameTest, PathNeedsRoomForItsEnd) {
  EXPECT_TRUE(UnixNameFits("/run/x.sock"));
  EXPECT_TRUE(UnixNameFits(""));
  EXPECT_TRUE(UnixNameFits(std::string(107, 'x')));
  EXPECT_FALSE(UnixNameFits(std::string(108, 'x')));
  EXPECT_FALSE(UnixNameFits(std::string(4096, 'x')));
}

TEST(UnixNameTest, AbstractNameMayFillTheAddress) {
  EXPECT_TRUE(UnixNameFits("@"));
  EXPECT_TRUE(UnixNameFits("@" + std::string(107, 'x')));
  EXPECT_FALSE(UnixNameFits("@" + std::string(108, 'x')));
}

TEST(UnixNameTest, NulIsForAbstractNamesAlone) {
  EXPECT_FALSE(UnixNameFits(absl::string_view("/run/a\0b", 8)));
  EXPECT_TRUE(UnixNameFits(absl::string_view("@a\0b", 4)));
}

}  // namespace
}  // namespace plumb
