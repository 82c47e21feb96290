// What a capture has of networks that no IP packet can show: unix sockets,
// names that only a backend understands, and notes. Link type 147 (DLT_USER0),
// whose packets begin with this header; numbers have the highest byte first:
//
//    offset  size
//    0       1     version, 1
//    1       1     kind: 1 open, 2 data, 3 end of this direction, 4 reset,
//                  5 datagram, 6 note
//    2       1     direction: 0 from who dialled to who accepted, 1 back; of
//                  datagrams and notes 0
//    3       1     length of the network's name
//    4       4     number of the conversation, from 1; of datagrams and notes 0
//    8       8     bytes (unixpacket: messages) before this in the direction
//    16      2     length of the source's name
//    18      2     length of the destination's name
//    20            the network's name ("unix"), the source's and the
//                  destination's, one after the other; then the data
//
// plumb.lua in this folder shows it in Wireshark, and README.md tells how. A
// note is what happened without a packet; its data is the text.
//
// Threads: functions of their arguments.
#ifndef PLUMB_TESTING_CAPTURE_USER_PACKET_H_
#define PLUMB_TESTING_CAPTURE_USER_PACKET_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace plumb {

enum class UserPacketKind : uint8_t {
  kOpen = 1,
  kData = 2,
  kEnd = 3,
  kReset = 4,
  kDatagram = 5,
  kNote = 6,
};

struct UserPacket {
  UserPacketKind kind = UserPacketKind::kNote;
  bool backwards = false;
  uint32_t conversation = 0;
  uint64_t offset = 0;
  absl::string_view network;
  absl::string_view from;
  absl::string_view to;
  absl::string_view data;
};

// Appends the packet to `out`. Names longer than their length can say are cut.
void AppendUserPacket(const UserPacket& packet, std::string* out);

// Points into `bytes`; nullopt when they are no such packet.
std::optional<UserPacket> ParseUserPacket(absl::string_view bytes);

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_USER_PACKET_H_
