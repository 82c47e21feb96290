#include "testing/capture/ip_packet.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace plumb {
namespace {

constexpr uint8_t kHopLimit = 64;

// The headers of a packet, put together in one place: appending to a string
// number by number is what most of a packet's time would go into.
class Headers {
 public:
  void Add8(uint8_t number) {
    bytes_[size_] = static_cast<char>(number);
    ++size_;
  }
  void Add16(uint16_t number) {
    Add8(static_cast<uint8_t>(number >> 8));
    Add8(static_cast<uint8_t>(number));
  }
  void Add32(uint32_t number) {
    Add16(static_cast<uint16_t>(number >> 16));
    Add16(static_cast<uint16_t>(number));
  }
  void AddAddress(const IpAddr& ip) {
    const std::array<uint8_t, 16>& bytes = ip.bytes();
    const size_t skipped = ip.is_v4() ? 12 : 0;
    std::memcpy(&bytes_[size_], &bytes[skipped], bytes.size() - skipped);
    size_ += bytes.size() - skipped;
  }

  void PutChecksum(uint16_t checksum, size_t at) {
    std::memcpy(&bytes_[at], &checksum, sizeof checksum);
  }

  size_t size() const { return size_; }
  // From `at` on.
  absl::string_view Since(size_t at) const {
    return absl::string_view(bytes_.data() + at, size_ - at);
  }

 private:
  std::array<char, 40 + 28> bytes_;  // IPv6, and TCP with its options
  size_t size_ = 0;
};

// The sum of RFC 1071 over `bytes`. It is the same in any byte order, so that
// words are read and the result is stored as this machine has them; that of
// 32-bit words folds to that of the 16-bit ones. They are read two at a time.
uint64_t SumOf(absl::string_view bytes) {
  uint64_t low = 0, high = 0;
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof word);
    low += word & 0xffffffff;
    high += word >> 32;
  }
  uint64_t rest = 0;
  if (!bytes.empty()) std::memcpy(&rest, bytes.data(), bytes.size());
  return low + high + (rest & 0xffffffff) + (rest >> 32);
}

uint16_t Checksum(uint64_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
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

void AddV4Header(const Ends& ends, uint8_t protocol, size_t payload_size,
                 Headers* headers) {
  headers->Add8(0x45);  // version 4, five words
  headers->Add8(0);
  headers->Add16(static_cast<uint16_t>(20 + payload_size));
  headers->Add16(0);  // an atomic datagram needs no identification, RFC 6864
  headers->Add16(0x4000);  // don't fragment
  headers->Add8(kHopLimit);
  headers->Add8(protocol);
  headers->Add16(0);
  headers->AddAddress(ends.from);
  headers->AddAddress(ends.to);
  headers->PutChecksum(Checksum(SumOf(headers->Since(0))), 10);
}

void AddV6Header(const Ends& ends, uint8_t protocol, size_t payload_size,
                 Headers* headers) {
  headers->Add32(0x60000000);
  headers->Add16(static_cast<uint16_t>(payload_size));
  headers->Add8(protocol);
  headers->Add8(kHopLimit);
  headers->AddAddress(ends.from);
  headers->AddAddress(ends.to);
}

Headers IpHeader(const Ends& ends, uint8_t protocol, size_t payload_size) {
  Headers headers;
  if (ends.to.is_v4()) {
    AddV4Header(ends, protocol, payload_size, &headers);
  } else {
    AddV6Header(ends, protocol, payload_size, &headers);
  }
  return headers;
}

// The checksum over the addresses, the protocol, and a header, whose own field
// is zero, with what follows it.
uint16_t TransportChecksum(const Ends& ends, uint8_t protocol,
                           absl::string_view header,
                           absl::string_view payload) {
  Headers pseudo;
  pseudo.AddAddress(ends.from);
  pseudo.AddAddress(ends.to);
  pseudo.Add16(protocol);
  pseudo.Add32(static_cast<uint32_t>(header.size() + payload.size()));
  return Checksum(SumOf(pseudo.Since(0)) + SumOf(header) + SumOf(payload));
}

void AddTcpOptions(const TcpSegment& segment, Headers* headers) {
  if (segment.mss != 0) {
    headers->Add16(0x0204);
    headers->Add16(segment.mss);
  }
  if (segment.window_scale != 0) {
    headers->Add32(0x01030300U | segment.window_scale);
  }
}

void Append(const Headers& headers, absl::string_view payload,
            std::string* out) {
  out->append(headers.Since(0).data(), headers.size());
  out->append(payload.data(), payload.size());
}

}  // namespace

void AppendTcp(const TcpSegment& segment, absl::string_view payload,
               std::string* out) {
  payload = payload.substr(0, kMaxTcpPayload);
  const Ends ends = OneFamily(segment.from.ip, segment.to.ip);
  const size_t header_size =
      20 + (segment.mss != 0 ? 4 : 0) + (segment.window_scale != 0 ? 4 : 0);
  Headers headers =
      IpHeader(ends, kIpProtocolTcp, header_size + payload.size());
  const size_t start = headers.size();
  headers.Add16(segment.from.port);
  headers.Add16(segment.to.port);
  headers.Add32(segment.seq);
  headers.Add32(segment.ack);
  headers.Add8(static_cast<uint8_t>(header_size / 4 << 4));
  headers.Add8(segment.flags);
  headers.Add16(segment.window);
  headers.Add32(0);  // checksum and urgent pointer
  AddTcpOptions(segment, &headers);
  headers.PutChecksum(
      TransportChecksum(ends, kIpProtocolTcp, headers.Since(start), payload),
      start + 16);
  Append(headers, payload, out);
}

void AppendUdp(const IpPort& from, const IpPort& to, absl::string_view payload,
               std::string* out) {
  const Ends ends = OneFamily(from.ip, to.ip);
  payload = payload.substr(0, UdpPacketRoom(ends.to));
  Headers headers = IpHeader(ends, kIpProtocolUdp, 8 + payload.size());
  const size_t start = headers.size();
  headers.Add16(from.port);
  headers.Add16(to.port);
  headers.Add16(static_cast<uint16_t>(8 + payload.size()));
  headers.Add16(0);
  const uint16_t sum =
      TransportChecksum(ends, kIpProtocolUdp, headers.Since(start), payload);
  // Zero would say that there is no checksum, RFC 768.
  headers.PutChecksum(sum == 0 ? 0xffff : sum, start + 6);
  Append(headers, payload, out);
}

void AppendIp(const IpAddr& from, const IpAddr& to, uint8_t protocol,
              absl::string_view payload, std::string* out) {
  const Ends ends = OneFamily(from, to);
  payload = payload.substr(0, IpPacketRoom(ends.to));
  const Headers headers = IpHeader(ends, protocol, payload.size());
  Append(headers, payload, out);
  if (protocol == kIpProtocolIcmpV6 && payload.size() >= 4) {
    const size_t at = out->size() - payload.size() + 2;
    std::memset(&(*out)[at], 0, sizeof(uint16_t));
    const uint16_t sum = TransportChecksum(
        ends, protocol, "", absl::string_view(*out).substr(at - 2));
    std::memcpy(&(*out)[at], &sum, sizeof sum);
  }
}

}  // namespace plumb
