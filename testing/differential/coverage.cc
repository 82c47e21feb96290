#include "testing/differential/coverage.h"

#include <cerrno>
#include <cstring>
#include <iterator>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace plumb {
namespace {

// Those that last once all that was sent has arrived; "gone" is after one's own
// Close. No connection that somebody has is in SYN_SENT, SYN_RECV or TIME_WAIT;
// FIN_WAIT1, CLOSING and LAST_ACK end with the next packet of the peer.
constexpr const char* kStates[] = {"ESTABLISHED", "FIN_WAIT2", "CLOSE_WAIT",
                                   "CLOSED", "gone"};

// Operations on a connection.
constexpr Verb kVerbs[] = {Verb::kRead,       Verb::kPeek,      Verb::kWrite,
                           Verb::kWait,       Verb::kFill,      Verb::kDrain,
                           Verb::kCloseWrite, Verb::kCloseRead, Verb::kClose,
                           Verb::kLinger,     Verb::kDeadline};

// Those that a script can bring about on every machine.
constexpr int kErrors[] = {EPIPE,      ECONNRESET, ECONNREFUSED, ENOTCONN,
                           EADDRINUSE, EMSGSIZE,   EINVAL,       ENOENT,
                           EPROTOTYPE, EPERM,      EBADF};

}  // namespace

void Coverage::Record(const Script& script, const Trace& kernel) {
  for (size_t i = 0; i < kernel.size(); ++i) {
    const char* const name = VerbName(script[i].verb);
    if (!kernel[i].state.empty()) ++cells_[{name, kernel[i].state}];
    if (kernel[i].error != 0) ++errors_[{name, kernel[i].error}];
  }
}

std::string Coverage::StateTable() const {
  std::string table = absl::StrFormat("%-12s", "");
  for (const char* state : kStates)
    absl::StrAppendFormat(&table, "%12s", state);
  absl::StrAppend(&table, "\n");
  for (const Verb verb : kVerbs) {
    absl::StrAppendFormat(&table, "%-12s", VerbName(verb));
    for (const char* state : kStates) {
      const auto it = cells_.find({VerbName(verb), state});
      absl::StrAppendFormat(&table, "%12d",
                            it == cells_.end() ? 0 : it->second);
    }
    absl::StrAppend(&table, "\n");
  }
  return table;
}

std::string Coverage::ErrnoTable() const {
  std::string table;
  for (const auto& [what, count] : errors_) {
    absl::StrAppendFormat(&table, "%-12s%-16s%8d\n", what.first,
                          strerrorname_np(what.second), count);
  }
  return table;
}

std::vector<std::string> Coverage::Missing(int count) const {
  std::vector<std::string> missing;
  for (const Verb verb : kVerbs) {
    for (const char* state : kStates) {
      const auto it = cells_.find({VerbName(verb), state});
      const int seen = it == cells_.end() ? 0 : it->second;
      if (seen >= count) continue;
      missing.push_back(
          absl::StrCat(VerbName(verb), " in ", state, ": ", seen));
    }
  }
  for (const int error : kErrors) {
    int seen = 0;
    for (const auto& [what, times] : errors_) {
      if (what.second == error) seen += times;
    }
    if (seen >= count) continue;
    missing.push_back(absl::StrCat(strerrorname_np(error), ": ", seen));
  }
  return missing;
}

}  // namespace plumb
