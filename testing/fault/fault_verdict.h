// What is judged by fault rules, and what they say.
//
// Threads: values.
#ifndef PLUMB_TESTING_FAULT_FAULT_VERDICT_H_
#define PLUMB_TESTING_FAULT_FAULT_VERDICT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "testing/fault/fault_flow.h"
#include "testing/fault/fault_network.h"
#include "testing/fault/fault_spec.h"
#include "transport/addr.h"

namespace plumb {

struct FaultLinkRule;  // fault_link_rules.h

// One end of a connection, of a sender of datagrams, or of a dial. What is not
// known is left out.
struct FaultEnd {
  FaultEnd() = default;
  FaultEnd(absl::string_view end_host, Addr end_addr)
      : host(end_host), addr(std::move(end_addr)), port(addr.port()) {}

  std::string host;  // its name, empty when it has none
  Addr addr;
  uint16_t port = 0;  // addr's; of a name that is to be dialled, its port
};

// What goes from one end to the other, or is called at `from`: a connection in
// one direction, or a sender and a receiver of datagrams.
struct FaultEnds {
  FaultNetwork network = FaultNetwork::kTcp;
  FaultEnd from;
  FaultEnd to;
  // Which of the connections between the same two names it is: unix sockets
  // have no ports. Part of what decides, so count them for each pair of ends.
  uint64_t instance = 0;
  // The same for both directions of a connection, and for all datagrams of a
  // sender. Without one the link has its own. No part of what decides.
  std::shared_ptr<FaultFlow> flow;
};

// A piece of a stream, or a datagram.
struct FaultPacket {
  FaultSegment segment = FaultSegment::kData;
  // Of a stream: how many bytes went this way before; else how many datagrams
  // its sender sent before, whatever became of them.
  uint64_t position = 0;
  size_t size = 0;
  int attempt = 0;  // how often it was sent before
};

struct FaultVerdict {
  enum class Action : uint8_t { kPass, kDrop, kHold, kReset };
  struct Change {
    size_t at;
    uint8_t flip;  // exclusive or
  };

  bool passes() const { return action == Action::kPass; }

  Action action = Action::kPass;
  // Who says so, unless it passes. Lives as long as the link that was asked,
  // and until that is asked again.
  absl::string_view rule;
  // It is no rule that says so, but an event of a host: `rule` is "crash of
  // db".
  bool by_event = false;
  // Of what passes.
  absl::Duration delay;
  absl::InlinedVector<absl::Duration, 1> copies;  // when each comes, from now
  absl::InlinedVector<Change, 1> changes;
  // Who says this, in their order. As `rule`.
  absl::Span<const FaultLinkRule* const> changed_by;
};

struct FaultCall {
  FaultOperation operation = FaultOperation::kRead;
  // How many calls of this operation were made before there: on the
  // connection or Listener; of dials, from this host to that address.
  uint64_t ordinal = 0;
  // Of Read and Write on a stream: how many bytes went that way before.
  uint64_t position = 0;
};

struct FaultCallVerdict {
  absl::Duration delay;           // the call takes so much longer
  int64_t max_bytes = 0;          // of a Read, and of each piece of a Write
  int error = 0;                  // fails with this errno
  std::optional<DialFault> dial;  // fails so
  // The rules until the end of each of which it takes nothing in. As in
  // FaultVerdict.
  absl::InlinedVector<absl::string_view, 1> stopped_by;
  // Of error and dial, for ErrorInfo::injected_by. As in FaultVerdict.
  absl::string_view rule;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_VERDICT_H_
