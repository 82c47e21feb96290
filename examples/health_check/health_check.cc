// Asks servers whether they are well and prints a table.
//
//   health_check tcp:localhost:9090 unix:/tmp/echo.sock
#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "backends/all.h"
#include "examples/health_check/health_checker.h"
#include "examples/program.h"
#include "transport/clock.h"

ABSL_FLAG(absl::Duration, timeout, absl::Seconds(2), "for each target");
ABSL_FLAG(absl::Duration, slow, absl::Milliseconds(500),
          "an answer that takes longer is slow");

namespace {

absl::StatusOr<std::vector<examples::Target>> ParseTargets(
    const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    return absl::InvalidArgumentError("no targets given; see --help");
  }
  std::vector<examples::Target> targets;
  for (const std::string& argument : arguments) {
    const size_t colon = argument.find(':');
    if (colon == std::string::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat(argument, " is not NETWORK:ADDRESS"));
    }
    targets.push_back({argument.substr(0, colon), argument.substr(colon + 1)});
  }
  return targets;
}

}  // namespace

int main(int argc, char** argv) {
  const auto targets = ParseTargets(examples::ParseArguments(
      "Asks servers whether they are well: health_check NETWORK:ADDRESS...\n"
      "Succeeds when all of them answer.",
      argc, argv));
  if (!targets.ok()) return examples::Fail(targets.status());

  examples::HealthOptions options;
  options.timeout = absl::GetFlag(FLAGS_timeout);
  options.slow = absl::GetFlag(FLAGS_slow);
  const examples::HealthChecker checker(plumb::DefaultRegistry(),
                                        plumb::Clock::Real(), options);
  const std::vector<examples::Health> healths = checker.CheckAll(*targets);
  std::cout << examples::HealthTable(healths);

  int silent = 0;
  for (const examples::Health& health : healths) silent += !health.answered();
  return silent == 0 ? 0 : 1;
}
