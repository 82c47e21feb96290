#include "transport/fiber/poller.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "testing/wait_until_blocked.h"
#include "transport/call.h"
#include "transport/clock.h"
#include "transport/direction.h"
#include "transport/error.h"
#include "transport/fiber/poller_for_test.h"
#include "transport/fiber/runtime.h"

namespace plumb {
namespace {

TEST(PollerTest, ReadsWhatComesLater) {
  Pair pair = MakePair();
  const auto runtime = RuntimeOf(1);
  CallState state(Clock::Real());
  char buffer[100];
  int tries = 0;
  const Fiber reader = runtime->Go([&] {
    Call call(state, Direction::kRead);
    CountingRead op(pair.a.get(), absl::MakeSpan(buffer));
    EXPECT_TRUE(call.Run(op));
    EXPECT_EQ(op.size(), 5);
    tries = op.tries();
  });
  runtime->Go([&] { Send(pair.b, "hello"); }).Join();
  reader.Join();
  EXPECT_LE(tries, 2);
}

// S-RT-01, but after a short read: that one was the try.
TEST(PollerTest, AfterAShortReadTheNextWaitsWithoutATry) {
  Pair pair = MakePair();
  const auto runtime = RuntimeOf(1);
  CallState state(Clock::Real());
  runtime
      ->Go([&] {
        char buffer[100];
        for (int i = 0; i < 10; ++i) {
          const Fiber writer = Go([&] { Send(pair.b, "hello"); });
          Call call(state, Direction::kRead);
          CountingRead op(pair.a.get(), absl::MakeSpan(buffer));
          EXPECT_TRUE(call.RunAfterWait(op));
          EXPECT_EQ(op.size(), 5);
          EXPECT_EQ(op.tries(), 1);
          writer.Join();
        }
      })
      .Join();
}

// S-RT-01.
TEST(PollerTest, AnEdgeBeforeTheWaitIsNotLost) {
  Pair pair = MakePair();
  const auto runtime = RuntimeOf(1);
  CallState state(Clock::Real());
  runtime
      ->Go([&] {
        char buffer[100];
        for (int i = 0; i < 1000; ++i) {
          Send(pair.b, "1");
          if (i % 2 == 0) Yield();
          Call call(state, Direction::kRead);
          CountingRead op(pair.a.get(), absl::MakeSpan(buffer));
          EXPECT_TRUE(call.RunAfterWait(op));
          EXPECT_EQ(op.size(), 1);
        }
      })
      .Join();
}

// S-RT-03.
TEST(PollerTest, TheEndThatCameWithTheDataIsSeen) {
  const auto runtime = RuntimeOf(1);
  runtime
      ->Go([&] {
        Pair pair = MakePair();
        CallState state(Clock::Real());
        char buffer[100];
        const Fiber writer = Go([&] {
          Send(pair.b, "last");
          pair.b.Close();
        });
        for (const int64_t expected : {4, 0}) {
          Call call(state, Direction::kRead);
          CountingRead op(pair.a.get(), absl::MakeSpan(buffer));
          EXPECT_TRUE(call.RunAfterWait(op));
          EXPECT_EQ(op.size(), expected);
        }
        writer.Join();
      })
      .Join();
}

// On a fiber, all of so many bytes.
void ReadAll(const Descriptor& from, size_t size) {
  CallState state(Clock::Real());
  std::vector<char> buffer(65536);
  for (size_t total = 0; total < size;) {
    Call call(state, Direction::kRead);
    CountingRead op(from.get(), absl::MakeSpan(buffer));
    ASSERT_TRUE(call.Run(op));
    total += static_cast<size_t>(op.size());
  }
}

TEST(PollerTest, AWriteThatBlocksGoesOn) {
  const auto runtime = RuntimeOf(1);
  for (const bool read_first : {false, true}) {
    runtime
        ->Go([&] {
          Pair pair = MakePair();
          CallState state(Clock::Real());
          if (read_first) {
            // Registered for reading already.
            Go([&] { Send(pair.b, "x"); });
            char one;
            Call call(state, Direction::kRead);
            CountingRead op(pair.a.get(), absl::MakeSpan(&one, 1));
            EXPECT_TRUE(call.RunAfterWait(op));
          }
          constexpr size_t kSize = 4 << 20;
          const Fiber reader = Go([&] { ReadAll(pair.b, kSize); });
          Call call(state, Direction::kWrite);
          CountingWrite op(pair.a.get(), kSize);
          EXPECT_TRUE(call.Run(op));
          EXPECT_GT(op.tries(), 1);
          reader.Join();
        })
        .Join();
  }
}

// The epoll descriptors of this process that watch `fd`.
std::set<std::string> WatchersOf(int fd) {
  std::set<std::string> watchers;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    std::ifstream info(entry.path());
    for (std::string word; info >> word;) {
      int watched = -1;
      if (word == "tfd:" && info >> watched && watched == fd) {
        watchers.insert(entry.path().filename());
      }
    }
  }
  return watchers;
}

// S-RT-01.
TEST(PollerTest, ADescriptorMovesToTheWorkerThatReads) {
  // Each runtime has one worker, so that the fibers are on different ones.
  const auto one = RuntimeOf(1);
  const auto two = RuntimeOf(1);
  Pair pair = MakePair();
  CallState state(Clock::Real());
  std::set<std::string> watchers;
  for (int i = 0; i < 100; ++i) {
    const Fiber reader = (i % 2 == 0 ? one : two)->Go([&] {
      char byte;
      Call call(state, Direction::kRead);
      CountingRead op(pair.a.get(), absl::MakeSpan(&byte, 1));
      EXPECT_TRUE(call.RunAfterWait(op));
      EXPECT_EQ(byte, 'm');
    });
    ASSERT_TRUE(WaitUntil([&] { return state.Blocked(Direction::kRead) == 1; },
                          "the reader waits"));
    Send(pair.b, "m");
    reader.Join();
    const std::set<std::string> before =
        std::exchange(watchers, WatchersOf(pair.a.get()));
    EXPECT_EQ(watchers.size(), 1);
    EXPECT_NE(watchers, before);
  }
}

TEST(PollerTest, ADescriptorOutlivesARuntime) {
  Pair pair = MakePair();
  CallState state(Clock::Real());
  for (int i = 0; i < 3; ++i) {
    const auto runtime = RuntimeOf(1);
    const Fiber reader = runtime->Go([&] {
      char byte;
      Call call(state, Direction::kRead);
      CountingRead op(pair.a.get(), absl::MakeSpan(&byte, 1));
      EXPECT_TRUE(call.RunAfterWait(op));
    });
    Send(pair.b, "o");
    reader.Join();
  }
}

TEST(PollerTest, ANumberUsedAgainIsAnotherDescriptor) {
  const auto runtime = RuntimeOf(1);
  for (int i = 0; i < 200; ++i) {
    Pair pair = MakePair();
    CallState state(Clock::Real());
    const Fiber reader = runtime->Go([&] {
      char byte;
      Call call(state, Direction::kRead);
      CountingRead op(pair.a.get(), absl::MakeSpan(&byte, 1));
      EXPECT_TRUE(call.Run(op));
      EXPECT_EQ(byte, 'n');
    });
    Send(pair.b, "n");
    reader.Join();
  }
}

TEST(PollerTest, DeadlineCancelAndCloseEndAWait) {
  const auto runtime = RuntimeOf(2);
  for (int i = 0; i < 100; ++i) {
    Pair pair = MakePair();
    CallState state(Clock::Real());
    absl::Status status;
    const Fiber reader = runtime->Go([&] {
      char byte;
      Call call(state, Direction::kRead);
      if (call.ok()) {
        CountingRead op(pair.a.get(), absl::MakeSpan(&byte, 1));
        EXPECT_FALSE(call.RunAfterWait(op));
      }
      status = call.Error("read");
    });
    switch (i % 3) {
      case 0:
        state.SetDeadline(Direction::kRead, absl::Now());
        reader.Join();
        EXPECT_TRUE(IsTimeout(status)) << status;
        break;
      case 1:
        reader.Cancel();
        reader.Join();
        EXPECT_TRUE(IsCancelledCall(status)) << status;
        break;
      default:
        EXPECT_TRUE(state.Close());
        pair.a.Close();
        state.Done();
        reader.Join();
        EXPECT_TRUE(IsClosed(status)) << status;
    }
  }
}

// There is one place for who waits: the second looks by itself.
TEST(PollerTest, AnotherObjectWithTheSameDescriptorMayWaitToo) {
  const Pair pair = MakePair();
  const auto runtime = RuntimeOf(1);
  CallState states[] = {CallState(Clock::Real()), CallState(Clock::Real())};
  std::vector<Fiber> readers;
  for (CallState& state : states) {
    readers.push_back(runtime->Go([&] {
      char byte;
      Call call(state, Direction::kRead);
      CountingRead op(pair.a.get(), absl::MakeSpan(&byte, 1));
      EXPECT_TRUE(call.Run(op));
      EXPECT_EQ(op.size(), 1);
    }));
    ASSERT_TRUE(WaitUntil([&] { return state.Blocked(Direction::kRead) == 1; },
                          "the reader waits"));
  }
  Send(pair.b, "12");
  for (const Fiber& reader : readers) reader.Join();
}

TEST(PollerTest, WhoWritesByTheWatchOfARuntimeThatEndsGoesOn) {
  const Pair pair = MakePair();
  CallState state(Clock::Real());
  auto ends = RuntimeOf(1);
  const auto stays = RuntimeOf(1);
  Send(pair.b, "x");
  ends->Go([&] {
        char byte;
        Call call(state, Direction::kRead);
        CountingRead op(pair.a.get(), absl::MakeSpan(&byte, 1));
        EXPECT_TRUE(call.RunAfterWait(op));
      })
      .Join();
  const std::set<std::string> before = WatchersOf(pair.a.get());
  EXPECT_EQ(before.size(), 1u);
  constexpr size_t kSize = 4 << 20;
  const Fiber writer = stays->Go([&] {
    Call call(state, Direction::kWrite);
    CountingWrite op(pair.a.get(), kSize);
    EXPECT_TRUE(call.Run(op));
    EXPECT_EQ(op.left(), 0u);
  });
  ASSERT_TRUE(WaitUntil([&] { return state.Blocked(Direction::kWrite) == 1; },
                        "the writer waits"));
  stays->Go([] {}).Join();  // It has parked.
  EXPECT_EQ(WatchersOf(pair.a.get()), before);
  ends.reset();
  ASSERT_TRUE(WaitUntil([&] { return WatchersOf(pair.a.get()).size() == 1; },
                        "the other Runtime watches it"));
  EXPECT_NE(WatchersOf(pair.a.get()), before);
  stays->Go([&] { ReadAll(pair.b, kSize); }).Join();
  writer.Join();
}

}  // namespace
}  // namespace plumb
