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
#include "absl/strings/str_join.h"
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
    absl::string_view number = Next();
    line->protocol = std::string(number.substr(0, number.find('/')));
    number.remove_prefix(line->protocol.size());
    return !line->protocol.empty() &&
           (number.empty() ||
            absl::SimpleAtoi(number.substr(1), &line->conversation));
  }

  static bool TakeKind(absl::string_view word, Line* line) {
    const bool tcp = line->protocol == "tcp";
    if (tcp && absl::ConsumePrefix(&word, "seq=")) {
      return absl::SimpleAtoi(word, &line->segment.seq);
    }
    if (tcp && absl::ConsumePrefix(&word, "ack=")) {
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

std::optional<IpPort> ParseEnd(const std::string& text, bool has_port) {
  HostPort parts{text, "0"};
  if (has_port) {
    absl::StatusOr<HostPort> split = SplitHostPort(text);
    if (!split.ok()) return std::nullopt;
    parts = *std::move(split);
  }
  const absl::StatusOr<IpAddr> ip = IpAddr::Parse(parts.host);
  uint32_t port = 0;
  if (!ip.ok() || !absl::SimpleAtoi(parts.port, &port) || port > 0xffff) {
    return std::nullopt;
  }
  return IpPort{*ip, static_cast<uint16_t>(port)};
}

// Makes a packet of each line. Each step returns what is wrong, or nothing.
class Writer {
 public:
  std::string Add(const Line& line) {
    packet_.clear();
    const bool user = !IsIp(line.protocol);
    const std::string wrong = user ? EncodeUser(line) : EncodeIp(line);
    if (!wrong.empty()) return wrong;
    PacketBlock block;
    block.interface =
        InterfaceOf(line.host, user ? LinkType::kUser0 : LinkType::kRawIp);
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
  static bool IsIp(absl::string_view protocol) {
    return protocol == "tcp" || protocol == "udp" || protocol == "ip";
  }

  std::string EncodeIp(const Line& line) {
    const bool has_ports = line.protocol != "ip";
    const std::optional<IpPort> from = ParseEnd(line.from, has_ports);
    const std::optional<IpPort> to = ParseEnd(line.to, has_ports);
    const char* const wanted = has_ports ? "no IP and port: " : "no IP: ";
    if (!from.has_value()) return absl::StrCat(wanted, line.from);
    if (!to.has_value()) return absl::StrCat(wanted, line.to);
    if (from->ip.is_v4() != to->ip.is_v4()) return "ends of two families";
    if (line.conversation != 0) {
      return absl::StrCat("a conversation of ", line.protocol);
    }
    if (line.protocol == "tcp") return EncodeTcp(line, *from, *to);
    if (line.protocol == "udp") return EncodeUdp(line, *from, *to);
    return EncodeRaw(line, from->ip, to->ip);
  }

  std::string EncodeTcp(const Line& line, const IpPort& from,
                        const IpPort& to) {
    if (line.data.size() > kMaxTcpPayload) return "too much data";
    TcpSegment segment = line.segment;
    segment.from = from;
    segment.to = to;
    segment.window = 0xffff;
    for (const std::string& word : line.kind) {
      const std::optional<uint8_t> flag = TcpFlagOf(word);
      if (!flag.has_value()) return absl::StrCat("no flag: ", word);
      segment.flags |= *flag;
    }
    AppendTcp(segment, line.data, &packet_);
    return "";
  }

  std::string EncodeUdp(const Line& line, const IpPort& from,
                        const IpPort& to) {
    if (line.data.size() > UdpPacketRoom(to.ip)) return "too much data";
    const std::string kind = absl::StrJoin(line.kind, " ");
    if (!line.kind.empty() && kind != "datagram") {
      return absl::StrCat("no kind: ", kind);
    }
    AppendUdp(from, to, line.data, &packet_);
    return "";
  }

  std::string EncodeRaw(const Line& line, const IpAddr& from,
                        const IpAddr& to) {
    if (line.data.size() > IpPacketRoom(to)) return "too much data";
    uint32_t protocol = 0;
    if (line.kind.size() != 2 || line.kind[0] != "protocol" ||
        !absl::SimpleAtoi(line.kind[1], &protocol) || protocol > 0xff ||
        protocol == kIpProtocolTcp || protocol == kIpProtocolUdp) {
      return absl::StrCat("no number of another protocol: ",
                          absl::StrJoin(line.kind, " "));
    }
    AppendIp(from, to, static_cast<uint8_t>(protocol), line.data, &packet_);
    return "";
  }

  std::string EncodeUser(const Line& line) {
    const std::string word =
        line.kind.empty() ? line.protocol : absl::StrJoin(line.kind, " ");
    const std::optional<UserPacketKind> kind = UserKindOf(word);
    if (!kind.has_value()) return absl::StrCat("no kind: ", word);
    UserPacket user;
    user.kind = *kind;
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
                                    absl::string_view bytes) {
  if (IsTrace(bytes)) {
    const absl::StatusOr<std::string> pcapng = PcapngOf(name, bytes);
    if (!pcapng.ok()) return pcapng.status();
    return TraceOf(name, *pcapng);
  }
  const absl::StatusOr<PcapngFile> file = ParsePcapng(name, bytes);
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
