#include "testing/leak_check.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

TEST(LeakCheckTest, NamesADescriptor) {
  const ResourceSnapshot before = ResourceSnapshot::Take();
  const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_THAT(ResourceSnapshot::Take().Since(before),
              ElementsAre("descriptor " + std::to_string(fd) + ", /dev/null"));
  close(fd);
  EXPECT_THAT(ResourceSnapshot::Take().Since(before), IsEmpty());
}

TEST(LeakCheckTest, LeavesOutWhereTheCodeComesFrom) {
  const ResourceSnapshot before = ResourceSnapshot::Take();
  const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  EXPECT_THAT(ResourceSnapshot::Take().Since(before), IsEmpty());
  close(fd);
}

TEST(LeakCheckTest, NamesAFileThatIsMappedAsData) {
  const ResourceSnapshot before = ResourceSnapshot::Take();
  const int fd = memfd_create("data", MFD_CLOEXEC);
  ASSERT_EQ(ftruncate(fd, 1), 0);
  void* const mapped = mmap(nullptr, 1, PROT_READ, MAP_SHARED, fd, 0);
  EXPECT_THAT(ResourceSnapshot::Take().Since(before),
              ElementsAre(HasSubstr("/memfd:data")));
  munmap(mapped, 1);
  close(fd);
}

TEST(LeakCheckTest, SaysWhereASocketIs) {
  const ResourceSnapshot before = ResourceSnapshot::Take();
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_THAT(ResourceSnapshot::Take().Since(before),
              ElementsAre(HasSubstr("], 0.0.0.0:0")));
  close(fd);
}

TEST(LeakCheckTest, SeesThatANumberMeansAnotherFile) {
  const int first = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const ResourceSnapshot before = ResourceSnapshot::Take();
  close(first);
  const int second = open("/dev/zero", O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(first, second);
  EXPECT_THAT(ResourceSnapshot::Take().Since(before),
              ElementsAre(HasSubstr("/dev/zero")));
  close(second);
}

TEST(LeakCheckTest, AThreadMayHaveOneEventDescriptor) {
  ResourceSnapshot before = ResourceSnapshot::Take();
  ASSERT_EQ(before.event_descriptors, 0u);
  std::vector<int> fds;
  for (size_t i = 0; i < before.threads.size(); ++i) {
    fds.push_back(eventfd(0, EFD_CLOEXEC));
  }
  EXPECT_THAT(ResourceSnapshot::Take().Since(before), IsEmpty());
  fds.push_back(eventfd(0, EFD_CLOEXEC));
  EXPECT_THAT(ResourceSnapshot::Take().Since(before),
              ElementsAre(absl::StrCat(fds.size(),
                                       " event descriptors (before: 0) for ",
                                       before.threads.size(), " thread(s)")));
  before.event_descriptors = fds.size();
  EXPECT_THAT(ResourceSnapshot::Take().Since(before), IsEmpty());
  for (int fd : fds) close(fd);
}

TEST(LeakCheckTest, NamesAThread) {
  int fds[2];
  ASSERT_EQ(pipe2(fds, O_CLOEXEC), 0);
  const ResourceSnapshot before = ResourceSnapshot::Take();
  std::thread thread([&] {
    char byte;
    (void)!read(fds[0], &byte, 1);
  });
  EXPECT_THAT(ResourceSnapshot::Take().Since(before),
              ElementsAre(MatchesRegex("thread [0-9]+")));
  close(fds[1]);
  thread.join();
  close(fds[0]);
}

int left_fd = -1;

TEST(LeakCheckTest, ATestMayLeaveSomethingWhenItSaysSo) {
  AllowLeaksInThisTest();
  left_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(left_fd, 0);
}

}  // namespace
}  // namespace plumb
