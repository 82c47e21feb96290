// What scopes end and what they never end: the list in transport/scope.h, line
// by line, on threads and on fibers. The conformance suite has the same for
// every backend, and fiber_cancellation_test.cc has what is of fibers alone.
#include <signal.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/fake/fake.h"
#include "gtest/gtest.h"
#include "testing/wait_until_blocked.h"
#include "transport/channel.h"
#include "transport/cond_var.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/event.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/fiber/crew_for_test.h"
#include "transport/fiber/run_blocking.h"
#include "transport/fiber/runtime.h"
#include "transport/latch.h"
#include "transport/listener.h"
#include "transport/manual_clock.h"
#include "transport/multicast.h"
#include "transport/mutex.h"
#include "transport/options.h"
#include "transport/packet_conn.h"
#include "transport/pipe.h"
#include "transport/scope.h"
#include "transport/select.h"
#include "transport/semaphore.h"
#include "transport/sleep.h"
#include "transport/stop_on_signal.h"

namespace plumb {
namespace {

// Something that blocks for ever.
struct BlockingCall {
  std::string name;
  std::function<absl::Status()> run;
};

// One of each kind of cancellation point, and what they block on.
class CancellationTest : public testing::TestWithParam<CrewKind> {
 protected:
  CancellationTest() {
    PipeOptions rendezvous;
    rendezvous.buffer = 0;
    std::tie(near_, far_) = Pipe(rendezvous);
    host_ = network_.Host("here");
    listener_ = *host_->Listen("tcp", ":80");
    packets_ = *host_->ListenPacket("udp", ":53");
    sender_ = *host_->ListenPacket("unixgram", "@sender");
    full_ = *host_->ListenPacket("unixgram", "@full");
  }

  std::vector<BlockingCall> Calls() {
    return {
        {"Accept", [this] { return listener_->Accept().status(); }},
        {"Read",
         [this] {
           char byte;
           return near_->Read(absl::MakeSpan(&byte, 1)).status();
         }},
        {"Write", [this] { return near_->Write("x"); }},
        {"WaitReadable", [this] { return near_->WaitReadable(); }},
        {"ReadFrom",
         [this] {
           char byte;
           return packets_->ReadFrom(absl::MakeSpan(&byte, 1)).status();
         }},
        // Waits for room once the receiver's queue is full.
        {"WriteTo",
         [this] {
           for (;;) {
             absl::Status status = sender_->WriteTo("x", full_->LocalAddr());
             if (!status.ok()) return status;
           }
         }},
        {"SleepFor", [] { return plumb::SleepFor(absl::InfiniteDuration()); }},
        {"SleepUntil",
         [] { return plumb::SleepUntil(absl::InfiniteFuture()); }},
        {"Event::Wait", [this] { return event_.Wait(); }},
        {"Latch::Wait", [this] { return latch_.Wait(); }},
        {"Semaphore::Acquire", [this] { return semaphore_.Acquire(); }},
        {"CondVar::Wait",
         [this] {
           MutexLock lock(mutex_);
           return cond_var_.Wait(mutex_);
         }},
        {"Channel::Send", [this] { return to_send_.Send(1); }},
        {"Channel::Receive", [this] { return to_receive_.Receive().status(); }},
        {"Select",
         [this] {
           int sent = 1;
           std::optional<int> received;
           return Select({to_send_.SendCase(sent),
                          to_receive_.ReceiveCase(received)})
               .status;
         }},
    };
  }

  ManualClock clock_;
  FakeNetwork network_;
  std::shared_ptr<FakeHost> host_;
  std::unique_ptr<Conn> near_, far_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<PacketConn> packets_, sender_, full_;
  Event event_;
  Latch latch_{1};
  Semaphore semaphore_{0};
  Mutex mutex_;
  CondVar cond_var_;
  Channel<int> to_send_, to_receive_;
  // After the others, so that it ends before them.
  Crew crew_{GetParam()};
};

TEST_P(CancellationTest, ACancelEndsWhatIsBlocked) {
  for (const BlockingCall& call : Calls()) {
    CancelSource stop;
    absl::Status status;
    crew_.Go([&] {
      const CancelScope scope(stop);
      // Its alarm tells that the call blocks.
      const DeadlineScope limit(absl::Hours(1), clock_);
      status = call.run();
    });
    clock_.AwaitAlarms(1);
    stop.Cancel();
    crew_.Join();
    EXPECT_TRUE(IsCancelledCall(status)) << call.name << ": " << status;
  }
}

TEST_P(CancellationTest, ADeadlineEndsWhatIsBlocked) {
  for (const BlockingCall& call : Calls()) {
    absl::Status status;
    crew_.Go([&] {
      const DeadlineScope limit(absl::Seconds(1), clock_);
      status = call.run();
    });
    clock_.AwaitAlarms(1);
    clock_.Advance(absl::Seconds(1));
    crew_.Join();
    EXPECT_TRUE(IsTimeout(status)) << call.name << ": " << status;
    EXPECT_EQ(GetErrorInfo(status)->kind, ErrorKind::kScopeTimeout)
        << call.name;
  }
}

TEST_P(CancellationTest, NothingBlocksInACancelledScope) {
  std::vector<BlockingCall> calls = Calls();
  calls.push_back(
      {"Dial", [this] { return host_->Dial("tcp", "here:80").status(); }});
  crew_.Go([&] {
    CancelScope scope;
    scope.Cancel();
    for (const BlockingCall& call : calls) {
      const absl::Status status = call.run();
      EXPECT_TRUE(IsCancelledCall(status)) << call.name << ": " << status;
    }
  });
  crew_.Join();
}

TEST_P(CancellationTest, TheWaitForATurnEnds) {
  CancelSource stop;
  const auto read = [&] {
    const CancelScope scope(stop);
    const DeadlineScope limit(absl::Hours(1), clock_);
    char byte;
    EXPECT_TRUE(
        IsCancelledCall(near_->Read(absl::MakeSpan(&byte, 1)).status()));
  };
  crew_.Go(read);
  crew_.Go(read);
  clock_.AwaitAlarms(2);
  stop.Cancel();
  crew_.Join();
}

TEST_P(CancellationTest, AWriteThatIsCutSaysHowFarItGot) {
  CancelSource stop;
  absl::Status status;
  crew_.Go([&] {
    const CancelScope scope(stop);
    status = near_->Write("abcdef");
  });
  char bytes[4];
  EXPECT_EQ(*far_->Read(bytes), 4u);
  stop.Cancel();
  crew_.Join();
  EXPECT_TRUE(IsCancelledCall(status));
  EXPECT_EQ(BytesDone(status), 4u);
}

TEST_P(CancellationTest, ASignalEndsWhatIsBlocked) {
  const StopOnSignal stop({SIGUSR1});
  absl::Status status;
  crew_.Go([&] {
    const CancelScope scope(stop.source());
    status = listener_->Accept().status();
  });
  ASSERT_TRUE(WaitUntilBlocked(*listener_, 1));
  kill(getpid(), SIGUSR1);
  crew_.Join();
  EXPECT_TRUE(IsCancelledCall(status)) << status;
}

TEST_P(CancellationTest, LockIsNone) {
  bool held = false;
  mutex_.Lock();
  crew_.Go([&] {
    CancelScope scope;
    scope.Cancel();
    const DeadlineScope passed(absl::ZeroDuration());
    MutexLock lock(mutex_);
    held = true;
  });
  EXPECT_TRUE(WaitUntil([&] { return mutex_.waiting() == 1; }, "it waits"));
  EXPECT_FALSE(held);
  mutex_.Unlock();
  crew_.Join();
  EXPECT_TRUE(held);
}

TEST_P(CancellationTest, TheReLockOfACondVarIsNone) {
  CancelSource stop;
  bool held = false;
  crew_.Go([&] {
    const CancelScope scope(stop);
    MutexLock lock(mutex_);
    EXPECT_TRUE(IsCancelledCall(cond_var_.Wait(mutex_)));
    held = true;
  });
  ASSERT_TRUE(WaitUntil([&] { return cond_var_.waiting() == 1; }, "it waits"));
  mutex_.Lock();
  stop.Cancel();
  EXPECT_TRUE(WaitUntil([&] { return mutex_.waiting() == 1; }, "it re-locks"));
  EXPECT_FALSE(held);
  mutex_.Unlock();
  crew_.Join();
  EXPECT_TRUE(held);
}

TEST_P(CancellationTest, CloseAndDestructorsAreNone) {
  const std::unique_ptr<Conn> conn = *host_->Dial("tcp", "here:80");
  crew_.Go([&] {
    CancelScope scope;
    scope.Cancel();
    const DeadlineScope passed(absl::ZeroDuration());
    auto* const tcp = Extension<TcpControl>(*conn);
    ASSERT_NE(tcp, nullptr);
    EXPECT_EQ(tcp->SetNoDelay(false), absl::OkStatus());
    EXPECT_EQ(tcp->SetKeepAlive(KeepAlive()), absl::OkStatus());
    EXPECT_EQ(tcp->SetLinger(absl::ZeroDuration()), absl::OkStatus());
    auto* const buffers = Extension<BufferControl>(*conn);
    ASSERT_NE(buffers, nullptr);
    EXPECT_EQ(buffers->SetReadBuffer(4096), absl::OkStatus());
    EXPECT_EQ(buffers->SetWriteBuffer(4096), absl::OkStatus());
    EXPECT_EQ(near_->SetDeadline(Direction::kBoth, absl::InfiniteFuture()),
              absl::OkStatus());
    auto* const multicast = Extension<MulticastControl>(*packets_);
    ASSERT_NE(multicast, nullptr);
    EXPECT_EQ(multicast->SetMulticastHops(2), absl::OkStatus());
    EXPECT_EQ(near_->CloseWrite(), absl::OkStatus());
    EXPECT_EQ(near_->Close(), absl::OkStatus());
    EXPECT_EQ(listener_->Close(), absl::OkStatus());
    packets_.reset();
    to_send_.Close();
    listener_.reset();
    near_.reset();
  });
  crew_.Join();
  EXPECT_TRUE(host_->Listen("tcp", ":80").ok());
  EXPECT_TRUE(host_->ListenPacket("udp", ":53").ok());
  EXPECT_TRUE(IsClosed(to_send_.TrySend(1)));
  char byte;
  EXPECT_TRUE(IsEof(far_->Read(absl::MakeSpan(&byte, 1)).status()));
}

TEST_P(CancellationTest, WhatNeverWaitsIsNone) {
  crew_.Go([&] {
    CancelScope scope;
    scope.Cancel();
    event_.Notify();
    EXPECT_EQ(event_.Wait(), absl::OkStatus());
    latch_.CountDown();
    EXPECT_EQ(latch_.Wait(), absl::OkStatus());
    semaphore_.Release();
    EXPECT_TRUE(semaphore_.TryAcquire());
    Channel<int> channel(1);
    EXPECT_EQ(channel.TrySend(1), absl::OkStatus());
    EXPECT_EQ(*channel.TryReceive(), 1);
    std::optional<int> none;
    EXPECT_EQ(TrySelect({channel.ReceiveCase(none)}).status.code(),
              absl::StatusCode::kUnavailable);
  });
  crew_.Join();
}

// Whether that thread of this process sleeps, proc(5).
bool IsAsleep(pid_t thread) {
  std::ifstream stat(absl::StrCat("/proc/self/task/", thread, "/stat"));
  const std::string text(std::istreambuf_iterator<char>(stat), {});
  // The name before it may have spaces.
  const size_t name_end = text.rfind(')');
  return name_end != text.npos &&
         absl::StartsWith(text.substr(name_end), ") S");
}

TEST_P(CancellationTest, JoinIsNone) {
  Runtime runtime;
  const Fiber fiber = runtime.Go([&] { (void)event_.Wait(); });
  std::atomic<pid_t> joiner{0};
  crew_.Go([&] {
    CancelScope scope;
    scope.Cancel();
    joiner = static_cast<pid_t>(syscall(SYS_gettid));
    fiber.Join();
    EXPECT_TRUE(fiber.done());
  });
  ASSERT_TRUE(WaitUntil([&] { return joiner != 0 && IsAsleep(joiner); },
                        "it has nothing to do but to wait"));
  EXPECT_FALSE(fiber.done());
  event_.Notify();
  crew_.Join();
}

TEST_P(CancellationTest, RunBlockingIsNone) {
  std::atomic<bool> inside{false}, go_on{false}, ended{false};
  CancelSource stop;
  crew_.Go([&] {
    const CancelScope scope(stop);
    const DeadlineScope passed(absl::ZeroDuration());
    const int result = RunBlocking([&] {
      inside = true;
      while (!go_on) std::this_thread::yield();
      ended = true;
      return 7;
    });
    EXPECT_TRUE(ended);
    EXPECT_EQ(result, 7);
  });
  ASSERT_TRUE(WaitUntil([&] { return inside.load(); }, "it runs"));
  stop.Cancel();
  go_on = true;
  crew_.Join();
}

TEST_P(CancellationTest, AShieldIsForCleanUp) {
  crew_.Go([&] {
    CancelScope scope;
    scope.Cancel();
    const DeadlineScope passed(absl::ZeroDuration());
    const ShieldScope shield;
    EXPECT_EQ(near_->Write("bye"), absl::OkStatus());
  });
  char bytes[3];
  EXPECT_EQ(*far_->Read(bytes), 3u);
  crew_.Join();
}

INSTANTIATE_TEST_SUITE_P(Crews, CancellationTest, AllCrews(), CrewName);

}  // namespace
}  // namespace plumb
