// What the example programs share: how they take their arguments and how they
// fail.
#ifndef PLUMB_EXAMPLES_PROGRAM_H_
#define PLUMB_EXAMPLES_PROGRAM_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace examples {

// Parses the flags and returns what is left of the arguments. `usage` is what
// --help prints above the flags.
std::vector<std::string> ParseArguments(absl::string_view usage, int argc,
                                        char** argv);

// The same for a program that takes flags alone: exits when anything is left.
void ParseFlags(absl::string_view usage, int argc, char** argv);

// Prints `message`, with the program's name before it, to standard error.
void Complain(absl::string_view message);

// Complains of an error, unless a scope or a signal has ended the call.
void Tell(const absl::Status& status);

// Complains and returns the exit status: 1.
int Fail(const absl::Status& status);

}  // namespace examples

#endif  // PLUMB_EXAMPLES_PROGRAM_H_
