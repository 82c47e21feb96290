// What the kernel may answer a Poller: that it does not know a registration, or
// knows it already, and that it has no epoll_pwait2(2), as before Linux 5.11.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <iterator>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/wait_until_blocked.h"
#include "transport/call.h"
#include "transport/clock.h"
#include "transport/descriptor.h"
#include "transport/direction.h"
#include "transport/fiber/epoll_waits_for_test.h"
#include "transport/fiber/poller_for_test.h"
#include "transport/fiber/runtime.h"
#include "transport/sleep.h"

namespace {

// What epoll_ctl(2) was asked for `descriptor`, and answered.
struct Record {
  absl::Mutex mutex;
  int descriptor ABSL_GUARDED_BY(mutex) = -1;
  std::vector<std::string> calls ABSL_GUARDED_BY(mutex);
};

Record& TheRecord() {
  static Record* const record = new Record;
  return *record;
}

}  // namespace

// In place of the C library's.
extern "C" int epoll_ctl(int epoll, int operation, int fd,
                         epoll_event* event) noexcept {
  const auto result =
      static_cast<int>(syscall(SYS_epoll_ctl, epoll, operation, fd, event));
  const int error = result == 0 ? 0 : errno;
  Record& record = TheRecord();
  absl::MutexLock lock(&record.mutex);
  if (fd == record.descriptor) {
    const char* const name = operation == EPOLL_CTL_ADD   ? "ADD"
                             : operation == EPOLL_CTL_MOD ? "MOD"
                                                          : "DEL";
    record.calls.push_back(absl::StrCat(name, error == ENOENT   ? " ENOENT"
                                              : error == EEXIST ? " EEXIST"
                                              : error == 0      ? ""
                                                                : " ?"));
  }
  errno = error;
  return result;
}

namespace plumb {
namespace {

using ::testing::ElementsAre;

void StartRecord(int descriptor) {
  Record& record = TheRecord();
  absl::MutexLock lock(&record.mutex);
  record.descriptor = descriptor;
  record.calls.clear();
}

std::vector<std::string> Recorded() {
  Record& record = TheRecord();
  absl::MutexLock lock(&record.mutex);
  record.descriptor = -1;
  return record.calls;
}

// A byte from the other end, on a fiber of `runtime` that waits for it.
void ReadByte(Runtime& runtime, const Descriptor& from, const Descriptor& to) {
  CallState state(Clock::Real());
  const Fiber reader = runtime.Go([&] {
    char byte;
    Call call(state, Direction::kRead);
    CountingRead op(from.get(), absl::MakeSpan(&byte, 1));
    EXPECT_TRUE(call.RunAfterWait(op));
    EXPECT_EQ(op.size(), 1);
  });
  ASSERT_TRUE(WaitUntil([&] { return state.Blocked(Direction::kRead) == 1; },
                        "the reader waits"));
  Send(to, "x");
  reader.Join();
}

// The socket has another descriptor, and so the kernel keeps the registration
// when this one is closed.
TEST(PollerKernelTest, ARegistrationThatIsThereAlreadyIsTakenOver) {
  const auto runtime = RuntimeOf(1);
  Pair pair = MakePair();
  ReadByte(*runtime, pair.a, pair.b);
  const int number = pair.a.get();
  const Descriptor other(dup(number));
  pair.a.Close();
  ASSERT_EQ(dup2(other.get(), number), number);
  const Descriptor again(number);
  StartRecord(number);
  ReadByte(*runtime, again, pair.b);
  EXPECT_THAT(Recorded(), ElementsAre("ADD EEXIST", "MOD"));
}

// Somebody gave the number to another socket behind the library's back.
TEST(PollerKernelTest, ARegistrationThatIsGoneIsMadeAnew) {
  const auto runtime = RuntimeOf(1);
  const Pair pair = MakePair(), other = MakePair();
  ReadByte(*runtime, pair.a, pair.b);
  ASSERT_EQ(dup2(other.a.get(), pair.a.get()), pair.a.get());
  StartRecord(pair.a.get());
  constexpr size_t kSize = 4 << 20;
  CallState state(Clock::Real());
  const Fiber writer = runtime->Go([&] {
    Call call(state, Direction::kWrite);
    CountingWrite op(pair.a.get(), kSize);
    EXPECT_TRUE(call.Run(op));
  });
  ASSERT_TRUE(WaitUntil([&] { return state.Blocked(Direction::kWrite) == 1; },
                        "the writer waits"));
  std::vector<char> buffer(65536);
  for (size_t total = 0; total < kSize;) {
    const ssize_t n = recv(other.b.get(), buffer.data(), buffer.size(), 0);
    if (n < 0 && errno == EAGAIN) continue;
    ASSERT_GT(n, 0);
    total += static_cast<size_t>(n);
  }
  writer.Join();
  EXPECT_THAT(Recorded(), ElementsAre("MOD ENOENT", "ADD"));
}

// For this thread and those that it starts.
void ForbidEpollPwait2() {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_pwait2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program = {std::size(filter), filter};
  EXPECT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  EXPECT_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
  EXPECT_EQ(syscall(SYS_epoll_pwait2, -1, nullptr, 0, nullptr, nullptr, 0), -1);
  EXPECT_EQ(errno, ENOSYS);
}

// Whether a fiber's sleep, which has to be long enough, came to a wait. Where
// the machine is busy the time may be up before.
bool SleepAndWait(absl::Duration wanted) {
  const int before = epoll_waits;
  const MonotonicNanos start = Clock::Real().MonotonicNow();
  EXPECT_EQ(plumb::SleepFor(wanted), absl::OkStatus());
  EXPECT_GE(absl::Nanoseconds(Clock::Real().MonotonicNow() - start), wanted);
  return epoll_waits > before;
}

// A wait that ended before its time would be followed by further ones, or by
// looks until the time is up.
void ExpectOneWaitEach(int count) {
  epoll_looks = 0;
  epoll_waits = 0;
  int sleeps = 0;
  for (int waited = 0; waited < count; ++sleeps) {
    const auto wanted = absl::Microseconds(4000 + 97 * (sleeps % 10));
    if (SleepAndWait(wanted)) ++waited;
  }
  // The start of the fiber may interrupt one.
  EXPECT_LE(epoll_waits, count + 1);
  // A look before the fiber goes on, if any.
  EXPECT_LE(epoll_looks, sleeps + 1);
}

TEST(PollerKernelDeathTest, WithoutEpollPwait2SleepsAreInWholeMilliseconds) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        ForbidEpollPwait2();
        RuntimeOf(1)->Go([] { ExpectOneWaitEach(10); }).Join();
        _exit(testing::Test::HasFailure() ? 1 : 0);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace plumb
