// A HealthChecker asks servers whether they are well, over whatever network
// they are on.
//
//   HealthChecker checker(transport);
//   std::cout << HealthTable(checker.CheckAll({{"tcp", "db:5432"},
//                                              {"unix", "/run/cache.sock"}}));
//
// It dials, says "ping" and waits for one line, which may say anything.
//
// Threads: any method at any time. Ends early, with kFailed, in a CancelScope
// around Check.
#ifndef PLUMB_EXAMPLES_HEALTH_CHECK_HEALTH_CHECKER_H_
#define PLUMB_EXAMPLES_HEALTH_CHECK_HEALTH_CHECKER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "transport/clock.h"
#include "transport/transport.h"

namespace examples {

struct Target {
  std::string network;
  std::string address;
};

enum class State {
  kHealthy,
  kSlow,     // answered, but late
  kHanging,  // no answer in time
  kRefused,  // nobody listens there
  kClosed,   // finished without an answer
  kFailed,   // anything else; see Health::detail
};
absl::string_view StateName(State state);

struct Health {
  Target target;
  State state = State::kFailed;
  absl::Duration took;
  std::string detail;  // the answer, or the error

  bool answered() const {
    return state == State::kHealthy || state == State::kSlow;
  }
};

struct HealthOptions {
  absl::Duration slow = absl::Milliseconds(500);
  absl::Duration timeout = absl::Seconds(2);
};

class HealthChecker {
 public:
  // `clock` is the transport's, on which the timeouts are measured.
  explicit HealthChecker(plumb::Transport& transport,
                         plumb::Clock& clock = plumb::Clock::Real(),
                         HealthOptions options = HealthOptions());

  Health Check(const Target& target) const;

  // All at the same time, each on a thread; in the order of `targets`. kFailed
  // where there is no thread for one.
  std::vector<Health> CheckAll(const std::vector<Target>& targets) const;

 private:
  absl::StatusOr<std::string> Ask(const Target& target) const;

  plumb::Transport& transport_;
  plumb::Clock& clock_;
  const HealthOptions options_;
};

// One line for each, under a header.
std::string HealthTable(const std::vector<Health>& healths);

}  // namespace examples

#endif  // PLUMB_EXAMPLES_HEALTH_CHECK_HEALTH_CHECKER_H_
