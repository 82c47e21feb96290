// The PacketConns of a FaultTransport.
#ifndef PLUMB_TESTING_FAULT_FAULTY_PACKET_CONN_H_
#define PLUMB_TESTING_FAULT_FAULTY_PACKET_CONN_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "testing/fault/fault_calls.h"
#include "testing/fault/fault_context.h"
#include "testing/fault/fault_entry.h"
#include "testing/fault/fault_flow.h"
#include "testing/fault/fault_handles.h"
#include "testing/fault/fault_link.h"
#include "testing/fault/fault_network.h"
#include "testing/fault/fault_probe.h"
#include "testing/fault/fault_queue.h"
#include "testing/fault/fault_receiver.h"
#include "testing/fault/fault_sender.h"
#include "transport/addr.h"
#include "transport/call.h"
#include "transport/direction.h"
#include "transport/extensions.h"
#include "transport/handle_passing.h"
#include "transport/packet_conn.h"

namespace plumb {

class FaultyPacketConn final : public PacketConn,
                               private BlockedProbe,
                               private PacketHandlePassing {
 public:
  FaultyPacketConn(FaultContext context, FaultNetwork network,
                   std::unique_ptr<PacketConn> inner);
  ~FaultyPacketConn() override { Close().IgnoreError(); }

  using PacketConn::SetDeadline;
  absl::StatusOr<size_t> ReadBatch(absl::Span<InPacket> packets) override;
  absl::StatusOr<size_t> WriteBatch(
      absl::Span<const OutPacket> packets) override;
  absl::Status Close() override;
  absl::Status SetDeadline(Direction direction, absl::Time when) override;
  Addr LocalAddr() const override { return inner_->LocalAddr(); }
  void* Extension(absl::string_view name) override;

 private:
  // One direction of what goes on with one peer.
  struct Way {
    Addr peer;
    std::shared_ptr<FaultLink> link;  // null until something is judged
    uint64_t packets = 0;
  };
  struct Ways {
    absl::flat_hash_map<Addr, std::unique_ptr<Way>> all;
    // The one that was asked for last, most likely that of the next packet too.
    Way* last = nullptr;
  };

  int BlockedCalls(Direction direction) const override;
  // Of a direction, in its turn.
  static Way& WayOf(Ways& ways, const Addr& peer);
  const std::shared_ptr<FaultLink>& LinkOf(Way& way, Direction direction) const;
  absl::StatusOr<Incoming> ReadFromWithHandles(absl::Span<char> buffer,
                                               size_t max_handles) override;
  absl::Status WriteToWithHandles(absl::string_view data, const Addr& to,
                                  absl::Span<const int> handles) override;

  // What `read` gives of the PacketConn inside; nothing once there is something
  // to judge.
  template <typename T>
  std::optional<absl::StatusOr<T>> ReadPlain(
      Call& call, absl::FunctionRef<absl::StatusOr<T>()> read);
  absl::StatusOr<Incoming> ReadPlainHandles(absl::Span<char> buffer,
                                            size_t max_handles);
  void CountPlain(const Received& received);
  // Until there is something that is due.
  absl::Status AwaitDue(Call& call);
  absl::StatusOr<size_t> TakeDue(absl::Span<InPacket> packets);
  size_t MessageRoom() const;
  absl::Status ReadInner(FaultPiece* piece);
  absl::StatusOr<Received> ReadInnerWithHandles(FaultPiece* piece);
  // All of `packets`, or the first with `handles`.
  absl::StatusOr<size_t> WriteAll(absl::Span<const OutPacket> packets,
                                  absl::Span<const int> handles);
  FaultPiece Out(const OutPacket& packet, uint64_t ordinal);
  // For what may wait; null when there are none.
  absl::StatusOr<SharedHandles> CopyOutgoing(
      const OutPacket& packet, absl::Span<const int> handles) const;
  absl::Status WriteJudged(const OutPacket& packet,
                           absl::Span<const int> handles, uint64_t ordinal);
  absl::Status WriteInner(const OutPacket& packet,
                          absl::Span<const int> handles);
  // The error of a WriteBatch that did not get to write.
  absl::Status EndedError(const Call& call, const Addr& to) const;

  const FaultContext context_;
  const FaultNetwork network_;
  const std::shared_ptr<FaultFlow> flow_;
  const std::shared_ptr<PacketConn> inner_;
  PacketHandlePassing* const inner_handles_;  // null where there is none inside
  const std::shared_ptr<FaultCalls> calls_;
  const std::shared_ptr<FaultSender> sender_;
  FaultReceiver receiver_;  // of who has the turn to read
  const uint64_t subscription_;
  FaultProbe probe_;

  Ways in_;   // of who has the turn to read
  Ways out_;  // of who has the turn to write
  uint64_t sent_ = 0;
  FaultEntry entry_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULTY_PACKET_CONN_H_
