#include "backends/fake/netstat.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace plumb {
namespace {

std::string Text(const Addr& addr) {
  return addr.has_value() ? addr.ToString() : std::string();
}

}  // namespace

std::string FormatNetstat(absl::Span<const NetstatRow> rows) {
  size_t local = 6, remote = 6;
  for (const NetstatRow& row : rows) {
    local = std::max(local, Text(row.local).size());
    remote = std::max(remote, Text(row.remote).size());
  }
  std::string text =
      absl::StrFormat("%-10s %6s %9s %-*s %-*s %s\n", "network", "unread",
                      "in flight", static_cast<int>(local), "local",
                      static_cast<int>(remote), "remote", "state");
  for (const NetstatRow& row : rows) {
    absl::StrAppendFormat(&text, "%-10s %6d %9d %-*s %-*s %s\n", row.network,
                          row.unread, row.in_flight, static_cast<int>(local),
                          Text(row.local), static_cast<int>(remote),
                          Text(row.remote), row.state);
  }
  return text;
}

}  // namespace plumb
