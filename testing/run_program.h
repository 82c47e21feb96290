// Runs a program, for tests of what it says and of how it ends:
//
//   const auto run = plumb::RunProgram("examples/tool --nope");
//
//   EXPECT_EQ(run.exit_status, 2);
//
//   EXPECT_EQ(run.output, "tool: no such flag: --nope\n");
#ifndef PLUMB_TESTING_RUN_PROGRAM_H_
#define PLUMB_TESTING_RUN_PROGRAM_H_

#include <string>

namespace plumb {

struct ProgramOutcome {
  // -1 when a signal ended it, or when it could not be waited for.
  int exit_status = -1;
  std::string output;  // stdout and stderr
};

// `command` is the shell's (sh(1)). Returns when it and everything else that
// holds its output have ended. When a signal ends a program for which the shell
// waits, the exit status is 128 plus the signal's number; with "exec" before
// the program no shell waits.
ProgramOutcome RunProgram(const std::string& command);

}  // namespace plumb

#endif  // PLUMB_TESTING_RUN_PROGRAM_H_
