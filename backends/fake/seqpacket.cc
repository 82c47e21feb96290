#include "backends/fake/seqpacket.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "backends/fake/datagram_sink.h"
#include "backends/fake/fake_stream.h"
#include "backends/fake/handles.h"
#include "backends/fake/lease.h"
#include "backends/fake/netstat.h"
#include "backends/fake/probes.h"
#include "backends/fake/seqpacket_pair.h"
#include "backends/fake/seqpacket_tap.h"
#include "backends/fake/unix_conn.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/handle_checks.h"
#include "transport/handle_passing.h"
#include "transport/memory_stream_options.h"
#include "transport/system_mutex.h"

namespace plumb {
namespace {

// As for unix datagrams the kernel takes this off the buffer for itself.
constexpr size_t kReserve = 32;

using End = SeqpacketState;
using Pair = SeqpacketPair;

class SeqpacketConn final : public FakeConn,
                            public MessageTraits,
                            public ReadCloser,
                            public Peeker,
                            public HandlePassing,
                            public BufferControl,
                            public BlockedProbe,
                            public ConnProbe,
                            public NetstatSource,
                            public PeerCredentials {
 public:
  SeqpacketConn(const HostRef& host, std::shared_ptr<Pair> pair, int side,
                Lease lease)
      : pair_(std::move(pair)),
        me_(pair_->ends[side]),
        peer_(pair_->ends[1 - side]),
        lease_(ShowWithLease(host, this, std::move(lease))) {}
  ~SeqpacketConn() override { (void)Close(); }

  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override;
  absl::StatusOr<size_t> Peek(absl::Span<char> buffer) override;
  absl::StatusOr<Incoming> ReadWithHandles(absl::Span<char> buffer,
                                           size_t max_handles) override;
  absl::Status Write(absl::Span<const absl::string_view> pieces) override;
  absl::Status WriteWithHandles(absl::string_view data,
                                absl::Span<const int> handles) override;
  absl::Status WaitReadable() override;
  absl::Status CloseWrite() override { return Shutdown(&End::sent_end); }
  absl::Status CloseRead() override { return Shutdown(&End::stopped_read); }
  absl::Status Close() override { return CloseWith(false); }
  void Reset() override { (void)CloseWith(true); }
  Addr LocalAddr() const override { return names().source; }
  Addr RemoteAddr() const override { return names().addr; }
  absl::Status SetDeadline(Direction direction, absl::Time when) override;
  void* Extension(absl::string_view name) override {
    return FindExtension<MessageTraits, ReadCloser, Peeker, HandlePassing,
                         BufferControl, BlockedProbe, ConnProbe,
                         PeerCredentials>(name, this);
  }

  size_t MaxMessageSize() const override {
    SystemMutexLock lock(&pair_->mutex);
    return me_.send_buffer > kReserve ? me_.send_buffer - kReserve : 0;
  }
  bool EmptyMessages() const override { return false; }
  absl::Status SetReadBuffer(int bytes) override;
  absl::Status SetWriteBuffer(int bytes) override;
  int BlockedCalls(Direction direction) const override {
    return CountBlocked(me_.state, direction);
  }
  bool CanRead() const override {
    SystemMutexLock lock(&pair_->mutex);
    return ReadableLocked();
  }
  bool IsClosedByPeer() const override {
    SystemMutexLock lock(&pair_->mutex);
    return peer_.sent_end || me_.error != 0;
  }
  size_t BytesInFlight() const override { return 0; }
  NetstatRow Row() const override;
  absl::StatusOr<Credentials> GetPeerCredentials() override;

 private:
  // What came of one try: an errno, EAGAIN for "wait".
  struct Taken {
    int error = 0;
    bool end = false;
    size_t size = 0;
    size_t full_size = 0;
    std::vector<Descriptor> handles;
  };

  std::atomic<Shown>& shown() const override { return shown_; }
  const CallNames& names() const { return *me_.state.names(); }
  ErrorInfo SetInfo() const;
  Taken Take(absl::Span<char> buffer);
  // The same, and leaves it there.
  Taken Look(absl::Span<char> buffer);
  Taken LookLocked(absl::Span<char> buffer)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(pair_->mutex);
  // A Read by `take(buffer)`, which is as Take.
  template <typename TakeFunction>
  absl::StatusOr<size_t> ReadBy(absl::Span<char> buffer, TakeFunction take);
  bool ReadableLocked() const {
    return me_.error != 0 || !me_.queue.empty() || peer_.sent_end ||
           me_.stopped_read;
  }
  int Send(Datagram& message);
  absl::Status WriteMessage(Call& call, Datagram message);
  absl::Status Shutdown(bool End::*what);
  absl::Status CloseWith(bool reset);
  void SignalPeer() {
    peer_.state.Signal(Direction::kRead);
    peer_.state.Signal(Direction::kWrite);
  }

  const std::shared_ptr<Pair> pair_;
  End& me_;
  End& peer_;
  mutable std::atomic<Shown> shown_{Shown::kNot};
  Lease lease_;  // enters the table, and so is the last
};

SeqpacketConn::Taken SeqpacketConn::LookLocked(absl::Span<char> buffer) {
  Taken taken;
  taken.error = std::exchange(me_.error, 0);
  if (taken.error != 0) return taken;
  if (me_.queue.empty()) {
    taken.end = ReadableLocked();
    taken.error = taken.end ? 0 : EAGAIN;
    return taken;
  }
  const Datagram& message = me_.queue.front();
  taken.full_size = message.data.size();
  taken.size = std::min(buffer.size(), message.data.size());
  if (taken.size > 0) {
    std::memcpy(buffer.data(), message.data.data(), taken.size);
  }
  // As read(2) has it, an empty message is the end.
  taken.end = message.data.empty();
  return taken;
}

SeqpacketConn::Taken SeqpacketConn::Look(absl::Span<char> buffer) {
  SystemMutexLock lock(&pair_->mutex);
  return LookLocked(buffer);
}

SeqpacketConn::Taken SeqpacketConn::Take(absl::Span<char> buffer) {
  Taken taken;
  {
    SystemMutexLock lock(&pair_->mutex);
    const bool message = me_.error == 0 && !me_.queue.empty();
    taken = LookLocked(buffer);
    if (!message) return taken;
    taken.handles = std::move(me_.queue.front().handles);
    me_.queued_bytes -= taken.full_size + kReserve;
    me_.queue.pop_front();
  }
  peer_.state.Signal(Direction::kWrite);
  return taken;
}

template <typename TakeFunction>
absl::StatusOr<size_t> SeqpacketConn::ReadBy(absl::Span<char> buffer,
                                             TakeFunction take) {
  if (buffer.empty()) {
    if (me_.state.closed()) return ClosedError(NamedInfo("read", &names()));
    return size_t{0};
  }
  Call call(me_.state, Direction::kRead);
  while (call.ok()) {
    const Taken taken = take(buffer);
    if (taken.error == EAGAIN) {
      call.Wait();
      continue;
    }
    if (taken.error != 0) {
      return ErrnoError(NamedInfo("read", &names()), "read", taken.error);
    }
    if (taken.end) return EofError();
    if (taken.size == taken.full_size) return taken.size;
    ErrorInfo info = NamedInfo("read", &names());
    info.bytes_done = taken.full_size;
    return ErrnoError(std::move(info), "read", EMSGSIZE);
  }
  return call.Error("read");
}

absl::StatusOr<size_t> SeqpacketConn::Read(absl::Span<char> buffer) {
  return ReadBy(buffer, [this](absl::Span<char> to) { return Take(to); });
}

absl::StatusOr<size_t> SeqpacketConn::Peek(absl::Span<char> buffer) {
  return ReadBy(buffer, [this](absl::Span<char> to) { return Look(to); });
}

absl::StatusOr<HandlePassing::Incoming> SeqpacketConn::ReadWithHandles(
    absl::Span<char> buffer, size_t max_handles) {
  // The object may be gone when the Read has waited in vain.
  ErrorInfo info = NamedInfo("read", &names());
  Incoming incoming;
  const absl::StatusOr<size_t> size = ReadBy(buffer, [&](absl::Span<char> to) {
    Taken taken = Take(to);
    incoming.size = taken.size;
    incoming.handles = std::move(taken.handles);
    // What has descriptors is a message, even without bytes.
    if (!incoming.handles.empty()) taken.end = false;
    return taken;
  });
  info.bytes_done = incoming.size;
  const absl::Status possible = CheckIncomingHandles(
      incoming.handles.size(), max_handles, std::move(info));
  if (!possible.ok()) return possible;
  if (!size.ok()) return size.status();
  return incoming;
}

absl::Status SeqpacketConn::WaitReadable() {
  Call call(me_.state, Direction::kRead);
  while (call.ok()) {
    {
      SystemMutexLock lock(&pair_->mutex);
      if (ReadableLocked()) return absl::OkStatus();
    }
    call.Wait();
  }
  return call.Error("read");
}

int SeqpacketConn::Send(Datagram& message) {
  const size_t cost = message.data.size() + kReserve;
  {
    SystemMutexLock lock(&pair_->mutex);
    if (me_.sent_end) return ESHUTDOWN;
    if (me_.error != 0) return std::exchange(me_.error, 0);
    if (cost > me_.send_buffer) return EMSGSIZE;
    if (peer_.closed || peer_.stopped_read) return EPIPE;
    if (peer_.queued_bytes > 0 && peer_.queued_bytes + cost > me_.send_buffer) {
      return EAGAIN;
    }
    pair_->NoteMessage(me_, message.data);
    peer_.queued_bytes += cost;
    peer_.queue.push_back(std::move(message));
  }
  peer_.state.Signal(Direction::kRead);
  pair_->RunTap();
  return 0;
}

absl::Status SeqpacketConn::Write(absl::Span<const absl::string_view> pieces) {
  Call call(me_.state, Direction::kWrite);
  return WriteMessage(call, {JoinPieces(pieces), {}});
}

absl::Status SeqpacketConn::WriteWithHandles(absl::string_view data,
                                             absl::Span<const int> handles) {
  Call call(me_.state, Direction::kWrite);
  if (!call.ok()) return call.Error("write");
  absl::StatusOr<std::vector<Descriptor>> sent =
      DuplicateHandles(false, handles, NamedInfo("write", &names()));
  if (!sent.ok()) {
    // That nothing is written here any more is told first, and a reset before
    // what the kernel would refuse.
    const bool kernels = GetErrorInfo(sent.status())->errno_value != 0;
    SystemMutexLock lock(&pair_->mutex);
    if (!me_.sent_end && (me_.error == 0 || !kernels)) return sent.status();
    sent.emplace();
  }
  return WriteMessage(call, {std::string(data), *std::move(sent)});
}

absl::Status SeqpacketConn::WriteMessage(Call& call, Datagram message) {
  while (call.ok()) {
    const int error = Send(message);
    if (error == 0) return absl::OkStatus();
    if (error == EAGAIN) {
      call.Wait();
      continue;
    }
    ErrorInfo info = NamedInfo("write", &names());
    if (error != ESHUTDOWN) return ErrnoError(std::move(info), "write", error);
    // The same words as for EPIPE, but it is the caller's own doing.
    info.syscall = "write";
    info.errno_value = EPIPE;
    return OpError(absl::StatusCode::kFailedPrecondition, std::move(info),
                   "write: broken pipe");
  }
  return call.Error("write");
}

absl::Status SeqpacketConn::Shutdown(bool End::*what) {
  if (!me_.state.Enter()) return ClosedError(NamedInfo("close", &names()));
  {
    SystemMutexLock lock(&pair_->mutex);
    if (what == &End::sent_end) pair_->NoteEnd(me_, false);
    me_.*what = true;
  }
  me_.state.Signal(Direction::kRead);
  me_.state.Signal(Direction::kWrite);
  SignalPeer();
  pair_->RunTap();
  me_.state.Leave();
  return absl::OkStatus();
}

absl::Status SeqpacketConn::CloseWith(bool reset) {
  const std::shared_ptr<const CallNames> names = me_.state.names();
  if (!me_.state.Close()) return ClosedError(NamedInfo("close", names.get()));
  std::deque<Datagram> dropped;
  {
    SystemMutexLock lock(&pair_->mutex);
    pair_->NoteEnd(me_, reset || !me_.queue.empty());
    if (reset || !me_.queue.empty()) peer_.error = ECONNRESET;
    me_.closed = me_.sent_end = true;
    dropped.swap(me_.queue);
  }
  SignalPeer();
  pair_->RunTap();
  lease_.Release();
  me_.state.Done();
  return absl::OkStatus();
}

absl::Status SeqpacketConn::SetDeadline(Direction direction, absl::Time when) {
  return me_.state.SetDeadline(direction, when) ? absl::OkStatus()
                                                : ClosedError(SetInfo());
}

ErrorInfo SeqpacketConn::SetInfo() const {
  ErrorInfo info = NamedInfo("set", &names());
  info.addr = std::exchange(info.source, Addr());
  return info;
}

// What is read here counts for who sends it alone, as in the kernel.
absl::Status SeqpacketConn::SetReadBuffer(int) {
  if (me_.state.closed()) return ClosedError(SetInfo());
  return UnsupportedError(SetInfo(), "read buffer");
}

absl::Status SeqpacketConn::SetWriteBuffer(int bytes) {
  if (!me_.state.Enter()) return ClosedError(SetInfo());
  {
    SystemMutexLock lock(&pair_->mutex);
    me_.send_buffer = BufferSize(bytes);
  }
  me_.state.Signal(Direction::kWrite);
  me_.state.Leave();
  return absl::OkStatus();
}

NetstatRow SeqpacketConn::Row() const {
  StreamStatus status;
  SystemMutexLock lock(&pair_->mutex);
  for (const Datagram& message : me_.queue) {
    status.unread += message.data.size();
  }
  status.sent_end = status.end_arrived = me_.sent_end;
  status.got_end = peer_.sent_end;
  status.was_reset = me_.error != 0;
  return RowOf(names(), status);
}

absl::StatusOr<Credentials> SeqpacketConn::GetPeerCredentials() {
  if (me_.state.closed()) return ClosedError(NamedInfo("get", &names()));
  return CredentialsOfThisProcess();
}

}  // namespace

std::pair<std::unique_ptr<FakeConn>, std::unique_ptr<FakeConn>>
MakeSeqpacketPair(const HostRef& host, SeqpacketEnd near, SeqpacketEnd far) {
  const auto pair = std::make_shared<Pair>(
      host.clock(), near, far,
      SeqpacketTap::Make(host, near.names->source, near.names->addr));
  if (pair->tap != nullptr) pair->tap->Open();
  pair->RunTap();
  return {std::make_unique<SeqpacketConn>(host, pair, 0, std::move(near.lease)),
          std::make_unique<SeqpacketConn>(host, pair, 1, std::move(far.lease))};
}

}  // namespace plumb
