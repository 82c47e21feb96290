// Conns and Listeners of streams on a fake network.
#ifndef PLUMB_BACKENDS_FAKE_FAKE_STREAM_H_
#define PLUMB_BACKENDS_FAKE_FAKE_STREAM_H_

#include <cstddef>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/fake/lease.h"
#include "backends/fake/listen_queue.h"
#include "backends/fake/netstat.h"
#include "backends/fake/network_state.h"
#include "backends/fake/probes.h"
#include "transport/extensions.h"
#include "transport/listener.h"
#include "transport/memory_stream.h"

namespace plumb {

// What those of tcp and of unix have in common. Extensions: ReadCloser, Peeker,
// BufferControl, BlockedProbe, ConnProbe.
class FakeStreamConn : public FakeConn,
                       public ReadCloser,
                       public Peeker,
                       public BufferControl,
                       public BlockedProbe,
                       public ConnProbe,
                       public NetstatSource {
 public:
  // A socket of `host`.
  FakeStreamConn(const HostRef& host, StreamEnd end)
      : host_(host), end_(std::move(end)) {}

  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override {
    return end_.Read(buffer);
  }
  absl::Status Write(absl::Span<const absl::string_view> pieces) override {
    return end_.Write(pieces);
  }
  absl::Status WaitReadable() override { return end_.WaitReadable(); }
  absl::Status CloseWrite() override { return end_.CloseWrite(); }
  absl::Status Close() override { return CloseAs(StreamClose::kGraceful); }
  Addr LocalAddr() const override { return end_.names().source; }
  Addr RemoteAddr() const override { return end_.names().addr; }
  absl::Status SetDeadline(Direction direction, absl::Time when) override {
    return end_.SetDeadline(direction, when);
  }
  void* Extension(absl::string_view name) override;
  void Reset() override { (void)CloseAs(StreamClose::kReset); }

  absl::Status CloseRead() override { return end_.CloseRead(); }
  absl::StatusOr<size_t> Peek(absl::Span<char> buffer) override {
    return end_.Peek(buffer);
  }
  absl::Status SetReadBuffer(int bytes) override;
  absl::Status SetWriteBuffer(int bytes) override;
  int BlockedCalls(Direction direction) const override {
    return end_.BlockedCalls(direction);
  }
  bool CanRead() const override { return end_.Status().readable; }
  bool IsClosedByPeer() const override;
  size_t BytesInFlight() const override { return end_.Status().in_flight; }
  NetstatRow Row() const override;

 protected:
  // The last part of construction.
  void EnterTable() { ShowSocket(host_, this); }
  const HostRef& host() const { return host_; }
  StreamEnd& end() { return end_; }
  absl::Status CloseAs(StreamClose how,
                       absl::Duration linger = absl::ZeroDuration());
  // Part of Close: gives back what is bound.
  virtual void Release() = 0;

 private:
  const HostRef host_;
  StreamEnd end_;
};

// A size from a user as a size of a buffer.
size_t BufferSize(int bytes);

// Extensions: BlockedProbe, ListenerProbe.
class FakeListener final : public Listener,
                           public BlockedProbe,
                           public ListenerProbe {
 public:
  // Holds `lease` until Close.
  FakeListener(std::shared_ptr<ListenQueue> queue, Lease lease)
      : queue_(std::move(queue)), lease_(std::move(lease)) {}
  ~FakeListener() override { (void)Close(); }

  absl::StatusOr<std::unique_ptr<Conn>> Accept() override;
  absl::Status Close() override;
  Addr Address() const override { return queue_->state().names()->addr; }
  absl::Status SetDeadline(absl::Time when) override;
  void* Extension(absl::string_view name) override;

  int BlockedCalls(Direction direction) const override;
  bool CanAccept() const override { return queue_->Pending() > 0; }
  size_t PendingConnects() const override { return queue_->Pending(); }

 private:
  const std::shared_ptr<ListenQueue> queue_;
  Lease lease_;
};

// How many calls of `direction` wait on `state`.
int CountBlocked(const CallState& state, Direction direction);

// Queues `server`, the Listener's end of `near`, for Accept; suspends `call`,
// which is on `dialing`, until there is room, or until `give_up` (ETIMEDOUT).
// `info` is of the errors.
absl::Status WaitForRoom(ListenQueue& queue, std::unique_ptr<FakeConn> server,
                         FakeConn& near,
                         const std::shared_ptr<Dialing>& dialing, Call& call,
                         const ErrorInfo& info,
                         MonotonicNanos give_up = kNever);

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_FAKE_STREAM_H_
