#include "backends/fake/fake_stream.h"

#include <algorithm>
#include <cerrno>

#include "transport/error.h"
#include "transport/extension.h"
#include "transport/info_reason.h"

namespace plumb {

size_t BufferSize(int bytes) { return static_cast<size_t>(std::max(bytes, 1)); }

absl::Status FakeStreamConn::CloseAs(StreamClose how, absl::Duration linger) {
  return end_.Close(how, linger, [this] {
    HideSocket(host_, this);
    Release();
  });
}

void* FakeStreamConn::Extension(absl::string_view name) {
  return FindExtension<ReadCloser, Peeker, BufferControl, BlockedProbe,
                       ConnProbe>(name, this);
}

bool FakeStreamConn::IsClosedByPeer() const {
  const StreamStatus status = end_.Status();
  return status.got_end || status.was_reset;
}

NetstatRow FakeStreamConn::Row() const {
  return RowOf(end_.names(), end_.Status());
}

absl::Status FakeStreamConn::SetReadBuffer(int bytes) {
  return end_.SetReceiveBuffer(BufferSize(bytes));
}

absl::Status FakeStreamConn::SetWriteBuffer(int bytes) {
  return end_.SetSendBuffer(BufferSize(bytes));
}

absl::StatusOr<std::unique_ptr<Conn>> FakeListener::Accept() {
  Call call(queue_->state(), Direction::kRead, "accept");
  while (call.ok()) {
    if (std::unique_ptr<FakeConn> conn = queue_->Pop()) return conn;
    call.Wait();
  }
  return call.Error("accept");
}

absl::Status FakeListener::Close() {
  const std::shared_ptr<ListenQueue> queue = queue_;
  CallState& state = queue->state();
  if (!state.Close()) {
    return ClosedError(NamedInfo("close", state.names().get()));
  }
  lease_.Release();
  queue->Shut();
  state.Done();
  return absl::OkStatus();
}

absl::Status FakeListener::SetDeadline(absl::Time when) {
  CallState& state = queue_->state();
  if (state.SetDeadline(Direction::kRead, when)) return absl::OkStatus();
  return ClosedError(NamedInfo("set", state.names().get()));
}

void* FakeListener::Extension(absl::string_view name) {
  return FindExtension<BlockedProbe, ListenerProbe>(name, this);
}

int FakeListener::BlockedCalls(Direction direction) const {
  return CountBlocked(queue_->state(), direction);
}

int CountBlocked(const CallState& state, Direction direction) {
  if (direction != Direction::kBoth) return state.Blocked(direction);
  return state.Blocked(Direction::kRead) + state.Blocked(Direction::kWrite);
}

absl::Status WaitForRoom(ListenQueue& queue, std::unique_ptr<FakeConn> server,
                         FakeConn& near,
                         const std::shared_ptr<Dialing>& dialing, Call& call,
                         const ErrorInfo& info, MonotonicNanos give_up) {
  const InfoReason reason(info);
  call.set_reason(&reason);
  const Clock& clock = dialing->state.clock();
  const auto waits = [&] {
    return give_up == kNever || clock.MonotonicNow() < give_up;
  };
  Dialing::Result result = queue.Push(std::move(server), near, dialing);
  while (result == Dialing::kWaiting && waits() && call.WaitUntil(give_up)) {
    result = queue.ResultOf(*dialing);
  }
  if (result == Dialing::kWaiting) result = queue.GiveUp(dialing);
  switch (result) {
    case Dialing::kConnected:
      return absl::OkStatus();
    case Dialing::kRefused:
      return ErrnoError(info, "connect", ECONNREFUSED);
    default:
      if (call.ok()) return ErrnoError(info, "connect", ETIMEDOUT);
      return CallError(call.outcome(), info);
  }
}

}  // namespace plumb
