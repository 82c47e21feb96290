#include "transport/host_port.h"

#include <cstddef>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace plumb {
namespace {

constexpr size_t kNone = absl::string_view::npos;

absl::Status Error(absl::string_view text, absl::string_view what) {
  if (text.empty()) return absl::InvalidArgumentError(what);
  return absl::InvalidArgumentError(absl::StrCat("address ", text, ": ", what));
}

// Where the host's closing bracket is. `colon` is the last colon.
absl::StatusOr<size_t> FindClosing(absl::string_view text, size_t colon) {
  const size_t closing = text.find(']');
  if (closing == kNone) return Error(text, "missing ']' in address");
  if (closing + 1 == colon) return closing;
  const bool early_colon =
      closing + 1 < text.size() && text[closing + 1] == ':';
  return Error(text, early_colon ? "too many colons in address"
                                 : "missing port in address");
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const HostPort& p) {
  return out << JoinHostPort(p.host, p.port);
}

absl::StatusOr<HostPort> SplitHostPort(absl::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == kNone) return Error(text, "missing port in address");
  const absl::string_view port = text.substr(colon + 1);
  absl::string_view host = text.substr(0, colon);
  if (text[0] == '[') {
    const absl::StatusOr<size_t> closing = FindClosing(text, colon);
    if (!closing.ok()) return closing.status();
    host = text.substr(1, *closing - 1);
  } else if (host.find(':') != kNone) {
    return Error(text, "too many colons in address");
  }
  for (const absl::string_view part : {host, port}) {
    if (part.find('[') != kNone)
      return Error(text, "unexpected '[' in address");
  }
  for (const absl::string_view part : {host, port}) {
    if (part.find(']') != kNone)
      return Error(text, "unexpected ']' in address");
  }
  return HostPort{std::string(host), std::string(port)};
}

std::string JoinHostPort(absl::string_view host, absl::string_view port) {
  if (host.find(':') != kNone) return absl::StrCat("[", host, "]:", port);
  return absl::StrCat(host, ":", port);
}

}  // namespace plumb
