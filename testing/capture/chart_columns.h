// Which column of a chart each end of a packet is in; chart.h says how.
//
//   ChartColumns columns(file.names);
//   for (packet) columns.LearnHosts(host, direction, parts);
//   for (packet) columns.LearnApart(host, direction, parts);
//   for (packet) ... columns.Of(host, direction, parts) ...
//
// Threads: one at a time.
#ifndef PLUMB_TESTING_CAPTURE_CHART_COLUMNS_H_
#define PLUMB_TESTING_CAPTURE_CHART_COLUMNS_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "testing/capture/packet_text.h"
#include "testing/capture/pcapng.h"
#include "transport/addr.h"
#include "transport/ip_addr.h"

namespace plumb {

class ChartColumns {
 public:
  explicit ChartColumns(absl::Span<const std::pair<IpAddr, std::string>> names)
      : names_(names.begin(), names.end()) {}

  // A packet that `host` saw: first of all packets who is where, then who
  // stands apart.
  void LearnHosts(const std::string& host, PacketDirection direction,
                  const PacketParts& parts);
  void LearnApart(const std::string& host, PacketDirection direction,
                  const PacketParts& parts);

  // The columns of its two ends; of a note, that of the host, and -1.
  std::pair<int, int> Of(const std::string& host, PacketDirection direction,
                         const PacketParts& parts);

  // In order of their first packet.
  const std::vector<std::string>& columns() const { return columns_; }

 private:
  // Where an end is: a host's name, or an address that is nobody's.
  std::string PlaceOf(const std::string& end,
                      const std::optional<IpPort>& ip) const;
  std::pair<std::string, std::string> PlacesOf(const std::string& host,
                                               PacketDirection direction,
                                               const PacketParts& parts) const;
  int Column(const std::string& place);

  const std::map<IpAddr, std::string> names_;
  std::map<std::string, std::string> hosts_;  // by end
  // Ends that were dialled from their own host.
  std::set<std::string> apart_;
  std::vector<std::string> columns_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_CHART_COLUMNS_H_
