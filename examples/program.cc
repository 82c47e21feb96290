#include "examples/program.h"

#include <errno.h>

#include <cstdlib>
#include <iostream>

#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_cat.h"
#include "transport/error.h"

namespace examples {

std::vector<std::string> ParseArguments(absl::string_view usage, int argc,
                                        char** argv) {
  absl::SetProgramUsageMessage(usage);
  const std::vector<char*> left = absl::ParseCommandLine(argc, argv);
  return std::vector<std::string>(left.begin() + 1, left.end());
}

void ParseFlags(absl::string_view usage, int argc, char** argv) {
  const std::vector<std::string> left = ParseArguments(usage, argc, argv);
  if (left.empty()) return;
  Complain(absl::StrCat("unknown argument ", left[0], "; see --help"));
  std::exit(1);
}

void Complain(absl::string_view message) {
  // In one piece, since handlers complain on many threads.
  std::cerr << absl::StrCat(program_invocation_short_name, ": ", message, "\n");
}

void Tell(const absl::Status& status) {
  if (status.ok() || plumb::IsCancelledCall(status)) return;
  Complain(status.message());
}

int Fail(const absl::Status& status) {
  Complain(status.message());
  return 1;
}

}  // namespace examples
