// The errors of calls that end without a result.
#include <memory>
#include <string>
#include <utility>

#include "transport/call.h"

namespace plumb {

absl::Status Call::Error(absl::string_view op) const {
  return Error(op, ErrorInfo());
}

absl::Status Call::Error(absl::string_view op, ErrorInfo info) const {
  const CallNames* const names = inside_ ? state_.names_.get() : names_.get();
  return CallError(outcome_, NamedInfo(op, names, std::move(info)));
}

ErrorInfo NamedInfo(absl::string_view op, const CallNames* names,
                    ErrorInfo info) {
  info.op = std::string(op);
  if (names != nullptr) {
    info.network = names->network;
    info.source = names->source;
    info.addr = names->addr;
  }
  return info;
}

absl::Status CallError(Call::Outcome outcome, ErrorInfo info) {
  switch (outcome) {
    case Call::Outcome::kCancelled:
      return CancelledError(std::move(info));
    case Call::Outcome::kTimeout:
      return TimeoutError(std::move(info));
    case Call::Outcome::kScopeTimeout:
      info.kind = ErrorKind::kScopeTimeout;
      return TimeoutError(std::move(info));
    default:
      return ClosedError(std::move(info));
  }
}

}  // namespace plumb
