#include "transport/fiber/context.h"

#include <cerrno>
#include <cfenv>
#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "transport/fiber/context_switch.h"
#include "transport/fiber/stack.h"

namespace plumb {
namespace {

// One flow beside the test's own.
class ContextTest : public testing::Test {
 public:
  ContextTest() : thread_(own_), arena_(256 * 1024), stack_(arena_.New()) {}

  void Start(Context::Entry entry) {
    other_.Start(thread_, stack_.low, stack_.size, entry, this);
  }
  void ToOther() { Context::Switch(thread_, own_, other_); }
  void ToOwn() { Context::Switch(thread_, other_, own_); }
  [[noreturn]] void End() { Context::SwitchForever(thread_, other_, own_); }

  static ContextTest& From(void* test) {
    return *static_cast<ContextTest*>(test);
  }

  Context own_;
  Context other_;
  ContextThread thread_;
  StackArena arena_;
  const Stack stack_;
  std::vector<std::string> log_;
};

TEST_F(ContextTest, GoesToAndFro) {
  Start([](void* argument) {
    ContextTest& test = From(argument);
    test.log_.push_back("other 1");
    test.ToOwn();
    test.log_.push_back("other 2");
    test.End();
  });
  log_.push_back("own 1");
  ToOther();
  log_.push_back("own 2");
  ToOther();
  other_.Reset();
  const std::vector<std::string> expected = {"own 1", "other 1", "own 2",
                                             "other 2"};
  EXPECT_EQ(log_, expected);
}

TEST_F(ContextTest, AStackIsUsedAgain) {
  for (int i = 0; i < 1000; ++i) {
    Start([](void* argument) {
      volatile char large[50000];
      for (size_t at = 0; at < sizeof large; at += 512) large[at] = 1;
      From(argument).End();
    });
    ToOther();
    other_.Reset();
  }
}

TEST_F(ContextTest, ErrnoStaysWithItsFlow) {
  Start([](void* argument) {
    errno = EPIPE;
    From(argument).ToOwn();
    EXPECT_EQ(errno, EPIPE);
    From(argument).End();
  });
  errno = ENOENT;
  ToOther();
  EXPECT_EQ(errno, ENOENT);
  errno = EAGAIN;
  ToOther();
  EXPECT_EQ(errno, EAGAIN);
  other_.Reset();
}

TEST_F(ContextTest, ExceptionsBeingHandledStayWithTheirFlow) {
  Start([](void* argument) {
    EXPECT_EQ(std::current_exception(), nullptr);
    try {
      throw std::runtime_error("other");
    } catch (const std::runtime_error& error) {
      From(argument).ToOwn();
      EXPECT_STREQ(error.what(), "other");
      try {
        throw;
      } catch (const std::runtime_error& again) {
        EXPECT_STREQ(again.what(), "other");
      }
    }
    EXPECT_EQ(std::current_exception(), nullptr);
    From(argument).End();
  });
  try {
    throw std::logic_error("own");
  } catch (const std::logic_error& error) {
    ToOther();
    try {
      throw;
    } catch (const std::logic_error& again) {
      EXPECT_STREQ(again.what(), "own");
    }
    ToOther();
    EXPECT_STREQ(error.what(), "own");
  }
  EXPECT_EQ(std::uncaught_exceptions(), 0);
  other_.Reset();
}

TEST_F(ContextTest, RoundingStaysWithItsFlow) {
  std::fesetround(FE_DOWNWARD);
  Start([](void* argument) {
    std::fesetround(FE_UPWARD);
    From(argument).ToOwn();
    EXPECT_EQ(std::fegetround(), FE_UPWARD);
    From(argument).End();
  });
  ToOther();
  EXPECT_EQ(std::fegetround(), FE_DOWNWARD);
  volatile double three = 3;
  const double down = 1 / three;
  std::fesetround(FE_TONEAREST);
  ToOther();
  EXPECT_EQ(std::fegetround(), FE_TONEAREST);
  EXPECT_LE(down, 1 / three);
  other_.Reset();
}

// More than the processor has registers for.
TEST_F(ContextTest, ValuesSurviveTheSwitch) {
  Start([](void* argument) {
    ContextTest& test = From(argument);
    for (;;) test.ToOwn();
  });
  volatile int64_t step = 1;
  volatile double half = 0.5;
  int64_t whole[20] = {};
  double real[20] = {};
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 20; ++i) whole[i] += step * i;
    for (int i = 0; i < 20; ++i) real[i] += half * i;
    ToOther();
  }
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(whole[i], 3 * i);
    EXPECT_EQ(real[i], 1.5 * i);
  }
}

using ContextDeathTest = ContextTest;

TEST_F(ContextDeathTest, AnExceptionThatLeavesItTerminates) {
  Start([](void*) { throw std::runtime_error("nobody catches this"); });
  EXPECT_DEATH(ToOther(), "nobody catches this");
}

}  // namespace
}  // namespace plumb
