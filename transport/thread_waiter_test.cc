// A thread that can have no descriptor to be woken by, as the process has too
// many, waits all the same.
#include "transport/thread_waiter.h"

#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <thread>

#include "gtest/gtest.h"
#include "transport/clock.h"
#include "transport/descriptor.h"
#include "transport/direction.h"
#include "transport/waiter.h"

namespace {

std::atomic<bool> out_of_descriptors{false};
std::atomic<int> asked{0};

}  // namespace

// In place of the C library's.
extern "C" int eventfd(unsigned count, int flags) noexcept {
  ++asked;
  if (!out_of_descriptors) {
    return static_cast<int>(syscall(SYS_eventfd2, count, flags));
  }
  errno = EMFILE;
  return -1;
}

namespace plumb {
namespace {

// Waits for a byte in a pipe, and leaves it there.
class PipeOp final : public Op {
 public:
  explicit PipeOp(int fd) : Op(fd, Direction::kRead) {}
  bool Attempt() override { return false; }
};

class ThreadWaiterTest : public testing::Test {
 protected:
  ThreadWaiterTest() {
    int fds[2];
    EXPECT_EQ(pipe(fds), 0);
    read_end_ = Descriptor(fds[0]);
    write_end_ = Descriptor(fds[1]);
    asked = 0;
    out_of_descriptors = true;
  }
  ~ThreadWaiterTest() override { out_of_descriptors = false; }

  Descriptor read_end_, write_end_;
};

TEST_F(ThreadWaiterTest, AWakeEndsAWaitWithoutADescriptor) {
  std::atomic<bool> done{false};
  std::atomic<Waiter*> waiter{nullptr};
  std::atomic<int> parked{0};
  std::thread thread([&] {
    waiter = &ThreadWaiter();
    const PipeOp op(read_end_.get());
    while (!done) {
      ++parked;
      ThreadWaiter().ParkOn(op, kNever, nullptr);
    }
  });
  // It looks around by itself, more than once.
  while (parked < 3) std::this_thread::yield();
  done = true;
  waiter.load()->Wake();
  thread.join();
  EXPECT_GT(asked, 0);
}

TEST_F(ThreadWaiterTest, ReadinessEndsIt) {
  std::thread thread([&] {
    const PipeOp op(read_end_.get());
    char byte = 0;
    EXPECT_EQ(write(write_end_.get(), "x", 1), 1);
    ThreadWaiter().ParkOn(op, kNever, nullptr);
    EXPECT_EQ(read(read_end_.get(), &byte, 1), 1);
  });
  thread.join();
  EXPECT_GT(asked, 0);
}

TEST_F(ThreadWaiterTest, ADeadlineEndsIt) {
  std::thread thread([&] {
    const PipeOp op(read_end_.get());
    const MonotonicNanos deadline =
        Clock::Real().MonotonicNow() + 30 * 1000 * 1000;
    int parked = 0;
    while (Clock::Real().MonotonicNow() < deadline) {
      ThreadWaiter().ParkOn(op, deadline, nullptr);
      ++parked;
    }
    EXPECT_GT(parked, 0);
  });
  thread.join();
  EXPECT_GT(asked, 0);
}

TEST_F(ThreadWaiterTest, ItTakesOneWhenThereAreSomeAgain) {
  std::thread thread([&] {
    const PipeOp op(read_end_.get());
    EXPECT_EQ(write(write_end_.get(), "x", 1), 1);
    ThreadWaiter().ParkOn(op, kNever, nullptr);
    EXPECT_EQ(asked, 1);
    out_of_descriptors = false;
    ThreadWaiter().ParkOn(op, kNever, nullptr);
    EXPECT_EQ(asked, 2);
    ThreadWaiter().ParkOn(op, kNever, nullptr);
    EXPECT_EQ(asked, 2);
  });
  thread.join();
}

}  // namespace
}  // namespace plumb
