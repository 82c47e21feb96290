// What a capture holds: its newest packets, its interfaces, and the names of
// addresses. Capture puts a mutex around one.
//
// A host has up to two interfaces, as a pcapng interface has one link type: one
// for IP packets, and one, named "host (unix)", for the packets of
// user_packet.h. Each comes into being with its first packet.
//
// Threads: one at a time.
#ifndef PLUMB_TESTING_CAPTURE_PACKET_STORE_H_
#define PLUMB_TESTING_CAPTURE_PACKET_STORE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "testing/capture/block_ring.h"
#include "testing/capture/pcapng.h"
#include "transport/ip_addr.h"

namespace plumb {

// Of one PacketStore; counted from 0.
using HostId = size_t;

// A packet that waits for its comment.
using PendingId = uint64_t;

// Where, when and with what remark a packet was seen.
struct Sight {
  HostId host = 0;
  PacketDirection direction = PacketDirection::kUnknown;
  int64_t time = 0;  // nanoseconds since 1970
  absl::string_view comment;
};

class PacketStore {
 public:
  explicit PacketStore(size_t max_bytes)
      : max_bytes_(max_bytes), ring_(max_bytes) {}

  // The same id for the same name.
  HostId AddHost(absl::string_view name);
  absl::string_view host_name(HostId host) const { return hosts_[host].name; }

  // An address keeps the first name that it is given. Loopback and wildcard
  // addresses have none, since they are many hosts'.
  void NameAddress(const IpAddr& ip, absl::string_view name);

  // Goes into the comment of the next packet.
  void CommentNext(absl::string_view comment);

  void Add(const Sight& sight, LinkType link_type, absl::string_view packet);

  // A packet whose comment is not known yet; what AddNow adds to it ends that.
  // Of too many of them, or more than `max_bytes`, the oldest are added as they
  // are. Until then Remark adds to it, and its comment ends in its state, "on
  // its way" unless SetState says otherwise.
  PendingId AddLater(const Sight& sight, LinkType link_type,
                     absl::string_view packet);
  void AddNow(PendingId id, absl::string_view comment);
  void Remark(PendingId id, absl::string_view comment);
  void SetState(PendingId id, absl::string_view state);

  // What happened without a packet, as a packet of user_packet.h.
  void AddNote(const Sight& sight, absl::string_view from, absl::string_view to,
               absl::string_view text);

  // The whole as a pcapng file, its packets in order of their time, and those
  // of one time in the order of Add and AddLater.
  std::string Encode() const;

  uint64_t packets() const { return ring_.appended(); }
  uint64_t dropped() const { return ring_.dropped(); }
  size_t bytes() const { return ring_.bytes(); }

 private:
  struct Host {
    std::string name;
    std::array<std::optional<uint32_t>, 2> interfaces;  // raw IP, user
  };
  struct Pending {
    uint32_t interface = 0;
    PacketDirection direction = PacketDirection::kUnknown;
    int64_t time = 0;
    std::string comment;
    std::string packet;
    std::string state;
  };
  struct Interface {
    InterfaceBlock block;
    uint64_t packets = 0;
  };

  uint32_t InterfaceOf(HostId host, LinkType link_type);
  std::string TakeComment(absl::string_view comment);
  static std::string StateOf(const Pending& pending);
  static PacketBlock BlockOf(const Pending& pending);
  void Append(const PacketBlock& block, uint64_t number);
  // All, with those that wait, in their order.
  std::vector<std::string> SortedBlocks() const;

  const size_t max_bytes_;
  BlockRing ring_;
  std::map<PendingId, Pending> pending_;
  size_t pending_bytes_ = 0;
  uint64_t last_number_ = 0;  // of packets, and what a PendingId is
  std::vector<Host> hosts_;
  absl::flat_hash_map<std::string, HostId> host_ids_;  // by name
  std::vector<Interface> interfaces_;
  std::map<IpAddr, std::string> names_;
  std::string next_comment_;
  std::string block_;  // kept for its memory
};

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_PACKET_STORE_H_
