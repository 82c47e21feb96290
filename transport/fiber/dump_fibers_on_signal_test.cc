#include "transport/fiber/dump_fibers_on_signal.h"

#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "transport/event.h"
#include "transport/fiber/runtime.h"

namespace plumb {
namespace {

TEST(DumpFibersOnSignalTest, TellsEachTimeWhileTheFibersGoOn) {
  std::vector<std::string> dumps;
  Event came[2];
  DumpFibersOnSignal dump(SIGUSR1, [&](const std::string& text) {
    dumps.push_back(text);
    came[dumps.size() - 1].Notify();
  });
  Event release;
  Runtime runtime;
  const Fiber fiber = runtime.Go(
      "sleeper", [&] { EXPECT_EQ(release.Wait(), absl::OkStatus()); });
  for (Event& event : came) {
    std::raise(SIGUSR1);
    EXPECT_EQ(event.Wait(), absl::OkStatus());
  }
  EXPECT_FALSE(fiber.done());
  release.Notify();
  fiber.Join();
  for (const std::string& text : dumps) {
    EXPECT_TRUE(absl::StrContains(text, "fiber \"sleeper\"")) << text;
  }
}

}  // namespace
}  // namespace plumb
