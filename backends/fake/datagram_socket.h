// A socket of datagrams on a fake network, connected or not: what is received
// waits here, bounded; how to send, udp and unixgram each know.
//
// Threads: any method at any time, by calls that are inside state(); it lives
// as long as somebody may still deliver to it.
#ifndef PLUMB_BACKENDS_FAKE_DATAGRAM_SOCKET_H_
#define PLUMB_BACKENDS_FAKE_DATAGRAM_SOCKET_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/fake/datagram_sink.h"
#include "backends/fake/netstat.h"
#include "transport/addr.h"
#include "transport/call.h"
#include "transport/descriptor.h"
#include "transport/packet_conn.h"
#include "transport/system_mutex.h"

namespace plumb {

class DatagramSocket : public DatagramSink, public NetstatSource {
 public:
  struct Limits {
    size_t bytes;       // that may wait to be read, with their overhead
    size_t messages;    // the same, in messages
    bool sender_waits;  // when there is no room, instead of dropping
  };

  // `state` is of the object that this is the socket of; `peer`, when it has a
  // value, is the only one that can send to it.
  DatagramSocket(std::shared_ptr<CallState> state, const Addr& peer,
                 Limits limits)
      : state_(std::move(state)), peer_(peer), limits_(limits) {}

  CallState& state() { return *state_; }
  const CallState& state() const { return *state_; }
  const Addr& peer() const { return peer_; }

  // An errno of 0, EAGAIN (nothing is there), or what has come of an earlier
  // datagram, once.
  // The descriptors that came along go to `*handles`, and are closed when that
  // is null.
  int Receive(absl::Span<char> buffer, Received* received,
              std::vector<Descriptor>* handles = nullptr);
  // The same, and leaves it there.
  int Peek(absl::Span<char> buffer, Received* received);
  // Whether Receive would return something but EAGAIN.
  bool Readable() const;
  NetstatRow Row() const override;

  // Sends `datagram` to `to`. An errno of 0, EAGAIN (the receiver has no room,
  // and signals when it has; the datagram is as it was), or why it cannot be
  // sent; EINVAL when `to` is not an address of this network.
  virtual int Send(const Addr& to, Datagram& datagram) = 0;
  virtual size_t MaxMessageSize() const = 0;
  // Of what was sent: how many bytes have not come, and may yet.
  virtual size_t BytesInFlight() const { return 0; }
  // Whether Send takes descriptors.
  virtual bool PassesHandles() const { return false; }
  // What only this kind of socket answers for; null for none.
  virtual void* Extension(absl::string_view name) { return nullptr; }

  // Receives no more, and drops what waits.
  void Shut();
  void SetReceiveBuffer(size_t bytes);
  virtual void SetSendBuffer(size_t bytes) {}

  Verdict Deliver(const Addr& from, Datagram& datagram,
                  const std::shared_ptr<CallState>& sender) override;
  bool IsOf(const CallState* state) const override {
    return state == state_.get();
  }
  bool TakesFrom(const Addr& from, const CallState*) const override {
    return !peer_.has_value() || from == peer_;
  }

 protected:
  // Drops what waits.
  void Purge();
  const std::shared_ptr<CallState>& shared_state() const { return state_; }
  // What has come of an earlier datagram, once; 0 for nothing.
  int TakeError();
  // Tells the next call so, and one that waits to read.
  void SetError(int error);

 private:
  struct Queued {
    Datagram datagram;
    Addr from;
  };

  // Each datagram counts as its bytes and this.
  static constexpr size_t kOverhead = 64;

  // What Receive and Peek have in common.
  int LookLocked(absl::Span<char> buffer, Received* received)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasRoom(size_t size) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::shared_ptr<CallState> state_;
  const Addr peer_;

  mutable SystemMutex mutex_;
  Limits limits_ ABSL_GUARDED_BY(mutex_);
  bool shut_ ABSL_GUARDED_BY(mutex_) = false;
  int error_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<Queued> queue_ ABSL_GUARDED_BY(mutex_);
  size_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::shared_ptr<CallState>> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_DATAGRAM_SOCKET_H_
