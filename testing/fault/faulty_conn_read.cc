// What comes in: Read, ReadWithHandles, Peek, WaitReadable.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "testing/fault/faulty_conn.h"
#include "transport/error.h"
#include "transport/handle_checks.h"
#include "transport/scope.h"

namespace plumb {
namespace {

// For a message where nobody tells how long it is.
constexpr size_t kMessageRoom = 256 * 1024;

}  // namespace

template <typename T>
std::optional<absl::StatusOr<T>> FaultyConn::ReadPlain(
    Call& call, absl::FunctionRef<absl::StatusOr<T>()> read) {
  while (receiver_.empty() && context_.Plain()) {
    const CancelSource source = calls_->Source(Direction::kRead);
    if (absl::Status s = calls_->Check(call, "read"); !s.ok()) return s;
    if (absl::Status s = calls_->TakeFailure(Direction::kRead); !s.ok()) {
      return s;
    }
    CancelScope kicked(source);
    absl::StatusOr<T> result = read();
    // A kick, or what reset it, which the loop looks at.
    const bool again =
        !result.ok() && (IsCancelledCall(result.status()) || calls_->failed());
    if (!again) return result;
  }
  return std::nullopt;
}

void FaultyConn::CountPlain(const absl::Status& status, size_t size) {
  if (!status.ok()) size = BytesDone(status);
  // What was cut was received all the same.
  if (!status.ok() && size == 0) return;
  received_ += stream_ ? size : 1;
  delivered_ += size;
}

absl::StatusOr<size_t> FaultyConn::Read(absl::Span<char> buffer) {
  if (buffer.empty()) {
    if (calls_->state().closed()) return ClosedError(calls_->Info("read"));
    return size_t{0};
  }
  Call call(calls_->state(), Direction::kRead);
  if (!call.ok()) return call.Error("read");
  const auto plain = ReadPlain<size_t>(call, [&] {
    absl::StatusOr<size_t> n = inner_->Read(buffer);
    CountPlain(n.status(), n.value_or(0));
    return n;
  });
  if (plain.has_value()) return *plain;
  FaultPiece piece;
  if (absl::Status s = ReadJudged(call, &buffer, &piece); !s.ok()) return s;
  // As the kernel has it, to which handles alone make no bytes.
  if (ends_.network == FaultNetwork::kUnixpacket && piece.data.empty()) {
    return EofError();
  }
  SharedHandles dropped;
  return Deliver(std::move(piece), buffer, &dropped);
}

absl::StatusOr<HandlePassing::Incoming> FaultyConn::ReadWithHandles(
    absl::Span<char> buffer, size_t max_handles) {
  if (buffer.empty()) {
    if (calls_->state().closed()) return ClosedError(calls_->Info("read"));
    return Incoming();
  }
  Call call(calls_->state(), Direction::kRead);
  if (!call.ok()) return call.Error("read");
  auto plain = ReadPlain<Incoming>(call, [&] {
    absl::StatusOr<Incoming> got =
        inner_handles_->ReadWithHandles(buffer, max_handles);
    CountPlain(got.status(), got.ok() ? got->size : 0);
    return got;
  });
  if (plain.has_value()) return *std::move(plain);
  FaultPiece piece;
  if (absl::Status s = ReadJudged(call, &buffer, &piece); !s.ok()) return s;
  SharedHandles came;
  const absl::StatusOr<size_t> size = Deliver(std::move(piece), buffer, &came);
  ErrorInfo info = calls_->Info("read");
  info.bytes_done = size.value_or(buffer.size());
  absl::StatusOr<std::vector<Descriptor>> handles =
      TakeHandles(std::move(came), max_handles, info);
  if (!handles.ok()) return handles.status();
  if (!size.ok()) return size.status();
  return Incoming{*size, *std::move(handles)};
}

absl::Status FaultyConn::ReadJudged(Call& call, absl::Span<char>* buffer,
                                    FaultPiece* piece) {
  int64_t max_bytes = 0;
  absl::Status status =
      entry_.Enter(call, calls_->state().names(), FaultOperation::kRead,
                   delivered_, &max_bytes);
  if (!status.ok()) return status;
  if (max_bytes > 0) {
    const auto limit = static_cast<size_t>(max_bytes);
    *buffer = buffer->first(std::min(buffer->size(), limit));
  }
  status = AwaitDue(call, buffer->size());
  if (!status.ok()) return status;
  *piece = receiver_.Take();
  return piece->end;
}

absl::Status FaultyConn::AwaitDue(Call& call, size_t size) {
  for (;;) {
    absl::Status status = receiver_.Await(call, size);
    if (!status.ok()) return status;
    status = calls_->TakeFailure(Direction::kRead);
    if (!status.ok()) return status;
    if (receiver_.StillDue()) return absl::OkStatus();
  }
}

absl::StatusOr<size_t> FaultyConn::Deliver(FaultPiece piece,
                                           absl::Span<char> buffer,
                                           SharedHandles* handles) {
  *handles = std::move(piece.handles);
  size_t size = Fill(std::move(piece), buffer);
  if (size > buffer.size()) return CutError(size);
  // As a Peek has shown them.
  while (stream_ && *handles == nullptr && size < buffer.size() &&
         receiver_.HasDue() && receiver_.Show().end.ok()) {
    FaultPiece next = receiver_.Take();
    *handles = std::move(next.handles);
    size += Fill(std::move(next), buffer.subspan(size));
  }
  return size;
}

size_t FaultyConn::Fill(FaultPiece piece, absl::Span<char> buffer) {
  const size_t full_size = piece.data.size();
  const size_t size = std::min(full_size, buffer.size());
  if (size > 0) std::memcpy(buffer.data(), piece.data.data(), size);
  delivered_ += size;
  if (!stream_) return full_size;
  if (size < full_size) {
    piece.data.erase(0, size);
    receiver_.PutBack(std::move(piece));
  }
  return size;
}

absl::Status FaultyConn::CutError(size_t full_size) const {
  ErrorInfo info = calls_->Info("read");
  info.bytes_done = full_size;
  return ErrnoError(std::move(info), "read", EMSGSIZE);
}

absl::StatusOr<size_t> FaultyConn::NextMessageSize() {
  if (inner_peeker_ == nullptr) return kMessageRoom;
  char byte;
  const absl::StatusOr<size_t> n =
      inner_peeker_->Peek(absl::MakeSpan(&byte, 1));
  // The end of the stream may be handles without a byte.
  if (n.ok() || IsEof(n.status())) return size_t{1};
  const uint64_t size = BytesDone(n.status());
  if (size == 0) return n.status();
  return static_cast<size_t>(size);
}

absl::Status FaultyConn::ReadInner(size_t size, FaultPiece* piece) {
  piece->link = in_;
  piece->packet.position = received_;
  const absl::StatusOr<size_t> room =
      stream_ ? absl::StatusOr<size_t>(size) : NextMessageSize();
  if (!room.ok()) return room.status();
  piece->data.resize(*room);
  const absl::StatusOr<size_t> n =
      inner_handles_ == nullptr ? inner_->Read(absl::MakeSpan(piece->data))
                                : ReadInnerWithHandles(piece);
  piece->data.resize(n.value_or(0));
  piece->data.shrink_to_fit();
  piece->packet.size = piece->data.size();
  // A message that was cut was received all the same.
  if (!stream_ && (n.ok() || BytesDone(n.status()) > 0)) ++received_;
  if (!n.ok()) return n.status();
  if (stream_) received_ += *n;
  return absl::OkStatus();
}

// Also for a Read that wants none: who reads it in the end nobody knows yet.
absl::StatusOr<size_t> FaultyConn::ReadInnerWithHandles(FaultPiece* piece) {
  auto handles = std::make_shared<FaultHandles>();
  absl::StatusOr<Incoming> got =
      inner_handles_->ReadWithHandles(absl::MakeSpan(piece->data));
  if (got.ok()) {
    if (got->handles.empty()) return got->size;
    handles->handles = std::move(got->handles);
    piece->handles = std::move(handles);
    return got->size;
  }
  const size_t size = SizeWithoutHandles(got.status(), piece->data.size());
  if (size == 0) return got.status();
  handles->lost = got.status();
  piece->handles = std::move(handles);
  return size;
}

absl::StatusOr<size_t> FaultyConn::Peek(absl::Span<char> buffer) {
  if (buffer.empty()) return Read(buffer);
  Call call(calls_->state(), Direction::kRead);
  if (!call.ok()) return call.Error("read");
  const auto plain =
      ReadPlain<size_t>(call, [&] { return inner_peeker_->Peek(buffer); });
  if (plain.has_value()) return *plain;
  if (absl::Status s = AwaitDue(call, kWaitRoom); !s.ok()) return s;
  if (!receiver_.Show().end.ok()) return receiver_.Take().end;
  return stream_ ? PeekStream(call, buffer) : PeekMessage(buffer);
}

absl::StatusOr<size_t> FaultyConn::PeekMessage(absl::Span<char> buffer) const {
  const std::string& message = receiver_.Show().data;
  if (message.empty() && ends_.network == FaultNetwork::kUnixpacket) {
    return EofError();
  }
  const size_t size = std::min(message.size(), buffer.size());
  if (size > 0) std::memcpy(buffer.data(), message.data(), size);
  if (size < message.size()) return CutError(message.size());
  return size;
}

// All that is there: who looks for more in vain looks again.
absl::StatusOr<size_t> FaultyConn::PeekStream(Call& call,
                                              absl::Span<char> buffer) {
  size_t size = receiver_.Copy(buffer);
  while (size < buffer.size() && receiver_.TakeInAtOnce(call, kWaitRoom)) {
    size = receiver_.Copy(buffer);
  }
  // What it took in may have been reset.
  if (calls_->failed()) return calls_->TakeFailure(Direction::kRead);
  return size;
}

absl::Status FaultyConn::WaitReadable() {
  Call call(calls_->state(), Direction::kRead);
  if (!call.ok()) return call.Error("read");
  while (receiver_.empty() && context_.Plain()) {
    const CancelSource source = calls_->Source(Direction::kRead);
    if (absl::Status s = calls_->Check(call, "read"); !s.ok()) return s;
    if (calls_->failed()) return absl::OkStatus();
    CancelScope kicked(source);
    absl::Status status = inner_->WaitReadable();
    if (!IsCancelledCall(status) && !calls_->failed()) return status;
  }
  absl::Status status = receiver_.Await(call, kWaitRoom);
  return IsEof(status) ? absl::OkStatus() : status;
}

}  // namespace plumb
