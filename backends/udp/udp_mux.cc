#include "backends/udp/udp_mux.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "backends/posix/op_error.h"
#include "backends/posix/socket_ops.h"
#include "transport/direction.h"

// There is no thread that reads the socket. Those who wait for something from
// it, in Accept or in a Read of any peer, are its readers: one of them leads
// (lead.h), and each round it receives a batch of datagrams, puts them into
// their peers' queues, and signals those for whom there was something. When
// nothing is there it waits for the descriptor, with its Call parked on its own
// object, so that what ends any call of that object (a deadline, Close, a
// cancelled scope) ends its wait as well. It leaves when it has what it came
// for or has been ended, and another who waits takes over.
//
// Why nothing is lost:
// - A datagram is in its peer's queue before anybody is signalled, and a queue
//   is looked at again after every signal and before every wait.
// - A peer is signalled when its queue ceases to be empty, a state that its
//   reader alone ends. One that was ended after the signal leaves the queue as
//   it is, and the next Read finds it at once.
// - Only the leader receives, and the lead passes under a lock: the datagrams
// of
//   a peer stay in order, and the buffers are used by one at a time.
// - As long as anybody waits, somebody leads or is about to look (lead.h).
// When nobody waits, nobody reads: the kernel's buffer fills, and then drops.
//
// The clock is the leader's, too: it waits no longer than until the next peer
// may have been idle for too long, and what has expired is forgotten before
// each round. A peer that nobody waits for may expire late; nobody sees that.
//
// The descriptor is closed by the Close of the last user. By then Close of each
// has waited for its calls that were inside a system call, the leader's ppoll
// included; a call whose wait Close has ended outright does not touch the
// descriptor again, only the table and the lead, in memory that it holds
// itself.

namespace plumb {

UdpMux::UdpMux(Clock& clock, Descriptor descriptor,
               std::shared_ptr<const CallNames> names,
               const UdpListenOptions& options, size_t backlog)
    : descriptor_(std::move(descriptor)),
      table_(clock, names, options, backlog),
      accept_state_(clock, std::move(names)),
      max_datagram_(std::min<size_t>(options.max_datagram, UINT16_MAX)),
      // Not zeroed: pages that no datagram has touched take no memory.
      buffer_(new char[kBatch * max_datagram_]) {
  for (size_t i = 0; i < kBatch; ++i) {
    packets_[i].buffer =
        absl::MakeSpan(buffer_.get() + i * max_datagram_, max_datagram_);
  }
}

bool UdpMux::Await(Call& call, CallState& state,
                   const std::shared_ptr<const void>& alive,
                   absl::FunctionRef<bool()> ready, absl::Status* error) {
  Lead::Member member(read_lead_, state, Direction::kRead, alive);
  while (call.ok()) {
    if (ready()) return true;
    if (!member.Take()) {
      call.Wait();
      continue;
    }
    *error = LeadOn(call);
    if (!error->ok()) return false;
  }
  return false;
}

absl::Status UdpMux::LeadOn(Call& call) {
  ReceiveBatchOp op(descriptor_.get(), batch_, absl::MakeSpan(packets_), "udp");
  if (op.Attempt()) {
    if (op.error() != 0) return SyscallError("recvfrom", op.error());
    Route(op.count());
    // When there is always more for others, nothing else would end the call.
    call.Recheck();
    return absl::OkStatus();
  }
  PeerTable::Wakeups wakeups;
  table_.Expire(wakeups);
  Signal(wakeups);
  call.WaitFor(op, table_.next_expiry());
  return absl::OkStatus();
}

void UdpMux::Route(size_t count) {
  std::array<PeerTable::Arrival, kBatch> arrivals;
  for (size_t i = 0; i < count; ++i) {
    const Received& received = packets_[i].received;
    arrivals[i] = {&batch_.address(i), received.from,
                   absl::string_view(packets_[i].buffer.data(), received.size),
                   received.full_size};
  }
  PeerTable::Wakeups wakeups;
  table_.Expire(wakeups);
  table_.Deliver(absl::MakeSpan(arrivals).subspan(0, count), wakeups);
  Signal(wakeups);
}

void UdpMux::Signal(const PeerTable::Wakeups& wakeups) {
  for (const std::shared_ptr<UdpPeer>& peer : wakeups.readers) {
    peer->state.Signal(Direction::kRead);
  }
  if (wakeups.accept) accept_state_.Signal(Direction::kRead);
}

bool UdpMux::Send(Call& call, const std::shared_ptr<UdpPeer>& peer,
                  absl::Span<const absl::string_view> pieces, int* error) {
  const std::shared_ptr<const void> alive = peer;
  Lead::Member member(write_lead_, peer->state, Direction::kWrite, alive);
  SendMessageOp op(descriptor_.get(), pieces, &peer->remote);
  while (call.ok()) {
    if (op.Attempt()) {
      *error = op.error();
      return true;
    }
    // One waits for the descriptor; when it has sent, the next one tries.
    if (member.Take()) {
      call.WaitFor(op);
    } else {
      call.Wait();
    }
  }
  return false;
}

void UdpMux::AddUser() { users_.fetch_add(1, std::memory_order_relaxed); }

void UdpMux::RemoveUser() {
  if (users_.fetch_sub(1, std::memory_order_acq_rel) == 1) descriptor_.Close();
}

}  // namespace plumb
