#include "testing/run_program.h"

#include "gtest/gtest.h"

namespace plumb {
namespace {

TEST(RunProgramTest, TellsWhatItSaysAndHowItExits) {
  const ProgramOutcome run = RunProgram("echo out; echo err >&2; exit 3");
  EXPECT_EQ(run.exit_status, 3);
  EXPECT_EQ(run.output, "out\nerr\n");
}

TEST(RunProgramTest, ASignalIsNoExitStatus) {
  const ProgramOutcome run = RunProgram("echo before; kill -KILL $$");
  EXPECT_EQ(run.exit_status, -1);
  EXPECT_EQ(run.output, "before\n");
}

}  // namespace
}  // namespace plumb
