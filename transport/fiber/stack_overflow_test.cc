// What else becomes of SIGSEGV in a process that has a Runtime: all is as it
// would be without one. That an overflow is told is in runtime_test.cc.
#include "transport/fiber/stack_overflow.h"

#include <signal.h>
#include <unistd.h>

#include <cstring>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "transport/fiber/overflow_for_test.h"
#include "transport/fiber/runtime.h"
#include "transport/fiber/workers_for_test.h"

namespace plumb {
namespace {

using ::testing::ExitedWithCode;
using ::testing::HasSubstr;
using ::testing::KilledBySignal;
using ::testing::Not;

void Access(const volatile int* nowhere = nullptr) { (void)*nowhere; }

void Say(const char* text) { (void)!write(2, text, std::strlen(text)); }

void OnSignal(int) {
  Say("before");
  _exit(3);
}

void OnAction(int signal, siginfo_t* info, void* context) {
  if (signal == SIGSEGV && info != nullptr && context != nullptr) Say("before");
  _exit(3);
}

void SetHandler(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGSEGV, &action, nullptr);
}

void SetAction() {
  struct sigaction action = {};
  action.sa_sigaction = OnAction;
  action.sa_flags = SA_ONSTACK | SA_SIGINFO;
  sigaction(SIGSEGV, &action, nullptr);
}

// The handler is the process's: each case has a process of its own.
class StackOverflowDeathTest : public testing::Test {
 protected:
  StackOverflowDeathTest() {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
  }
};

TEST_F(StackOverflowDeathTest, AnotherAccessOfAFiberIsNoOverflow) {
  EXPECT_EXIT(
      {
        Runtime runtime(Workers(1));
        runtime.Go("wild", [] { Access(); }).Join();
      },
      KilledBySignal(SIGSEGV), Not(HasSubstr("overflow")));
}

TEST_F(StackOverflowDeathTest, NorIsOneOfAThread) {
  EXPECT_EXIT(
      {
        const Runtime runtime(Workers(1));
        Access();
      },
      KilledBySignal(SIGSEGV), Not(HasSubstr("overflow")));
}

TEST_F(StackOverflowDeathTest, OneThatIsSentEndsTheProgram) {
  EXPECT_EXIT(
      {
        const Runtime runtime(Workers(1));
        kill(getpid(), SIGSEGV);
      },
      KilledBySignal(SIGSEGV), Not(HasSubstr("overflow")));
  EXPECT_EXIT(
      {
        Runtime runtime(Workers(1));
        runtime.Go("raiser", [] { raise(SIGSEGV); }).Join();
      },
      KilledBySignal(SIGSEGV), Not(HasSubstr("overflow")));
}

TEST_F(StackOverflowDeathTest, OneThatIsSentAndIgnoredDoesNot) {
  EXPECT_EXIT(
      {
        SetHandler(SIG_IGN);
        const Runtime runtime(Workers(1));
        raise(SIGSEGV);
        raise(SIGSEGV);
        _exit(4);
      },
      ExitedWithCode(4), "");
}

TEST_F(StackOverflowDeathTest, TheHandlerThatWasThereIsCalled) {
  for (const bool with_info : {false, true}) {
    const auto install = [with_info] {
      with_info ? SetAction() : SetHandler(OnSignal);
    };
    EXPECT_EXIT(
        {
          install();
          Runtime runtime(Workers(1));
          runtime.Go("wild", [] { Access(); }).Join();
        },
        ExitedWithCode(3), "^before$");
    EXPECT_EXIT(
        {
          install();
          const Runtime runtime(Workers(1));
          raise(SIGSEGV);
        },
        ExitedWithCode(3), "^before$");
    EXPECT_EXIT(
        {
          install();
          Runtime runtime(Workers(1));
          runtime.Go("deep", OverflowTheStack).Join();
        },
        ExitedWithCode(3), "stack overflow in fiber \"deep\".*\nbefore$");
  }
}

}  // namespace
}  // namespace plumb
