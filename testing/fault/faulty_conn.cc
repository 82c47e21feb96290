#include "testing/fault/faulty_conn.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_join.h"
#include "backends/fake/probes.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/scope.h"

namespace plumb {
namespace {

// Longer than any message.
constexpr size_t kMessageRoom = 256 * 1024;

// What WaitReadable takes in from a stream at most.
constexpr size_t kWaitRoom = 64 * 1024;

FaultEnds Reversed(FaultEnds ends) {
  std::swap(ends.from, ends.to);
  return ends;
}

size_t TotalSize(absl::Span<const absl::string_view> pieces) {
  size_t size = 0;
  for (const absl::string_view piece : pieces) size += piece.size();
  return size;
}

// Closes it so that its peer reads of a reset, where it can.
void ResetConn(Conn& inner) {
  if (auto* tcp = Extension<TcpControl>(inner)) {
    tcp->SetLinger(absl::ZeroDuration()).IgnoreError();
  }
  inner.Close().IgnoreError();
}

}  // namespace

std::shared_ptr<const CallNames> NamesOf(Conn& inner) {
  CancelScope ended;
  ended.Cancel();
  const ErrorInfo info =
      GetErrorInfo(inner.WaitReadable()).value_or(ErrorInfo());
  return std::make_shared<CallNames>(
      CallNames{info.network, info.source, info.addr});
}

FaultyConn::FaultyConn(FaultContext context, FaultEnds ends,
                       std::unique_ptr<Conn> inner)
    : context_(std::move(context)),
      ends_(std::move(ends)),
      stream_(IsStream(ends_.network)),
      inner_(std::move(inner)),
      calls_(std::make_shared<FaultCalls>(context_.faults->clock(),
                                          NamesOf(*inner_))),
      out_(std::make_shared<FaultLink>(context_.faults, ends_)),
      in_(std::make_shared<FaultLink>(context_.faults, Reversed(ends_))),
      sender_(std::make_shared<FaultSender>(context_.faults, stream_,
                                            SenderHooks())),
      receiver_(context_.faults, stream_, !context_.judge_received, calls_,
                {[this](size_t size, FaultPiece* piece) {
                   return ReadInner(size, piece);
                 },
                 [inner = inner_, calls = calls_,
                  stream = stream_](absl::string_view rule) {
                   // Of a message its sender would hear, who is elsewhere.
                   if (!stream) return;
                   calls->Reset(rule);
                   ResetConn(*inner);
                 },
                 context_.remark}),
      subscription_(SubscribeTo(*context_.faults, calls_, sender_)),
      probe_(context_, plumb::Extension<ConnProbe>(*inner_), calls_, sender_,
             receiver_, kWaitRoom),
      entry_(context_.faults, ends_) {}

FaultSender::Hooks FaultyConn::SenderHooks() {
  FaultSender::Hooks hooks;
  hooks.send = [inner = inner_](const FaultPiece& piece) {
    if (piece.packet.segment == FaultSegment::kEnd) return inner->CloseWrite();
    return inner->Write(piece.data);
  };
  hooks.waits = [inner = inner_] {
    return BlockedInside(*inner, Direction::kWrite) > 0;
  };
  hooks.reset = [inner = inner_, calls = calls_,
                 stream = stream_](absl::string_view rule) {
    if (!stream) return calls->Fail(ECONNREFUSED, rule);
    calls->Reset(rule);
    ResetConn(*inner);
  };
  hooks.room = [calls = calls_] { calls->state().Signal(Direction::kWrite); };
  hooks.finish = [inner = inner_] { inner->Close().IgnoreError(); };
  hooks.remark = context_.remark;
  return hooks;
}

absl::StatusOr<size_t> FaultyConn::Read(absl::Span<char> buffer) {
  if (buffer.empty()) {
    if (calls_->state().closed()) return ClosedError(calls_->Info("read"));
    return size_t{0};
  }
  Call call(calls_->state(), Direction::kRead);
  if (!call.ok()) return call.Error("read");
  if (receiver_.empty() && context_.Plain()) return ReadPlain(call, buffer);
  return ReadJudged(call, buffer);
}

absl::StatusOr<size_t> FaultyConn::ReadJudged(Call& call,
                                              absl::Span<char> buffer) {
  int64_t max_bytes = 0;
  absl::Status status =
      entry_.Enter(call, calls_->state().names(), FaultOperation::kRead,
                   delivered_, &max_bytes);
  if (!status.ok()) return status;
  if (max_bytes > 0) {
    buffer =
        buffer.first(std::min(buffer.size(), static_cast<size_t>(max_bytes)));
  }
  for (;;) {
    status = receiver_.Await(call, buffer.size());
    if (!status.ok()) return status;
    status = calls_->TakeFailure(Direction::kRead);
    if (!status.ok()) return status;
    if (receiver_.HasDue()) return Deliver(receiver_.Take(), buffer);
  }
}

absl::StatusOr<size_t> FaultyConn::ReadPlain(Call& call,
                                             absl::Span<char> buffer) {
  for (;;) {
    const CancelSource source = calls_->Source(Direction::kRead);
    if (absl::Status s = calls_->Check(call, "read"); !s.ok()) return s;
    if (absl::Status s = calls_->TakeFailure(Direction::kRead); !s.ok()) {
      return s;
    }
    CancelScope kicked(source);
    absl::StatusOr<size_t> n = inner_->Read(buffer);
    if (n.ok()) received_ += stream_ ? *n : 1;
    if (n.ok()) delivered_ += *n;
    // A kick, or what reset it, which the loop looks at.
    if (n.ok() || !(IsCancelledCall(n.status()) || calls_->failed())) return n;
    if (!context_.Plain()) return ReadJudged(call, buffer);
  }
}

absl::StatusOr<size_t> FaultyConn::Deliver(FaultPiece piece,
                                           absl::Span<char> buffer) {
  if (!piece.end.ok()) return piece.end;
  const size_t size = std::min(piece.data.size(), buffer.size());
  std::memcpy(buffer.data(), piece.data.data(), size);
  delivered_ += size;
  if (size == piece.data.size()) return size;
  if (stream_) {
    piece.data.erase(0, size);
    receiver_.PutBack(std::move(piece));
    return size;
  }
  ErrorInfo info = calls_->Info("read");
  info.bytes_done = piece.data.size();
  return ErrnoError(std::move(info), "read", EMSGSIZE);
}

absl::Status FaultyConn::ReadInner(size_t size, FaultPiece* piece) {
  piece->link = in_;
  piece->packet.position = received_;
  piece->data.resize(stream_ ? size : kMessageRoom);
  const absl::StatusOr<size_t> n = inner_->Read(absl::MakeSpan(piece->data));
  piece->data.resize(n.value_or(0));
  piece->data.shrink_to_fit();
  piece->packet.size = piece->data.size();
  if (!n.ok()) return n.status();
  received_ += stream_ ? *n : 1;
  return absl::OkStatus();
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

absl::Status FaultyConn::Write(absl::Span<const absl::string_view> pieces) {
  Call call(calls_->state(), Direction::kWrite);
  if (!call.ok()) return call.Error("write");
  const size_t size = TotalSize(pieces);
  if (stream_ && size == 0) return absl::OkStatus();
  // Counted before any rule, so that none shifts those that follow.
  if (!stream_) ++sent_;
  if (absl::Status s = calls_->TakeFailure(Direction::kWrite); !s.ok()) {
    return s;
  }
  int64_t max_bytes = 0;
  absl::Status status =
      entry_.Enter(call, calls_->state().names(), FaultOperation::kWrite,
                   WritePosition(), &max_bytes);
  if (!status.ok()) return status;
  if (max_bytes == 0 || size <= static_cast<size_t>(max_bytes)) {
    return WritePieces(call, pieces, size, 0);
  }
  const std::string all = absl::StrJoin(pieces, "");
  for (size_t done = 0; done < size;) {
    const absl::string_view piece =
        absl::string_view(all).substr(done, static_cast<size_t>(max_bytes));
    status =
        WritePieces(call, absl::MakeConstSpan(&piece, 1), piece.size(), done);
    if (!status.ok()) return status;
    done += piece.size();
  }
  return absl::OkStatus();
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

absl::Status FaultyConn::WritePieces(Call& call,
                                     absl::Span<const absl::string_view> pieces,
                                     size_t size, uint64_t done) {
  ErrorInfo info;
  info.bytes_done = done;
  while (stream_ && !sender_->HasRoom()) {
    if (!call.Wait()) return call.Error("write", std::move(info));
  }
  if (absl::Status s = sender_->error(); !s.ok()) return s;
  if (shut_ && sender_->idle()) return WriteInner(call, pieces, done);
  if (shut_) {
    info = NamedInfo("write", calls_->state().names().get(), std::move(info));
    info.syscall = "write";
    info.errno_value = EPIPE;
    return OpError(absl::StatusCode::kFailedPrecondition, std::move(info),
                   "write: broken pipe");
  }
  const auto join = [pieces] { return absl::StrJoin(pieces, ""); };
  const FaultVerdict verdict =
      sender_->Offer(Out(FaultSegment::kData, WritePosition(), size), join);
  absl::Status status;
  if (verdict.passes() && verdict.changes.empty()) {
    status = WriteInner(call, pieces, done);
  } else if (verdict.passes()) {
    std::string changed = join();
    ApplyChanges(verdict, &changed);
    const absl::string_view piece = changed;
    status = WriteInner(call, absl::MakeConstSpan(&piece, 1), done);
  }
  if (stream_) sent_ += size;
  return status;
}

absl::Status FaultyConn::WriteInner(Call& call,
                                    absl::Span<const absl::string_view> pieces,
                                    uint64_t done) {
  const CancelSource source = calls_->Source(Direction::kWrite);
  ErrorInfo info = calls_->Info("write");
  info.bytes_done = done;
  if (absl::Status s = calls_->Check(call, "write"); !s.ok()) {
    return WithErrorInfo(s, [&] {
      ErrorInfo own = GetErrorInfo(s).value_or(ErrorInfo());
      own.bytes_done = done;
      return own;
    }());
  }
  absl::Status status;
  {
    CancelScope kicked(source);
    status = inner_->Write(pieces);
  }
  if (status.ok()) return status;
  info.bytes_done += BytesDone(status);
  if (calls_->failed()) {
    const absl::Status failure = calls_->TakeFailure(Direction::kWrite);
    if (!failure.ok()) return failure;
  }
  if (source.cancelled()) return ClosedError(std::move(info));
  if (done == 0) return status;
  ErrorInfo own = GetErrorInfo(status).value_or(ErrorInfo());
  own.bytes_done = info.bytes_done;
  return WithErrorInfo(std::move(status), own);
}

absl::Status FaultyConn::ShutInner() {
  const bool messages = ends_.network == FaultNetwork::kUdp ||
                        ends_.network == FaultNetwork::kUnixgram;
  if (messages) return inner_->CloseWrite();
  if (calls_->was_reset()) {
    return ErrnoError(calls_->Info("close"), "shutdown", ENOTCONN);
  }
  if (shut_.exchange(true)) {
    return sender_->idle() ? inner_->CloseWrite() : absl::OkStatus();
  }
  const FaultVerdict verdict = sender_->Offer(Out(FaultSegment::kEnd, sent_, 0),
                                              [] { return std::string(); });
  return verdict.passes() ? inner_->CloseWrite() : absl::OkStatus();
}

absl::Status FaultyConn::CloseWrite() {
  CallState& state = calls_->state();
  if (!state.Enter()) return ClosedError(calls_->Info("close"));
  absl::Status status = ShutInner();
  state.Leave();
  return status;
}

bool FaultyConn::OwesPeer() {
  if (calls_->was_reset() || !sender_->error().ok()) return false;
  if (ends_.network != FaultNetwork::kUdp &&
      ends_.network != FaultNetwork::kUnixgram && !shut_.exchange(true)) {
    sender_->Offer(Out(FaultSegment::kEnd, sent_, 0),
                   [] { return std::string(); });
  }
  return !sender_->idle();
}

absl::Status FaultyConn::Close() {
  // The first closer may have freed this when a second one returns.
  const std::shared_ptr<FaultCalls> calls = calls_;
  if (!calls->BeginClose()) return ClosedError(calls->Info("close"));
  context_.faults->Unsubscribe(subscription_);
  calls->state().Close();
  absl::Status status;
  if (calls->was_reset()) {
    sender_->Stop();
  } else if (ends_.network == FaultNetwork::kTcp && receiver_.HasData()) {
    // As the kernel does it with what nobody has read.
    ResetConn(*inner_);
    sender_->Stop();
  } else if (OwesPeer()) {
    context_.linger->Take(sender_,
                          [inner = inner_] { inner->Close().IgnoreError(); });
  } else {
    status = inner_->Close();
    // The reset has closed it.
    if (calls->was_reset()) status = absl::OkStatus();
    sender_->Stop();
  }
  calls->state().Done();
  calls->Closed();
  return status;
}

absl::Status FaultyConn::SetDeadline(Direction direction, absl::Time when) {
  CallState& state = calls_->state();
  if (!state.Enter()) return ClosedError(calls_->SetInfo());
  state.SetDeadline(direction, when);
  absl::Status status = inner_->SetDeadline(direction, when);
  if (calls_->was_reset()) status = absl::OkStatus();
  state.Leave();
  return status;
}

int FaultyConn::BlockedCalls(Direction direction) const {
  return BlockedInside(*inner_, direction) + calls_->state().Blocked(direction);
}

void* FaultyConn::Extension(absl::string_view name) {
  const absl::string_view allowed[] = {
      MessageTraits::kExtensionName, TcpControl::kExtensionName,
      ReadCloser::kExtensionName, BufferControl::kExtensionName,
      PeerCredentials::kExtensionName};
  if (name == BlockedProbe::kExtensionName) {
    return static_cast<BlockedProbe*>(this);
  }
  if (name == ConnProbe::kExtensionName) return probe_.Offer();
  return absl::c_linear_search(allowed, name) ? inner_->Extension(name)
                                              : nullptr;
}

}  // namespace plumb
