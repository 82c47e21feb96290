#include "backends/posix/stream_conn.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "transport/waiter.h"

namespace plumb {
namespace {

// Apart, like all that makes an error here: an ErrorInfo would double the frame
// that stays on the stack while the call waits.
ABSL_ATTRIBUTE_NOINLINE absl::Status CutWriteError(const Call& call,
                                                   const SendOp& op) {
  ErrorInfo info;
  info.bytes_done = op.sent();
  return call.Error("write", std::move(info));
}

// A Read of more than this takes the time of several, and counts as so many for
// who lets others run after a number of calls (Waiter::CountCall): a peer that
// sends as fast as it is read would otherwise keep a fiber's worker for
// milliseconds.
constexpr size_t kBytesOfACall = 32 * 1024;
constexpr size_t kMostCalls = 64;

}  // namespace

StreamConn::StreamConn(Clock& clock, plumb::Descriptor descriptor,
                       std::shared_ptr<const CallNames> names,
                       StreamContent content)
    : SocketConn(clock, std::move(descriptor), std::move(names)),
      content_(content) {}

StreamConn::~StreamConn() { CloseOnce(); }

absl::StatusOr<size_t> StreamConn::Read(absl::Span<char> buffer) {
  if (ABSL_PREDICT_FALSE(buffer.size() > kBytesOfACall)) {
    return ReadMuch(buffer);
  }
  return Receive(buffer, 0);
}

// Counted when the call has ended: Yield is not for who has the read turn.
ABSL_ATTRIBUTE_NOINLINE absl::StatusOr<size_t> StreamConn::ReadMuch(
    absl::Span<char> buffer) {
  absl::StatusOr<size_t> received = Receive(buffer, 0);
  if (!received.ok()) return received;
  const size_t calls = std::min(*received / kBytesOfACall, kMostCalls);
  Waiter& waiter = Waiter::Current();
  for (size_t i = 0; i < calls; ++i) waiter.CountCall();
  return received;
}

absl::StatusOr<size_t> StreamConn::Peek(absl::Span<char> buffer) {
  return Receive(buffer, MSG_PEEK);
}

absl::StatusOr<size_t> StreamConn::Receive(absl::Span<char> buffer, int flags) {
  if (buffer.empty()) {
    if (state().closed()) return ReadClosedError();
    return size_t{0};
  }
  Call call(state(), Direction::kRead);
  if (!call.ok()) return call.Error("read");
  ReceiveOp op(fd(), buffer, content_, flags);
  // Not again when this wait ends without a try: it may have heard of what
  // came.
  const bool wait_first = std::exchange(wait_first_, false);
  const bool done = wait_first ? call.RunAfterWait(op) : call.Run(op);
  if (!done) return call.Error("read");
  if (op.error() != 0 || op.size() == 0) return ReadError(op.error());
  wait_first_ = flags == 0 && op.emptied();
  return op.size();
}

ABSL_ATTRIBUTE_NOINLINE absl::Status StreamConn::ReadClosedError() const {
  return ClosedError(Info("read"));
}

ABSL_ATTRIBUTE_NOINLINE absl::Status StreamConn::ReadError(int error) const {
  if (error == 0) return EofError();
  return ErrnoError(Info("read"), "read", error);
}

absl::Status StreamConn::Write(absl::Span<const absl::string_view> pieces) {
  Call call(state(), Direction::kWrite);
  if (!call.ok()) return call.Error("write");
  if (write_closed()) return WriteError(EPIPE, 0);
  SendOp op(fd(), pieces);
  if (!call.Run(op)) return CutWriteError(call, op);
  return op.error() == 0 ? absl::OkStatus() : WriteError(op.error(), op.sent());
}

void* StreamConn::Extension(absl::string_view name) {
  if (void* found = SocketConn::Extension(name)) return found;
  return FindExtension<ReadCloser>(name, this);
}

}  // namespace plumb
