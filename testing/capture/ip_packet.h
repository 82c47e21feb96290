// IPv4 and IPv6 packets as bytes, with lengths and checksums as the kernel
// makes them.
//
//   TcpSegment syn;
//   syn.from = client; syn.to = server;
//   syn.flags = kTcpSyn; syn.mss = 1460;
//   std::string packet;
//   AppendTcp(syn, {}, &packet);
//
// Of two addresses of which one is invalid or of the other family, the one
// stands for "any address" of the family of the other.
//
// Threads: functions of their arguments.
#ifndef PLUMB_TESTING_CAPTURE_IP_PACKET_H_
#define PLUMB_TESTING_CAPTURE_IP_PACKET_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "transport/addr.h"
#include "transport/ip_addr.h"

namespace plumb {

inline constexpr uint8_t kTcpFin = 0x01;
inline constexpr uint8_t kTcpSyn = 0x02;
inline constexpr uint8_t kTcpRst = 0x04;
inline constexpr uint8_t kTcpPsh = 0x08;
inline constexpr uint8_t kTcpAck = 0x10;

inline constexpr uint8_t kIpProtocolIcmp = 1;
inline constexpr uint8_t kIpProtocolTcp = 6;
inline constexpr uint8_t kIpProtocolUdp = 17;
inline constexpr uint8_t kIpProtocolIcmpV6 = 58;

struct TcpSegment {
  IpPort from;
  IpPort to;
  uint32_t seq = 0;
  uint32_t ack = 0;
  uint8_t flags = 0;
  uint16_t window = 0;  // as in the header: unscaled
  // Options of a SYN; 0 is none.
  uint16_t mss = 0;
  uint8_t window_scale = 0;
};

// What fits into one packet to `to`. The field for the length has 16 bits, and
// in IPv4 the header counts, too.
inline size_t IpPacketRoom(const IpAddr& to) {
  return to.is_v4() ? 65535 - 20 : 65535;
}
inline size_t UdpPacketRoom(const IpAddr& to) { return IpPacketRoom(to) - 8; }
// Of either family, also beside all options of a SYN.
inline constexpr size_t kMaxTcpPayload = 65535 - 20 - 28;

// Each appends one packet to `out`. A payload that is too long is cut to what
// fits.
void AppendTcp(const TcpSegment& segment, absl::string_view payload,
               std::string* out);
void AppendUdp(const IpPort& from, const IpPort& to, absl::string_view payload,
               std::string* out);
// `payload` has the header of `protocol`. ICMPv6 gets its checksum, which the
// kernel makes also where a program leaves it out.
void AppendIp(const IpAddr& from, const IpAddr& to, uint8_t protocol,
              absl::string_view payload, std::string* out);

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_IP_PACKET_H_
