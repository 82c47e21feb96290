#include "testing/capture/chart_data.h"

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "testing/capture/chart_columns.h"
#include "testing/capture/packet_text.h"

namespace plumb {
namespace {

// As much of the data as a person looks at; a page has thousands of these.
constexpr size_t kMaxData = 2048;

// A JSON string of ASCII alone, one character for each byte; chart.js reads it
// as UTF-8 where it is that.
std::string Quoted(absl::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x20 || byte >= 0x7f || c == '"' || c == '\\' || c == '<') {
      absl::StrAppendFormat(&quoted, "\\u%04x", byte);
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string QuotedList(const std::vector<std::string>& texts) {
  std::string list = "[";
  for (const std::string& text : texts) {
    absl::StrAppend(&list, list.size() > 1 ? "," : "", Quoted(text));
  }
  return list + "]";
}

const char* ClassOf(const PacketParts& parts) {
  if (parts.kind == "note" || parts.kind == "datagram") {
    return parts.kind == "note" ? "note" : "datagram";
  }
  if (parts.resets) return "reset";
  if (parts.ends) return "end";
  if (parts.kind == "SYN ACK" || parts.opens) return "open";
  return parts.data.empty() && parts.protocol == "tcp" ? "ack" : "data";
}

// Numbers conversations, and counts their sequence numbers from 0.
class Conversations {
 public:
  // -1 for a note.
  int Of(const PacketParts& parts) {
    if (parts.kind == "note") return -1;
    const auto key = KeyOf(parts);
    auto it = ids_.find(key);
    if (it == ids_.end() || parts.opens) {
      it = ids_.insert_or_assign(key, static_cast<int>(names_.size())).first;
      names_.push_back(
          absl::StrCat(parts.protocol, " ", parts.from, " - ", parts.to));
    }
    return it->second;
  }

  std::string Numbers(int conversation, const PacketParts& parts) {
    if (parts.protocol != "tcp") return "";
    const uint32_t seq =
        parts.seq -
        first_.try_emplace({conversation, parts.from}, parts.seq).first->second;
    const auto other = first_.find({conversation, parts.to});
    if (other == first_.end()) return absl::StrCat("Seq=", seq);
    return absl::StrCat("Seq=", seq, " Ack=", parts.ack - other->second);
  }

  const std::vector<std::string>& names() const { return names_; }

 private:
  using Key = std::pair<uint32_t, std::pair<std::string, std::string>>;

  static Key KeyOf(const PacketParts& parts) {
    if (parts.conversation != 0) return {parts.conversation, {}};
    std::pair<std::string, std::string> ends = {
        absl::StrCat(parts.protocol, " ", parts.from),
        absl::StrCat(parts.protocol, " ", parts.to)};
    if (ends.second < ends.first) std::swap(ends.first, ends.second);
    return {0, ends};
  }

  std::map<Key, int> ids_;
  std::map<std::pair<int, std::string>, uint32_t> first_;
  std::vector<std::string> names_;
};

class Writer {
 public:
  Writer(absl::string_view name, const PcapngFile& file)
      : name_(name), file_(file), columns_(file.names) {}

  absl::StatusOr<std::string> Write() {
    for (const PcapngPacket& packet : file_.packets) {
      absl::Status status = Learn(packet);
      if (!status.ok()) return status;
    }
    for (size_t i = 0; i < parts_.size(); ++i) {
      const PcapngPacket& packet = file_.packets[i];
      columns_.LearnApart(HostOf(packet), packet.direction, parts_[i]);
    }
    std::string packets;
    for (size_t i = 0; i < parts_.size(); ++i) {
      absl::StrAppend(&packets, i == 0 ? "\n" : ",\n",
                      PacketJson(file_.packets[i], parts_[i]));
    }
    return absl::StrCat(
        "{\"title\":", Quoted(name_), ",\"comment\":", Quoted(file_.comment),
        ",\"start\":",
        Quoted(absl::FormatTime("%Y-%m-%d %H:%M:%E9S UTC",
                                absl::FromUnixNanos(start()),
                                absl::UTCTimeZone())),
        ",\"columns\":", QuotedList(columns_.columns()),
        ",\"conversations\":", QuotedList(conversations_.names()),
        ",\"packets\":[", packets, "]}");
  }

 private:
  int64_t start() const {
    return file_.packets.empty() ? 0 : file_.packets.front().time;
  }

  std::string HostOf(const PcapngPacket& packet) const {
    const std::string& name = file_.interfaces[packet.interface].name;
    return std::string(absl::StripSuffix(name, " (unix)"));
  }

  absl::Status Learn(const PcapngPacket& packet) {
    const uint16_t link_type = file_.interfaces[packet.interface].link_type;
    std::optional<PacketParts> parts = TakeApart(link_type, packet.data);
    if (!parts.has_value()) {
      return absl::DataLossError(
          absl::StrCat(name_, ": offset ", packet.offset,
                       ": a packet that is none of a capture's (link type ",
                       link_type, ", ", packet.data.size(), " bytes)"));
    }
    columns_.LearnHosts(HostOf(packet), packet.direction, *parts);
    parts_.push_back(*std::move(parts));
    return absl::OkStatus();
  }

  std::string PacketJson(const PcapngPacket& packet, const PacketParts& parts) {
    const auto [from, to] =
        columns_.Of(HostOf(packet), packet.direction, parts);
    const int conversation = conversations_.Of(parts);
    return absl::StrCat(
        "{\"t\":", packet.time - start(), ",\"a\":", from, ",\"b\":", to,
        ",\"v\":", conversation, ",\"p\":", Quoted(parts.protocol),
        ",\"k\":", Quoted(parts.kind), ",\"c\":\"", ClassOf(parts),
        "\",\"f\":", Quoted(parts.from), ",\"g\":", Quoted(parts.to),
        ",\"n\":", parts.data.size(),
        ",\"i\":", Quoted(conversations_.Numbers(conversation, parts)),
        ",\"d\":\"", absl::Base64Escape(parts.data.substr(0, kMaxData)),
        "\",\"m\":", Quoted(packet.comment), "}");
  }

  const absl::string_view name_;
  const PcapngFile& file_;
  ChartColumns columns_;
  Conversations conversations_;
  std::vector<PacketParts> parts_;
};

}  // namespace

absl::StatusOr<std::string> ChartData(absl::string_view name,
                                      const PcapngFile& file) {
  return Writer(name, file).Write();
}

}  // namespace plumb
