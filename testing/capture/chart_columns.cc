#include "testing/capture/chart_columns.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace plumb {
namespace {

// An unnamed socket is not one place.
bool SaysWhere(const std::string& end) { return !end.empty() && end != "@"; }

}  // namespace

void ChartColumns::LearnHosts(const std::string& host,
                              PacketDirection direction,
                              const PacketParts& parts) {
  if (direction == PacketDirection::kOutbound && SaysWhere(parts.from)) {
    hosts_[parts.from] = host;
  }
  if (direction == PacketDirection::kInbound && SaysWhere(parts.to)) {
    hosts_[parts.to] = host;
  }
}

void ChartColumns::LearnApart(const std::string& host,
                              PacketDirection direction,
                              const PacketParts& parts) {
  if (parts.kind == "note") return;
  const auto [from, to] = PlacesOf(host, direction, parts);
  if (from != to) return;
  const bool answers = apart_.count(parts.from) > 0;
  if (!answers && SaysWhere(parts.to)) apart_.insert(parts.to);
}

std::pair<int, int> ChartColumns::Of(const std::string& host,
                                     PacketDirection direction,
                                     const PacketParts& parts) {
  if (parts.kind == "note") return {Column(host), -1};
  auto [from, to] = PlacesOf(host, direction, parts);
  if (apart_.count(parts.from) > 0) absl::StrAppend(&from, " ", parts.from);
  if (apart_.count(parts.to) > 0) absl::StrAppend(&to, " ", parts.to);
  const int first = Column(from);
  return {first, Column(to)};
}

std::string ChartColumns::PlaceOf(const std::string& end,
                                  const std::optional<IpPort>& ip) const {
  const auto host = hosts_.find(end);
  if (host != hosts_.end()) return host->second;
  if (!ip.has_value()) return end;
  const auto name = names_.find(ip->ip);
  if (name != names_.end()) return name->second;
  return ip->ip.IsLoopback() ? end : ip->ip.ToString();
}

std::pair<std::string, std::string> ChartColumns::PlacesOf(
    const std::string& host, PacketDirection direction,
    const PacketParts& parts) const {
  const bool out = direction == PacketDirection::kOutbound;
  const bool in = direction == PacketDirection::kInbound;
  return {out ? host : PlaceOf(parts.from, parts.from_ip),
          in ? host : PlaceOf(parts.to, parts.to_ip)};
}

int ChartColumns::Column(const std::string& place) {
  const auto it = std::find(columns_.begin(), columns_.end(), place);
  if (it != columns_.end()) return static_cast<int>(it - columns_.begin());
  columns_.push_back(place);
  return static_cast<int>(columns_.size() - 1);
}

}  // namespace plumb
