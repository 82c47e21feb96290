// Runs a program, for tests of what it says and of how it ends:
//
//   const plumb::ProgramOutcome run = plumb::RunProgram("examples/tool
//   --nope"); EXPECT_EQ(run.exit_status, 2); EXPECT_EQ(run.output, "tool: no
//   such flag: --nope\n");
#ifndef PLUMB_TESTING_RUN_PROGRAM_H_
#define PLUMB_TESTING_RUN_PROGRAM_H_

#include <string>

namespace plumb {

struct ProgramOutcome {
  // -1 when a signal ended it, or when it could not be waited for.
  int exit_status = -1;
  std::string output;  // stdout and stderr
};

// `command` is the shell's (sh(1)). Returns when it has ended, and all that has
// its output too. A shell that waits for a program tells a signal that ended
// that as 128 and its number: "exec" before the program lets no shell wait.
ProgramOutcome RunProgram(const std::string& command);

}  // namespace plumb

#endif  // PLUMB_TESTING_RUN_PROGRAM_H_
