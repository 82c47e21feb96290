#include "testing/fault/fuzz_peer.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "transport/clock.h"
#include "transport/error.h"
#include "transport/ip_addr.h"

namespace plumb {
namespace {

// Addresses for documentation (RFC 5737).
std::shared_ptr<const CallNames> Names() {
  return std::make_shared<CallNames>(
      CallNames{"tcp", Addr::Tcp(IpAddr::V4(192, 0, 2, 1), 80),
                Addr::Tcp(IpAddr::V4(192, 0, 2, 2), 40000)});
}

}  // namespace

const char* FuzzEndText(FuzzEnd end) {
  constexpr const char* kTexts[kFuzzEnds] = {"ends its direction", "closes",
                                             "resets", "sends no more",
                                             "neither sends nor reads"};
  return kTexts[static_cast<int>(end)];
}

FuzzPeer::FuzzPeer(std::string data, FuzzEnd end, size_t max_written)
    : state_(Clock::Real(), Names()),
      end_(end),
      data_(std::move(data)),
      room_(end == FuzzEnd::kStuck ? 0 : max_written) {}

absl::Status FuzzPeer::AwaitEnd(Call& call) {
  if (end_ == FuzzEnd::kSilent || end_ == FuzzEnd::kStuck) {
    return Expire(call, Direction::kRead, Info("read"));
  }
  // A FaultyConn that has data to give looks whether there is more, and does
  // not wait for it: nobody has found the end then.
  if (!call.WaitUntil(0)) return call.Error("read");
  if (end_ != FuzzEnd::kHalfClose) gone_ = true;
  return absl::OkStatus();
}

absl::Status FuzzPeer::AtEnd(Call& call) {
  if (absl::Status s = AwaitEnd(call); !s.ok()) return s;
  if (end_ == FuzzEnd::kReset && !std::exchange(told_, true)) {
    return ErrnoError(Info("read"), "read", ECONNRESET);
  }
  return EofError();
}

absl::Status FuzzPeer::Expire(Call& call, Direction direction, ErrorInfo info) {
  // Who does not wait in any case lets nobody's deadline pass.
  if (!call.WaitUntil(0)) return CallError(call.outcome(), std::move(info));
  expire_(direction);
  if (!call.Recheck()) return CallError(call.outcome(), std::move(info));
  // Somebody has moved the deadline since.
  return TimeoutError(std::move(info));
}

absl::StatusOr<size_t> FuzzPeer::Show(Call& call, absl::Span<char> buffer) {
  if (!call.ok()) return call.Error("read");
  if (buffer.empty()) return size_t{0};
  if (read_ == data_.size()) return AtEnd(call);
  const size_t size = std::min(buffer.size(), data_.size() - read_);
  std::copy_n(data_.begin() + static_cast<ptrdiff_t>(read_), size,
              buffer.begin());
  return size;
}

absl::StatusOr<size_t> FuzzPeer::Read(absl::Span<char> buffer) {
  Call call(state_, Direction::kRead);
  const absl::StatusOr<size_t> size = Show(call, buffer);
  // After an error this may be gone.
  if (size.ok()) read_ += *size;
  return size;
}

absl::StatusOr<size_t> FuzzPeer::Peek(absl::Span<char> buffer) {
  Call call(state_, Direction::kRead);
  return Show(call, buffer);
}

absl::Status FuzzPeer::Write(absl::Span<const absl::string_view> pieces) {
  Call call(state_, Direction::kWrite);
  if (!call.ok()) return call.Error("write");
  size_t size = 0;
  for (const absl::string_view piece : pieces) size += piece.size();
  const size_t taken = gone_ ? 0 : std::min(size, room_);
  room_ -= taken;
  if (taken == size) return absl::OkStatus();
  ErrorInfo info = Info("write");
  info.bytes_done = taken;
  if (end_ != FuzzEnd::kStuck) {
    return ErrnoError(std::move(info), "write", EPIPE);
  }
  return Expire(call, Direction::kWrite, std::move(info));
}

absl::Status FuzzPeer::WaitReadable() {
  Call call(state_, Direction::kRead);
  if (!call.ok()) return call.Error("read");
  return read_ < data_.size() ? absl::OkStatus() : AwaitEnd(call);
}

absl::Status FuzzPeer::CloseWrite() {
  return state_.closed() ? ClosedError(Info("close")) : absl::OkStatus();
}

absl::Status FuzzPeer::Close() {
  if (!state_.Close()) return ClosedError(Info("close"));
  state_.Done();
  return absl::OkStatus();
}

absl::Status FuzzPeer::SetDeadline(Direction direction, absl::Time when) {
  return state_.SetDeadline(direction, when) ? absl::OkStatus()
                                             : ClosedError(Info("set"));
}

}  // namespace plumb
