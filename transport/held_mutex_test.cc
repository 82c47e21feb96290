#include "transport/held_mutex.h"

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "transport/cond_var.h"
#include "transport/event.h"
#include "transport/fiber/fiber_group.h"
#include "transport/fiber/run_blocking.h"
#include "transport/fiber/runtime.h"
#include "transport/mutex.h"
#include "transport/pipe.h"
#include "transport/sleep.h"

namespace plumb {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// What stderr hears when `function` runs on a fiber called "clerk".
std::string StderrOf(std::function<void()> function) {
  testing::internal::CaptureStderr();
  RuntimeOptions options;
  options.workers = 1;
  {
    Runtime runtime(options);
    runtime.Go("clerk", std::move(function)).Join();
  }
  return testing::internal::GetCapturedStderr();
}

#ifdef NDEBUG
const auto kToldOf = [] { return IsEmpty(); };
#else
const auto kToldOf = [] {
  return HasSubstr(
      "plumb::Mutex: fiber \"clerk\" is suspended while it holds 1:\n    0x");
};
#endif

constexpr absl::Duration kShort = absl::Milliseconds(1);

TEST(HeldMutexTest, ASleepIsToldOf) {
  Mutex mutex;
  EXPECT_THAT(StderrOf([&] {
                MutexLock lock(mutex);
                EXPECT_TRUE(plumb::SleepFor(kShort).ok());
              }),
              kToldOf());
}

TEST(HeldMutexTest, AnEventIsToldOf) {
  Mutex mutex;
  Event event;
  EXPECT_THAT(StderrOf([&] {
                MutexLock lock(mutex);
                Go([&] { event.Notify(); });
                EXPECT_TRUE(event.Wait().ok());
              }),
              kToldOf());
}

TEST(HeldMutexTest, AConnIsToldOf) {
  Mutex mutex;
  auto [near, far] = Pipe();
  EXPECT_THAT(StderrOf([&, a = near.get(), b = far.get()] {
                MutexLock lock(mutex);
                Go([=] { EXPECT_TRUE(b->Write("x").ok()); });
                char byte;
                EXPECT_TRUE(a->Read(absl::MakeSpan(&byte, 1)).ok());
              }),
              kToldOf());
}

TEST(HeldMutexTest, JoiningIsToldOf) {
  Mutex mutex;
  EXPECT_THAT(StderrOf([&] {
                MutexLock lock(mutex);
                Go([] {}).Join();
              }),
              kToldOf());
  EXPECT_THAT(StderrOf([&] {
                MutexLock lock(mutex);
                FiberGroup group;
                group.Go([] { return absl::OkStatus(); });
                EXPECT_TRUE(group.Wait().ok());
              }),
              kToldOf());
}

TEST(HeldMutexTest, BlockingWorkIsToldOf) {
  Mutex mutex;
  EXPECT_THAT(StderrOf([&] {
                MutexLock lock(mutex);
                RunBlocking([] {});
              }),
              kToldOf());
}

TEST(HeldMutexTest, ACondVarIsToldOfAnotherMutexOnly) {
  Mutex own, other;
  CondVar changed;
  const auto wait = [&] {
    MutexLock lock(own);
    Go([&] {
      MutexLock inner(own);
      changed.Signal();
    });
    EXPECT_TRUE(changed.Wait(own).ok());
  };
  EXPECT_THAT(StderrOf(wait), IsEmpty());
  EXPECT_THAT(StderrOf([&] {
                MutexLock lock(other);
                wait();
              }),
              kToldOf());
}

TEST(HeldMutexTest, LockingAnotherIsNot) {
  Mutex outer, inner;
  EXPECT_THAT(StderrOf([&] {
                inner.Lock();
                const Fiber other = Go([&] {
                  MutexLock first(outer);
                  MutexLock second(inner);
                });
                Yield();
                inner.Unlock();
                other.Join();
              }),
              IsEmpty());
}

TEST(HeldMutexTest, APlaceIsToldOfOnce) {
  Mutex mutex;
  const std::string told = StderrOf([&] {
    for (int i = 0; i < 3; ++i) {
      MutexLock lock(mutex);
      EXPECT_TRUE(plumb::SleepFor(kShort).ok());
    }
  });
  EXPECT_THAT(told, kToldOf());
  const size_t first = told.find("plumb::Mutex");
  EXPECT_EQ(told.find("plumb::Mutex", first + 1), std::string::npos);
}

TEST(HeldMutexTest, WhatDoesNotSuspendIsNot) {
  Mutex mutex;
  Event event;
  event.Notify();
  EXPECT_THAT(StderrOf([&] {
                MutexLock lock(mutex);
                EXPECT_TRUE(event.Wait().ok());
                EXPECT_TRUE(plumb::SleepFor(absl::ZeroDuration()).ok());
              }),
              IsEmpty());
}

}  // namespace
}  // namespace plumb
