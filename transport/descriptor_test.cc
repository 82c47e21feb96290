#include "transport/descriptor.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "gtest/gtest.h"

namespace plumb {
namespace {

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

TEST(Descriptor, OwnsNothingAtFirst) {
  const Descriptor descriptor;
  EXPECT_FALSE(descriptor.is_open());
  EXPECT_EQ(descriptor.get(), -1);
}

TEST(Descriptor, ClosesAtItsEnd) {
  const int fd = dup(0);
  { const Descriptor descriptor(fd); }
  EXPECT_FALSE(IsOpen(fd));
}

TEST(Descriptor, MovesAndClosesWhatItHad) {
  const int first = dup(0);
  const int second = dup(0);
  Descriptor descriptor(first);
  Descriptor other(second);
  descriptor = std::move(other);
  EXPECT_FALSE(IsOpen(first));
  EXPECT_EQ(descriptor.get(), second);
  EXPECT_TRUE(IsOpen(second));
  const Descriptor last(std::move(descriptor));
  EXPECT_EQ(last.get(), second);
}

TEST(Descriptor, MovingToItselfChangesNothing) {
  Descriptor descriptor(dup(0));
  Descriptor& same = descriptor;
  descriptor = std::move(same);
  EXPECT_TRUE(IsOpen(descriptor.get()));
}

TEST(Descriptor, ReleaseGivesItAway) {
  Descriptor descriptor(dup(0));
  const int fd = descriptor.Release();
  EXPECT_FALSE(descriptor.is_open());
  EXPECT_TRUE(IsOpen(fd));
  close(fd);
}

TEST(Descriptor, CloseKeepsErrno) {
  Descriptor descriptor(1 << 20);  // no such descriptor: close(2) fails
  errno = ENOENT;
  descriptor.Close();
  EXPECT_EQ(errno, ENOENT);
  EXPECT_FALSE(descriptor.is_open());
}

}  // namespace
}  // namespace plumb
