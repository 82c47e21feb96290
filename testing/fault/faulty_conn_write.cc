// What goes out: Write, WriteWithHandles.
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_join.h"
#include "testing/fault/faulty_conn.h"
#include "transport/error.h"
#include "transport/scope.h"

namespace plumb {
namespace {

size_t TotalSize(absl::Span<const absl::string_view> pieces) {
  size_t size = 0;
  for (const absl::string_view piece : pieces) size += piece.size();
  return size;
}

// `status`, an error, which says that `bytes_done` bytes were written in all.
absl::Status WithBytesDone(absl::Status status, uint64_t bytes_done) {
  if (BytesDone(status) == bytes_done) return status;
  ErrorInfo info = GetErrorInfo(status).value_or(ErrorInfo());
  info.bytes_done = bytes_done;
  return WithErrorInfo(std::move(status), info);
}

}  // namespace

absl::Status FaultyConn::Write(absl::Span<const absl::string_view> pieces) {
  return WriteAll(pieces, {});
}

absl::Status FaultyConn::WriteWithHandles(absl::string_view data,
                                          absl::Span<const int> handles) {
  return WriteAll(absl::MakeConstSpan(&data, 1), handles);
}

absl::Status FaultyConn::WriteAll(absl::Span<const absl::string_view> pieces,
                                  absl::Span<const int> handles) {
  Call call(calls_->state(), Direction::kWrite);
  if (!call.ok()) return call.Error("write");
  const size_t size = TotalSize(pieces);
  if (stream_ && size == 0 && handles.empty()) return absl::OkStatus();
  // Counted before any rule, so that none shifts those that follow.
  if (!stream_) ++sent_;
  int64_t max_bytes = 0;
  absl::Status status = EnterWrite(call, size, &max_bytes);
  if (!status.ok()) return status;
  if (max_bytes == 0 || size <= static_cast<size_t>(max_bytes)) {
    return WritePieces(call, {pieces, handles, size, 0});
  }
  const std::string all = absl::StrJoin(pieces, "");
  for (size_t done = 0; done < size;) {
    const absl::string_view piece =
        absl::string_view(all).substr(done, static_cast<size_t>(max_bytes));
    status = WritePieces(
        call, {absl::MakeConstSpan(&piece, 1), handles, piece.size(), done});
    if (!status.ok()) return status;
    done += piece.size();
    handles = {};
  }
  return absl::OkStatus();
}

absl::Status FaultyConn::EnterWrite(Call& call, size_t size,
                                    int64_t* max_bytes) {
  absl::Status status =
      entry_.Enter(call, calls_->state().names(), FaultOperation::kWrite,
                   WritePosition(), max_bytes);
  // Close may have freed this.
  if (!call.inside()) return status;
  if (status.ok()) status = calls_->TakeFailure(Direction::kWrite);
  // A stream's bytes come with another Write.
  if (!status.ok() && !stream_) {
    sender_->Refuse(Out(FaultSegment::kData, WritePosition(), size));
  }
  return status;
}

FaultPiece FaultyConn::Out(FaultSegment segment, uint64_t position,
                           size_t size) const {
  FaultPiece piece;
  piece.link = out_;
  piece.packet.segment = segment;
  piece.packet.position = position;
  piece.packet.size = size;
  return piece;
}

absl::Status FaultyConn::WritePieces(Call& call, const Outgoing& out) {
  ErrorInfo info;
  info.bytes_done = out.done;
  while (stream_ && !sender_->HasRoom()) {
    if (!call.Wait()) return call.Error("write", std::move(info));
  }
  if (absl::Status s = sender_->error(); !s.ok()) return s;
  if (shut_ && sender_->idle()) return WriteInner(call, out);
  if (shut_) {
    info = NamedInfo("write", calls_->state().names().get(), std::move(info));
    info.syscall = "write";
    info.errno_value = EPIPE;
    return OpError(absl::StatusCode::kFailedPrecondition, std::move(info),
                   "write: broken pipe");
  }
  FaultPiece piece = Out(FaultSegment::kData, WritePosition(), out.size);
  absl::StatusOr<SharedHandles> handles = CopyOutgoing(out);
  absl::Status status = handles.status();
  if (absl::IsInvalidArgument(status)) {
    if (!stream_) sender_->Refuse(piece);
    return status;
  }
  // Without room for the copies it can go at once all the same.
  const auto fill = [&](FaultPiece& kept) {
    if (!handles.ok()) return false;
    kept.handles = *std::move(handles);
    kept.data = absl::StrJoin(out.pieces, "");
    return true;
  };
  const FaultVerdict verdict = sender_->Offer(std::move(piece), fill);
  if (verdict.passes() && verdict.changes.empty()) {
    status = WriteInner(call, out);
  } else if (verdict.passes()) {
    std::string changed = absl::StrJoin(out.pieces, "");
    ApplyChanges(verdict, &changed);
    const absl::string_view bytes = changed;
    Outgoing other = out;
    other.pieces = absl::MakeConstSpan(&bytes, 1);
    status = WriteInner(call, other);
  }
  if (stream_ && status.ok()) {
    sent_ += out.size;
  } else if (stream_) {
    sent_ += std::max(BytesDone(status), out.done) - out.done;
  }
  return status;
}

absl::StatusOr<SharedHandles> FaultyConn::CopyOutgoing(
    const Outgoing& out) const {
  if (out.handles.empty()) return SharedHandles();
  return CopyHandles(stream_ && out.size == 0, out.handles,
                     calls_->Info("write"));
}

absl::Status FaultyConn::WriteInner(Call& call, const Outgoing& out) {
  const CancelSource source = calls_->Source(Direction::kWrite);
  ErrorInfo info = calls_->Info("write");
  if (absl::Status s = calls_->Check(call, "write"); !s.ok()) {
    return WithBytesDone(std::move(s), out.done);
  }
  absl::Status status;
  {
    CancelScope kicked(source);
    status = out.handles.empty()
                 ? inner_->Write(out.pieces)
                 : inner_handles_->WriteWithHandles(out.pieces[0], out.handles);
  }
  if (status.ok()) return status;
  info.bytes_done = out.done + BytesDone(status);
  if (calls_->failed()) {
    const absl::Status failure = calls_->TakeFailure(Direction::kWrite);
    if (!failure.ok()) return failure;
  }
  if (source.cancelled()) return ClosedError(std::move(info));
  return WithBytesDone(std::move(status), info.bytes_done);
}

}  // namespace plumb
