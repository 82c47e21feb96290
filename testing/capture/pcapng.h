// The blocks of a pcapng file, as bytes. One after the other they are a file
// that Wireshark opens:
//
//   std::string file;
//   AppendSectionHeader("made by hand", &file);
//   AppendInterface({.name = "db", .link_type = LinkType::kRawIp}, &file);
//   AppendPacket({.interface = 0, .data = ip_packet}, &file);
//
// The format is draft-ietf-opsawg-pcapng. Numbers are in this machine's byte
// order, which the section header tells; times are in nanoseconds.
//
// Threads: functions of their arguments.
#ifndef PLUMB_TESTING_CAPTURE_PCAPNG_H_
#define PLUMB_TESTING_CAPTURE_PCAPNG_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "transport/ip_addr.h"

namespace plumb {

// What the bytes of a packet begin with; tcpdump.org/linktypes.html.
enum class LinkType : uint16_t {
  kRawIp = 101,  // an IPv4 or IPv6 header
  kUser0 = 147,  // ours; see user_packet.h
};

// The values of the two lowest bits of epb_flags.
enum class PacketDirection : uint8_t {
  kUnknown = 0,
  kInbound = 1,
  kOutbound = 2,
};

struct InterfaceBlock {
  std::string name;  // if_name
  std::string description;
  LinkType link_type = LinkType::kRawIp;
};

struct PacketBlock {
  uint32_t interface = 0;  // counted from 0, in the order of AppendInterface
  int64_t time = 0;        // nanoseconds since 1970
  PacketDirection direction = PacketDirection::kUnknown;
  absl::string_view data;
  uint32_t original_size = 0;  // 0: that of `data`
  absl::string_view comment;   // empty: none
};

struct InterfaceStatisticsBlock {
  uint32_t interface = 0;
  int64_t time = 0;
  uint64_t received = 0;
  uint64_t dropped = 0;
};

inline constexpr uint32_t kSectionHeaderType = 0x0A0D0D0A;
inline constexpr uint32_t kByteOrderMagic = 0x1A2B3C4D;
inline constexpr uint32_t kInterfaceType = 1;
inline constexpr uint32_t kNameResolutionType = 4;
inline constexpr uint32_t kInterfaceStatisticsType = 5;
inline constexpr uint32_t kPacketType = 6;

// The longest text of an option: its length has 16 bits, and is rounded up to 4
// bytes. A longer comment is cut there.
inline constexpr size_t kMaxOptionSize = 65532;

// Each appends one block to `out`. An empty `comment` is left out.
void AppendSectionHeader(absl::string_view comment, std::string* out);
void AppendInterface(const InterfaceBlock& interface, std::string* out);
void AppendNameResolution(
    absl::Span<const std::pair<IpAddr, std::string>> names, std::string* out);
void AppendPacket(const PacketBlock& packet, std::string* out);
void AppendInterfaceStatistics(const InterfaceStatisticsBlock& statistics,
                               std::string* out);

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_PCAPNG_H_
