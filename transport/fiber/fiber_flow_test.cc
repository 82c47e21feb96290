// What belongs to a fiber's own flow of control: the exceptions that it throws
// and handles, and a stack that begins where it does.
#include <execinfo.h>

#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>

#include "absl/debugging/stacktrace.h"
#include "absl/debugging/symbolize.h"
#include "gtest/gtest.h"
#include "transport/fiber/runtime.h"
#include "transport/fiber/workers_for_test.h"

namespace plumb {
namespace {

// Two fibers that do the same, and change at each Yield.
void RunTwice(void (*body)(const std::string& name)) {
  Runtime runtime(Workers(1));
  const Fiber a = runtime.Go([body] { body("a"); });
  const Fiber b = runtime.Go([body] { body("b"); });
  a.Join();
  b.Join();
}

TEST(FiberFlowTest, AnExceptionIsHandledAcrossASuspend) {
  RunTwice([](const std::string& name) {
    for (int i = 0; i < 3; ++i) {
      try {
        throw std::runtime_error(name);
      } catch (const std::runtime_error&) {
        Yield();
        try {
          throw;
        } catch (const std::runtime_error& error) {
          EXPECT_EQ(error.what(), name);
        }
      }
      EXPECT_EQ(std::current_exception(), nullptr);
    }
  });
}

struct YieldsInItsDestructor {
  ~YieldsInItsDestructor() {
    EXPECT_EQ(std::uncaught_exceptions(), 1);
    Yield();
    EXPECT_EQ(std::uncaught_exceptions(), 1);
  }
};

TEST(FiberFlowTest, AStackIsUnwoundAcrossASuspend) {
  RunTwice([](const std::string& name) {
    try {
      EXPECT_EQ(std::uncaught_exceptions(), 0);
      const YieldsInItsDestructor yields;
      throw std::runtime_error(name);
    } catch (const std::runtime_error& error) {
      EXPECT_EQ(error.what(), name);
    }
    EXPECT_EQ(std::uncaught_exceptions(), 0);
  });
}

TEST(FiberFlowTest, AnotherFiberSeesNoneOfIt) {
  Runtime runtime(Workers(1));
  const Fiber throws = runtime.Go([] {
    try {
      throw 1;
    } catch (int) {
      Yield();
    }
  });
  const Fiber looks = runtime.Go([] {
    EXPECT_EQ(std::current_exception(), nullptr);
    EXPECT_EQ(std::uncaught_exceptions(), 0);
  });
  throws.Join();
  looks.Join();
}

std::string NameOf(void* frame) {
  char name[256];
  return absl::Symbolize(static_cast<char*>(frame) - 1, name, sizeof name)
             ? name
             : "(unknown)";
}

constexpr int kFrames = 100;

TEST(FiberFlowTest, AStackTraceEndsWhereTheFiberBegan) {
  Runtime runtime(Workers(1));
  void* frames[kFrames];
  int count = 0;
  const auto look = [&] {
    Yield();
    count = absl::GetStackTrace(frames, kFrames, 0);
  };
  runtime.Go(look).Join();
  ASSERT_GT(count, 2);
  ASSERT_LT(count, kFrames) << "it does not end";
  int main = 0;
  while (main < count && NameOf(frames[main]) != "plumb::Worker::Main()") {
    ++main;
  }
  // Above it are only those that made the stack.
  EXPECT_LT(main, count);
  EXPECT_GT(main, count - 20);
}

TEST(FiberFlowTest, AnUnwinderEndsThereToo) {
  Runtime runtime(Workers(1));
  void* frames[kFrames];
  int count = 0;
  runtime
      .Go([&] {
        Yield();
        count = backtrace(frames, kFrames);
      })
      .Join();
  ASSERT_GT(count, 2);
  ASSERT_LT(count, kFrames) << "it does not end";
  EXPECT_EQ(NameOf(frames[count - 1]), "plumb::(anonymous namespace)::Run()");
}

}  // namespace
}  // namespace plumb
