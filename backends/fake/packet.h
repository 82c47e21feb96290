// A Packet is what goes over a fake network: a segment of tcp, a datagram of
// udp or unixgram, a piece of a unix stream, a message of unixpacket. A
// LinkPolicy judges them (link_policy.h), a PacketObserver sees them
// (packet_observer.h).
//
// A value. What it views lives as long as the call that it is an argument of,
// host names as long as the network.
#ifndef PLUMB_BACKENDS_FAKE_PACKET_H_
#define PLUMB_BACKENDS_FAKE_PACKET_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "transport/addr.h"

namespace plumb {

struct Packet {
  enum class Protocol : uint8_t { kTcp, kUdp, kUnix, kUnixgram, kUnixpacket };

  // Their values are those of a TCP header. A unix stream and unixpacket have
  // them too, so that one sees a connection open and close.
  enum Flag : uint8_t { kFin = 1, kSyn = 2, kRst = 4, kPsh = 8, kAck = 16 };

  bool Has(Flag flag) const { return (flags & flag) != 0; }

  Protocol protocol = Protocol::kTcp;

  // Counts the packets of the network in the order of sending. A copy that a
  // policy makes has that of its original; a retransmission has its own.
  uint64_t id = 0;

  // Counts the connections of the network, and its senders of datagrams: which
  // one it belongs to.
  uint64_t flow = 0;

  Addr source;
  Addr destination;
  // As the hosts were named; empty for an address that no host has.
  absl::string_view source_host;
  absl::string_view destination_host;

  // How many datagrams or messages its sender sent before this one, whatever
  // became of them.
  uint64_t ordinal = 0;
  // Of a stream: how many bytes went this way before the payload.
  uint64_t offset = 0;
  // Of a stream: how often this was sent before.
  int attempt = 0;

  // Of a stream and unixpacket: 0 from who dialled, 1 back.
  uint8_t side = 0;

  // As in a TCP header, but that `window` is in bytes; `mss` is of a SYN. 0 for
  // datagrams; of unix sockets there is no window and no `mss`.
  uint8_t flags = 0;
  uint32_t sequence = 0;
  uint32_t acknowledgment = 0;
  uint32_t window = 0;
  uint16_t mss = 0;

  absl::string_view payload;
};

// What a policy did to a packet that goes on, and which of its rules did.
struct PacketChange {
  enum class Kind : uint8_t {
    kDelayed,
    kDuplicated,
    kCorrupted,  // carries other bytes
  };

  Kind kind;
  absl::string_view rule;
};

// A copy of a packet that is on its way or held.
struct PacketInFlight {
  Packet packet;  // views `payload`
  std::shared_ptr<const std::string> payload;
  bool held = false;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_PACKET_H_
