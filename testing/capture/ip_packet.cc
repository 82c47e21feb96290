#include "testing/capture/ip_packet.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace plumb {
namespace {

constexpr uint8_t kHopLimit = 64;

void Append8(uint8_t number, std::string* out) {
  out->push_back(static_cast<char>(number));
}
void Append16(uint16_t number, std::string* out) {
  Append8(static_cast<uint8_t>(number >> 8), out);
  Append8(static_cast<uint8_t>(number), out);
}
void Append32(uint32_t number, std::string* out) {
  Append16(static_cast<uint16_t>(number >> 16), out);
  Append16(static_cast<uint16_t>(number), out);
}

// The sum of RFC 1071 over `bytes`. It is the same in any byte order, so that
// words are read and the result is stored as this machine has them; that of
// 32-bit words folds to that of the 16-bit ones.
uint64_t SumOf(absl::string_view bytes) {
  uint64_t sum = 0;
  for (; bytes.size() >= 4; bytes.remove_prefix(4)) {
    uint32_t word;
    std::memcpy(&word, bytes.data(), sizeof word);
    sum += word;
  }
  uint32_t rest = 0;
  if (!bytes.empty()) std::memcpy(&rest, bytes.data(), bytes.size());
  return sum + rest;
}

uint16_t Checksum(uint64_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

void PutChecksum(uint16_t checksum, size_t at, std::string* out) {
  std::memcpy(&(*out)[at], &checksum, sizeof checksum);
}

void AppendAddress(const IpAddr& ip, std::string* out) {
  const std::array<uint8_t, 16>& bytes = ip.bytes();
  out->append(bytes.begin() + (ip.is_v4() ? 12 : 0), bytes.end());
}

// The two addresses of a packet, of one family.
struct Ends {
  IpAddr from;
  IpAddr to;
};
Ends OneFamily(IpAddr from, IpAddr to) {
  if (!from.is_valid() && !to.is_valid()) from = to = IpAddr::AnyV4();
  const bool v4 = to.is_valid() ? to.is_v4() : from.is_v4();
  const IpAddr any = v4 ? IpAddr::AnyV4() : IpAddr::AnyV6();
  if (!from.is_valid() || from.is_v4() != v4) from = any;
  if (!to.is_valid()) to = any;
  return {from, to};
}

void AppendV4Header(const Ends& ends, uint8_t protocol, size_t payload_size,
                    std::string* out) {
  const size_t start = out->size();
  Append8(0x45, out);  // version 4, five words
  Append8(0, out);
  Append16(static_cast<uint16_t>(20 + payload_size), out);
  Append16(0, out);  // an atomic datagram needs no identification, RFC 6864
  Append16(0x4000, out);  // don't fragment
  Append8(kHopLimit, out);
  Append8(protocol, out);
  Append16(0, out);
  AppendAddress(ends.from, out);
  AppendAddress(ends.to, out);
  const absl::string_view header = absl::string_view(*out).substr(start);
  PutChecksum(Checksum(SumOf(header)), start + 10, out);
}

void AppendV6Header(const Ends& ends, uint8_t protocol, size_t payload_size,
                    std::string* out) {
  Append32(0x60000000, out);
  Append16(static_cast<uint16_t>(payload_size), out);
  Append8(protocol, out);
  Append8(kHopLimit, out);
  AppendAddress(ends.from, out);
  AppendAddress(ends.to, out);
}

void AppendIpHeader(const Ends& ends, uint8_t protocol, size_t payload_size,
                    std::string* out) {
  if (ends.to.is_v4()) {
    AppendV4Header(ends, protocol, payload_size, out);
  } else {
    AppendV6Header(ends, protocol, payload_size, out);
  }
}

// The checksum over the addresses, the protocol and all from `start` on, whose
// own field is zero.
uint16_t TransportChecksum(const Ends& ends, uint8_t protocol, size_t start,
                           const std::string& out) {
  const absl::string_view rest = absl::string_view(out).substr(start);
  std::string pseudo;
  AppendAddress(ends.from, &pseudo);
  AppendAddress(ends.to, &pseudo);
  Append16(protocol, &pseudo);
  Append32(static_cast<uint32_t>(rest.size()), &pseudo);
  return Checksum(SumOf(pseudo) + SumOf(rest));
}

void AppendTcpOptions(const TcpSegment& segment, std::string* out) {
  if (segment.mss != 0) {
    Append16(0x0204, out);
    Append16(segment.mss, out);
  }
  if (segment.window_scale != 0) {
    Append32(0x01030300U | segment.window_scale, out);
  }
}

}  // namespace

void AppendTcp(const TcpSegment& segment, absl::string_view payload,
               std::string* out) {
  payload = payload.substr(0, kMaxTcpPayload);
  const Ends ends = OneFamily(segment.from.ip, segment.to.ip);
  const size_t header_size =
      20 + (segment.mss != 0 ? 4 : 0) + (segment.window_scale != 0 ? 4 : 0);
  AppendIpHeader(ends, kIpProtocolTcp, header_size + payload.size(), out);
  const size_t start = out->size();
  Append16(segment.from.port, out);
  Append16(segment.to.port, out);
  Append32(segment.seq, out);
  Append32(segment.ack, out);
  Append8(static_cast<uint8_t>(header_size / 4 << 4), out);
  Append8(segment.flags, out);
  Append16(segment.window, out);
  Append32(0, out);  // checksum and urgent pointer
  AppendTcpOptions(segment, out);
  out->append(payload.data(), payload.size());
  PutChecksum(TransportChecksum(ends, kIpProtocolTcp, start, *out), start + 16,
              out);
}

void AppendUdp(const IpPort& from, const IpPort& to, absl::string_view payload,
               std::string* out) {
  payload = payload.substr(0, kMaxUdpPayload);
  const Ends ends = OneFamily(from.ip, to.ip);
  AppendIpHeader(ends, kIpProtocolUdp, 8 + payload.size(), out);
  const size_t start = out->size();
  Append16(from.port, out);
  Append16(to.port, out);
  Append16(static_cast<uint16_t>(8 + payload.size()), out);
  Append16(0, out);
  out->append(payload.data(), payload.size());
  const uint16_t sum = TransportChecksum(ends, kIpProtocolUdp, start, *out);
  // Zero would say that there is no checksum, RFC 768.
  PutChecksum(sum == 0 ? 0xffff : sum, start + 6, out);
}

void AppendIp(const IpAddr& from, const IpAddr& to, uint8_t protocol,
              absl::string_view payload, std::string* out) {
  payload = payload.substr(0, kMaxIpPayload);
  const Ends ends = OneFamily(from, to);
  AppendIpHeader(ends, protocol, payload.size(), out);
  const size_t start = out->size();
  out->append(payload.data(), payload.size());
  if (protocol == kIpProtocolIcmpV6 && payload.size() >= 4) {
    PutChecksum(0, start + 2, out);
    PutChecksum(TransportChecksum(ends, protocol, start, *out), start + 2, out);
  }
}

}  // namespace plumb
