// One packet of a capture, taken apart: who to whom, what kind, which data.
//
// Threads: functions of their arguments.
#ifndef PLUMB_TESTING_CAPTURE_PACKET_TEXT_H_
#define PLUMB_TESTING_CAPTURE_PACKET_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "testing/capture/user_packet.h"
#include "transport/addr.h"

namespace plumb {

struct PacketParts {
  // "tcp", "udp", "ip", "unix", "unixgram", ..., "note".
  std::string protocol;
  std::string from;  // "10.0.0.1:80", "/run/x.sock", "@"
  std::string to;
  std::optional<IpPort> from_ip;
  std::optional<IpPort> to_ip;
  // "SYN", "PSH ACK", "open", "data", "reset", "datagram".
  std::string kind;
  bool opens = false;   // a first SYN, or an open
  bool resets = false;  // a RST, or a reset
  bool ends = false;    // a FIN, or an end
  uint32_t seq = 0;     // of tcp
  uint32_t ack = 0;
  uint32_t conversation = 0;  // of user_packet.h
  absl::string_view data;
};

// Of a packet that begins with an IP header, or with that of user_packet.h
// (link types 101 and 147). Nullopt when it does not, or when it is cut in its
// headers.
std::optional<PacketParts> TakeApart(uint16_t link_type,
                                     absl::string_view packet);

// What PacketParts::kind calls by this word; nullopt for any other.
std::optional<uint8_t> TcpFlagOf(absl::string_view word);
std::optional<UserPacketKind> UserKindOf(absl::string_view word);

// "127.0.0.1:9 > 127.0.0.1:80 tcp PSH ACK 'GET /'", for tests: without what
// differs from run to run but for the ports.
std::string PacketText(const PacketParts& parts);

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_PACKET_TEXT_H_
