#include "testing/capture/stream_tracer.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "transport/error.h"

namespace plumb {
namespace {

// What ends a call at the caller's own wish.
bool IsOwnDoing(const absl::Status& status) {
  return IsClosed(status) || IsTimeout(status) || IsCancelledCall(status);
}

std::string InjectedBy(const absl::Status& status) {
  const std::optional<ErrorInfo> info = GetErrorInfo(status);
  if (!info.has_value() || info->injected_by.empty()) return "";
  return absl::StrCat("injected by ", info->injected_by);
}

}  // namespace

StreamTracer::StreamTracer(std::shared_ptr<CaptureState> state,
                           StreamOpening opening)
    : state_(std::move(state)), opening_(std::move(opening)) {
  opening_.time = state_->Now();
  if (opening_.dial_time == 0) opening_.dial_time = opening_.time;
  SystemMutexLock lock(&state_->mutex);
  record_ = state_->streams.Open(opening_);
}

void StreamTracer::BeginWrite() {
  SystemMutexLock lock(&state_->mutex);
  ++writes_inside_;
}

void StreamTracer::EndWrite(absl::Span<const absl::string_view> pieces,
                            size_t written, const absl::Status& status) {
  const int64_t now = state_->Now();
  SystemMutexLock lock(&state_->mutex);
  if (written > 0 || (opening_.messages && status.ok())) {
    record_->Wrote(opening_.end, pieces, written, now);
  }
  if (!status.ok()) Failed(status, now);
  --writes_inside_;
  if (closing_) Finish(now);
}

void StreamTracer::Read(absl::string_view data) {
  const int64_t now = state_->Now();
  SystemMutexLock lock(&state_->mutex);
  record_->Got(opening_.end, data, now);
}

void StreamTracer::ReadFailed(const absl::Status& status) {
  const int64_t now = state_->Now();
  SystemMutexLock lock(&state_->mutex);
  if (IsEof(status)) {
    record_->GotEnd(opening_.end, now);
  } else {
    Failed(status, now);
  }
}

void StreamTracer::ClosedWrite() {
  const int64_t now = state_->Now();
  SystemMutexLock lock(&state_->mutex);
  record_->EndedWrites(opening_.end, now);
}

void StreamTracer::Closed() {
  const int64_t now = state_->Now();
  SystemMutexLock lock(&state_->mutex);
  closing_ = true;
  Finish(now);
}

void StreamTracer::Failed(const absl::Status& status, int64_t time) {
  if (IsOwnDoing(status)) return;
  if (IsReset(status) || IsBrokenPipe(status)) {
    record_->WasReset(opening_.end, time, InjectedBy(status));
    return;
  }
  Sight sight;
  sight.host = opening_.host;
  sight.time = time;
  const bool dialled = opening_.end == StreamEnd::kDialler;
  const Addr& local = dialled ? opening_.dialler : opening_.acceptor;
  const Addr& remote = dialled ? opening_.acceptor : opening_.dialler;
  state_->store.AddNote(sight, local.ToString(), remote.ToString(),
                        status.message());
}

void StreamTracer::Finish(int64_t time) {
  if (writes_inside_ > 0) return;
  record_->Closed(opening_.end, time);
  state_->streams.Closed(record_, opening_);
  closing_ = false;
}

}  // namespace plumb
