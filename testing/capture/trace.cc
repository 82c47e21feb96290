#include "testing/capture/trace.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "testing/capture/ip_packet.h"
#include "testing/capture/packet_text.h"
#include "testing/capture/pcapng.h"
#include "testing/capture/pcapng_reader.h"
#include "testing/capture/user_packet.h"
#include "transport/addr.h"
#include "transport/host_port.h"
#include "transport/ip_addr.h"

namespace plumb {
namespace {

constexpr absl::string_view kFirstLine = "plumb trace 1";
constexpr int64_t kSecond = 1000000000;
constexpr const char* kDirections[] = {"-", "in", "out", "-"};
constexpr std::pair<const char*, uint8_t> kFlags[] = {{"SYN", kTcpSyn},
                                                      {"FIN", kTcpFin},
                                                      {"RST", kTcpRst},
                                                      {"PSH", kTcpPsh},
                                                      {"ACK", kTcpAck}};
constexpr std::pair<const char*, UserPacketKind> kKinds[] = {
    {"open", UserPacketKind::kOpen},         {"data", UserPacketKind::kData},
    {"end", UserPacketKind::kEnd},           {"reset", UserPacketKind::kReset},
    {"datagram", UserPacketKind::kDatagram}, {"note", UserPacketKind::kNote}};

std::string Word(absl::string_view text) {
  if (text.empty()) return "-";
  if (text == "-") return "\\055";
  return absl::StrReplaceAll(absl::CEscape(text), {{" ", "\\040"}});
}

// Nothing ends at a quote.
std::string CommentText(absl::string_view comment) {
  return absl::StrReplaceAll(absl::CEscape(comment),
                             {{"\\'", "'"}, {"\\\"", "\""}});
}

std::string LineOf(const PcapngPacket& packet, absl::string_view interface,
                   const PacketParts& parts) {
  std::string line = absl::StrCat(
      absl::StrFormat("%d.%09d", packet.time / kSecond, packet.time % kSecond),
      " ", Word(absl::StripSuffix(interface, " (unix)")), " ",
      kDirections[static_cast<int>(packet.direction)], " ", Word(parts.from),
      " > ", Word(parts.to), " ", parts.protocol);
  if (parts.conversation != 0) absl::StrAppend(&line, "/", parts.conversation);
  if (!parts.kind.empty() && parts.kind != parts.protocol) {
    absl::StrAppend(&line, " ", parts.kind);
  }
  if (parts.protocol == "tcp") {
    absl::StrAppend(&line, " seq=", parts.seq, " ack=", parts.ack);
  }
  if (!parts.data.empty()) {
    absl::StrAppend(&line, " '", absl::CEscape(parts.data), "'");
  }
  if (!packet.comment.empty()) {
    absl::StrAppend(&line, " # ", CommentText(packet.comment));
  }
  return line;
}

// A line, as it is written down.
struct Line {
  int64_t time = 0;
  std::string host;
  PacketDirection direction = PacketDirection::kUnknown;
  std::string from;
  std::string to;
  std::string protocol;
  uint32_t conversation = 0;
  std::vector<std::string> kind;
  TcpSegment segment;  // its numbers
  std::string data;
  std::string comment;
};

// Takes a line apart, from the left; each step says what is missing.
class LineParser {
 public:
  explicit LineParser(absl::string_view line) : rest_(line) {}

  // Empty, or what is wrong.
  std::string Parse(Line* line) {
    if (!ParseTime(Next(), &line->time)) return "no time";
    if (!TakeName(&line->host) || line->host.empty()) return "no host";
    const absl::string_view direction = Next();
    const auto* const known =
        std::find(std::begin(kDirections), std::end(kDirections), direction);
    if (known == std::end(kDirections)) return "neither in, out nor -";
    line->direction =
        static_cast<PacketDirection>(known - std::begin(kDirections));
    if (!TakeName(&line->from) || Next() != ">" || !TakeName(&line->to)) {
      return "no two ends with a > between them";
    }
    if (!TakeProtocol(line)) return "no protocol";
    while (!rest_.empty() && rest_[0] != '\'' && rest_[0] != '#') {
      if (!TakeKind(Next(), line)) return "a number that is none";
    }
    if (!TakeData(&line->data)) return "data without an end";
    if (rest_.empty()) return "";
    if (!absl::ConsumePrefix(&rest_, "#")) return "something behind the data";
    absl::ConsumePrefix(&rest_, " ");
    return absl::CUnescape(rest_, &line->comment) ? "" : "an odd comment";
  }

 private:
  // The next word; what separates it from the rest is taken too.
  absl::string_view Next() {
    const absl::string_view word = rest_.substr(0, rest_.find(' '));
    rest_.remove_prefix(std::min(rest_.size(), word.size() + 1));
    return word;
  }

  static bool ParseTime(absl::string_view word, int64_t* time) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(word, absl::MaxSplits('.', 1));
    int64_t seconds = 0, nanos = 0;
    const std::string decimals =
        absl::StrCat(parts.second, std::string(9, '0')).substr(0, 9);
    if (!absl::SimpleAtoi(parts.first, &seconds) || parts.second.size() > 9 ||
        !absl::SimpleAtoi(decimals, &nanos) || nanos < 0 || seconds < 0 ||
        seconds > INT64_MAX / kSecond - 1) {
      return false;
    }
    *time = seconds * kSecond + nanos;
    return true;
  }

  bool TakeName(std::string* name) {
    const absl::string_view word = Next();
    if (word == "-") return true;
    return !word.empty() && absl::CUnescape(word, name);
  }

  bool TakeProtocol(Line* line) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(Next(), absl::MaxSplits('/', 1));
    line->protocol = parts.first;
    return !parts.first.empty() &&
           (parts.second.empty() ||
            absl::SimpleAtoi(parts.second, &line->conversation));
  }

  static bool TakeKind(absl::string_view word, Line* line) {
    if (absl::ConsumePrefix(&word, "seq=")) {
      return absl::SimpleAtoi(word, &line->segment.seq);
    }
    if (absl::ConsumePrefix(&word, "ack=")) {
      return absl::SimpleAtoi(word, &line->segment.ack);
    }
    line->kind.emplace_back(word);
    return true;
  }

  bool TakeData(std::string* data) {
    if (!absl::ConsumePrefix(&rest_, "'")) return true;
    size_t end = 0;
    while (end < rest_.size() && rest_[end] != '\'') {
      end += rest_[end] == '\\' ? 2 : 1;
    }
    if (end >= rest_.size()) return false;
    if (!absl::CUnescape(rest_.substr(0, end), data)) return false;
    rest_.remove_prefix(end + 1);
    absl::ConsumePrefix(&rest_, " ");
    return true;
  }

  absl::string_view rest_;
};

std::optional<IpPort> ParseIpPort(const std::string& text) {
  const absl::StatusOr<HostPort> parts = SplitHostPort(text);
  if (!parts.ok()) return std::nullopt;
  const absl::StatusOr<IpAddr> ip = IpAddr::Parse(parts->host);
  uint32_t port = 0;
  if (!ip.ok() || !absl::SimpleAtoi(parts->port, &port) || port > 0xffff) {
    return std::nullopt;
  }
  return IpPort{*ip, static_cast<uint16_t>(port)};
}

// Makes a packet of each line. Each step returns what is wrong, or nothing.
class Writer {
 public:
  std::string Add(const Line& line) {
    packet_.clear();
    const bool ip = line.protocol == "tcp" || line.protocol == "udp";
    const std::string wrong = ip ? EncodeIp(line) : EncodeUser(line);
    if (!wrong.empty()) return wrong;
    PacketBlock block;
    block.interface =
        InterfaceOf(line.host, ip ? LinkType::kRawIp : LinkType::kUser0);
    block.time = line.time;
    block.direction = line.direction;
    block.data = packet_;
    block.comment = line.comment;
    AppendPacket(block, &packets_);
    return "";
  }

  std::string File() const {
    std::string file;
    AppendSectionHeader("", &file);
    return absl::StrCat(file, interfaces_, packets_);
  }

 private:
  std::string EncodeIp(const Line& line) {
    const std::optional<IpPort> from = ParseIpPort(line.from);
    const std::optional<IpPort> to = ParseIpPort(line.to);
    if (!from.has_value()) return absl::StrCat("no IP and port: ", line.from);
    if (!to.has_value()) return absl::StrCat("no IP and port: ", line.to);
    if (from->ip.is_v4() != to->ip.is_v4()) return "ends of two families";
    if (line.data.size() > kMaxUdpPayload - 40) return "too much data";
    if (line.protocol == "udp") {
      AppendUdp(*from, *to, line.data, &packet_);
      return "";
    }
    TcpSegment segment = line.segment;
    segment.from = *from;
    segment.to = *to;
    for (const std::string& word : line.kind) {
      const auto* const flag =
          std::find_if(std::begin(kFlags), std::end(kFlags),
                       [&](const auto& one) { return word == one.first; });
      if (flag == std::end(kFlags)) return absl::StrCat("no flag: ", word);
      segment.flags |= flag->second;
    }
    AppendTcp(segment, line.data, &packet_);
    return "";
  }

  std::string EncodeUser(const Line& line) {
    const std::string word =
        line.kind.empty() ? line.protocol : line.kind.front();
    const auto* const kind =
        std::find_if(std::begin(kKinds), std::end(kKinds),
                     [&](const auto& one) { return word == one.first; });
    if (kind == std::end(kKinds)) return absl::StrCat("no kind: ", word);
    UserPacket user;
    user.kind = kind->second;
    user.conversation = line.conversation;
    if (line.protocol != word) user.network = line.protocol;
    user.from = line.from;
    user.to = line.to;
    user.data = line.data;
    AppendUserPacket(user, &packet_);
    return "";
  }

  uint32_t InterfaceOf(const std::string& host, LinkType link_type) {
    const auto next = static_cast<uint32_t>(numbers_.size());
    const auto [it, is_new] =
        numbers_.emplace(std::pair(host, link_type), next);
    if (is_new) {
      const bool user = link_type == LinkType::kUser0;
      AppendInterface(
          {absl::StrCat(host, user ? " (unix)" : ""), "", link_type},
          &interfaces_);
    }
    return it->second;
  }

  std::map<std::pair<std::string, LinkType>, uint32_t> numbers_;
  std::string interfaces_;
  std::string packets_;
  std::string packet_;
};

}  // namespace

bool IsTrace(absl::string_view bytes) {
  return absl::StartsWith(bytes, absl::StrCat(kFirstLine, "\n"));
}

absl::StatusOr<std::string> TraceOf(absl::string_view name,
                                    absl::string_view pcapng) {
  const absl::StatusOr<PcapngFile> file = ParsePcapng(name, pcapng);
  if (!file.ok()) return file.status();
  std::string trace = absl::StrCat(kFirstLine, "\n");
  for (const PcapngPacket& packet : file->packets) {
    const PcapngInterface& interface = file->interfaces[packet.interface];
    const auto parts = TakeApart(interface.link_type, packet.data);
    if (!parts.has_value()) {
      return absl::DataLossError(
          absl::StrCat(name, ": offset ", packet.offset,
                       ": a packet that is none of a capture's"));
    }
    absl::StrAppend(&trace, LineOf(packet, interface.name, *parts), "\n");
  }
  return trace;
}

absl::StatusOr<std::string> PcapngOf(absl::string_view name,
                                     absl::string_view trace) {
  Writer writer;
  int number = 0;
  for (const absl::string_view text : absl::StrSplit(trace, '\n')) {
    ++number;
    if (number == 1 && text == kFirstLine) continue;
    if (text.empty() || text[0] == '#') continue;
    Line line;
    std::string wrong = number == 1 ? absl::StrCat("not ", kFirstLine)
                                    : LineParser(text).Parse(&line);
    if (wrong.empty()) wrong = writer.Add(line);
    if (!wrong.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          name, ": line ", number, ": ", wrong, ": ", text.substr(0, 100)));
    }
  }
  return writer.File();
}

}  // namespace plumb
