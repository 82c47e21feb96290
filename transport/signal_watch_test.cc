#include "transport/signal_watch.h"

#include <csignal>
#include <thread>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "transport/event.h"

namespace plumb {
namespace {

TEST(SignalWatchTest, CallsTheFunctionForEach) {
  Event came[2];
  int calls = 0;
  SignalWatch watch("Test", {SIGUSR1}, SignalWatch::Which::kEach,
                    [&] { came[calls++].Notify(); });
  std::raise(SIGUSR1);
  EXPECT_EQ(came[0].Wait(), absl::OkStatus());
  std::raise(SIGUSR1);
  EXPECT_EQ(came[1].Wait(), absl::OkStatus());
}

TEST(SignalWatchTest, EachSignalHasItsOwn) {
  Event one, two;
  SignalWatch first("Test", {SIGUSR1}, SignalWatch::Which::kEach,
                    [&] { one.Notify(); });
  SignalWatch second("Test", {SIGUSR2}, SignalWatch::Which::kFirst,
                     [&] { two.Notify(); });
  std::raise(SIGUSR2);
  EXPECT_EQ(two.Wait(), absl::OkStatus());
  EXPECT_FALSE(one.HasBeenNotified());
  std::raise(SIGUSR1);
  EXPECT_EQ(one.Wait(), absl::OkStatus());
}

TEST(SignalWatchTest, TheDestructorWaitsForTheFunction) {
  Event called, release;
  std::thread releaser([&] {
    EXPECT_EQ(called.Wait(), absl::OkStatus());
    release.Notify();
  });
  bool returned = false;
  {
    SignalWatch watch("Test", {SIGUSR1}, SignalWatch::Which::kEach, [&] {
      called.Notify();
      EXPECT_EQ(release.Wait(), absl::OkStatus());
      returned = true;
    });
    std::raise(SIGUSR1);
  }
  EXPECT_TRUE(returned);
  releaser.join();
}

TEST(SignalWatchDeathTest, ASecondForOneSignalEndsTheProgram) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        SignalWatch one("One", {SIGUSR1}, SignalWatch::Which::kEach, [] {});
        SignalWatch two("Two", {SIGUSR1}, SignalWatch::Which::kEach, [] {});
      },
      "plumb::Two: the signal is watched already");
}

TEST(SignalWatchDeathTest, ASignalThatCannotBeCaughtEndsTheProgram) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(SignalWatch("Test", {SIGKILL}, SignalWatch::Which::kEach, [] {}),
               "plumb::Test: not a signal to catch");
  EXPECT_DEATH(SignalWatch("Test", {1000}, SignalWatch::Which::kEach, [] {}),
               "plumb::Test: not a signal to catch");
}

}  // namespace
}  // namespace plumb
