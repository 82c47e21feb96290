#include "testing/capture/packet_text.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "testing/capture/ip_packet.h"
#include "testing/capture/pcapng.h"

namespace plumb {
namespace {

constexpr std::pair<uint8_t, absl::string_view> kTcpFlags[] = {
    {kTcpSyn, "SYN"}, {kTcpFin, "FIN"}, {kTcpRst, "RST"},
    {kTcpPsh, "PSH"}, {kTcpAck, "ACK"},
};
constexpr std::pair<UserPacketKind, absl::string_view> kUserKinds[] = {
    {UserPacketKind::kOpen, "open"},         {UserPacketKind::kData, "data"},
    {UserPacketKind::kEnd, "end"},           {UserPacketKind::kReset, "reset"},
    {UserPacketKind::kDatagram, "datagram"}, {UserPacketKind::kNote, "note"},
};

uint8_t Byte(absl::string_view bytes, size_t at) {
  return static_cast<uint8_t>(bytes[at]);
}
uint16_t Load16(absl::string_view bytes, size_t at) {
  return static_cast<uint16_t>(Byte(bytes, at) << 8 | Byte(bytes, at + 1));
}
uint32_t Load32(absl::string_view bytes, size_t at) {
  return uint32_t{Load16(bytes, at)} << 16 | Load16(bytes, at + 2);
}

// What an IP packet carries.
struct IpContents {
  IpAddr from;
  IpAddr to;
  uint8_t protocol = 0;
  absl::string_view payload;
};

std::optional<IpContents> TakeApartV4(absl::string_view packet) {
  if (packet.size() < 20) return std::nullopt;
  const size_t header = size_t{4} * (Byte(packet, 0) & 15);
  const size_t size = Load16(packet, 2);
  if (header < 20 || size < header || packet.size() < header) {
    return std::nullopt;
  }
  const auto address = [&](size_t at) {
    return IpAddr::V4(Byte(packet, at), Byte(packet, at + 1),
                      Byte(packet, at + 2), Byte(packet, at + 3));
  };
  return IpContents{address(12), address(16), Byte(packet, 9),
                    packet.substr(0, size).substr(header)};
}

std::optional<IpContents> TakeApartV6(absl::string_view packet) {
  if (packet.size() < 40) return std::nullopt;
  const auto address = [&](size_t at) {
    std::array<uint8_t, 16> bytes;
    std::copy_n(packet.begin() + at, bytes.size(), bytes.begin());
    return IpAddr::V6(bytes);
  };
  return IpContents{address(8), address(24), Byte(packet, 6),
                    packet.substr(40).substr(0, Load16(packet, 4))};
}

std::optional<IpContents> TakeApartIp(absl::string_view packet) {
  if (packet.empty()) return std::nullopt;
  const int version = Byte(packet, 0) >> 4;
  if (version == 4) return TakeApartV4(packet);
  if (version == 6) return TakeApartV6(packet);
  return std::nullopt;
}

std::string FlagNames(uint8_t flags) {
  std::string names;
  for (const auto& [flag, name] : kTcpFlags) {
    if ((flags & flag) == 0) continue;
    absl::StrAppend(&names, names.empty() ? "" : " ", name);
  }
  return names;
}

std::string NameOf(UserPacketKind kind) {
  for (const auto& [one, name] : kUserKinds) {
    if (one == kind) return std::string(name);
  }
  return "";
}

void SetEnds(const IpContents& ip, uint16_t from_port, uint16_t to_port,
             PacketParts* parts) {
  parts->from_ip = IpPort{ip.from, from_port};
  parts->to_ip = IpPort{ip.to, to_port};
  parts->from = parts->from_ip->ToString();
  parts->to = parts->to_ip->ToString();
}

std::optional<PacketParts> TakeApartTcp(const IpContents& ip) {
  const absl::string_view tcp = ip.payload;
  if (tcp.size() < 20) return std::nullopt;
  const size_t header = size_t{4} * (Byte(tcp, 12) >> 4);
  if (header < 20 || header > tcp.size()) return std::nullopt;
  const uint8_t flags = Byte(tcp, 13);
  PacketParts parts;
  parts.protocol = "tcp";
  SetEnds(ip, Load16(tcp, 0), Load16(tcp, 2), &parts);
  parts.kind = FlagNames(flags);
  parts.opens = (flags & (kTcpSyn | kTcpAck)) == kTcpSyn;
  parts.resets = (flags & kTcpRst) != 0;
  parts.ends = (flags & kTcpFin) != 0;
  parts.seq = Load32(tcp, 4);
  parts.ack = Load32(tcp, 8);
  parts.data = tcp.substr(header);
  return parts;
}

std::optional<PacketParts> TakeApartUdp(const IpContents& ip) {
  if (ip.payload.size() < 8) return std::nullopt;
  PacketParts parts;
  parts.protocol = "udp";
  SetEnds(ip, Load16(ip.payload, 0), Load16(ip.payload, 2), &parts);
  parts.kind = "datagram";
  parts.data = ip.payload.substr(8);
  return parts;
}

std::optional<PacketParts> TakeApartUser(absl::string_view packet) {
  const std::optional<UserPacket> user = ParseUserPacket(packet);
  if (!user.has_value()) return std::nullopt;
  PacketParts parts;
  parts.kind = NameOf(user->kind);
  parts.protocol =
      user->network.empty() ? parts.kind : std::string(user->network);
  parts.from = std::string(user->from);
  parts.to = std::string(user->to);
  parts.opens = user->kind == UserPacketKind::kOpen;
  parts.ends = user->kind == UserPacketKind::kEnd;
  parts.resets = user->kind == UserPacketKind::kReset;
  parts.conversation = user->conversation;
  parts.data = user->data;
  return parts;
}

}  // namespace

std::optional<PacketParts> TakeApart(uint16_t link_type,
                                     absl::string_view packet) {
  if (link_type == static_cast<uint16_t>(LinkType::kUser0)) {
    return TakeApartUser(packet);
  }
  if (link_type != static_cast<uint16_t>(LinkType::kRawIp)) {
    return std::nullopt;
  }
  const std::optional<IpContents> ip = TakeApartIp(packet);
  if (!ip.has_value()) return std::nullopt;
  if (ip->protocol == kIpProtocolTcp) return TakeApartTcp(*ip);
  if (ip->protocol == kIpProtocolUdp) return TakeApartUdp(*ip);
  PacketParts parts;
  parts.protocol = "ip";
  parts.from = ip->from.ToString();
  parts.to = ip->to.ToString();
  parts.from_ip = IpPort{ip->from, 0};
  parts.to_ip = IpPort{ip->to, 0};
  parts.kind = absl::StrCat("protocol ", static_cast<int>(ip->protocol));
  parts.data = ip->payload;
  return parts;
}

std::optional<uint8_t> TcpFlagOf(absl::string_view word) {
  for (const auto& [flag, name] : kTcpFlags) {
    if (name == word) return flag;
  }
  return std::nullopt;
}

std::optional<UserPacketKind> UserKindOf(absl::string_view word) {
  for (const auto& [kind, name] : kUserKinds) {
    if (name == word) return kind;
  }
  return std::nullopt;
}

std::string PacketText(const PacketParts& parts) {
  std::string text =
      absl::StrCat(parts.from, " > ", parts.to, " ", parts.protocol);
  if (parts.kind != parts.protocol) absl::StrAppend(&text, " ", parts.kind);
  if (!parts.data.empty()) {
    absl::StrAppend(&text, " '", absl::CEscape(parts.data), "'");
  }
  return text;
}

}  // namespace plumb
