#include "testing/capture/capture.h"

#include "testing/capture/capture_state.h"
#include "testing/capture/file.h"

namespace plumb {

Capture::Capture(CaptureOptions options)
    : state_(std::make_shared<CaptureState>(options)) {}

Capture::~Capture() = default;

void Capture::Comment(absl::string_view text) {
  SystemMutexLock lock(&state_->mutex);
  state_->store.CommentNext(text);
}

void Capture::Note(absl::string_view host, absl::string_view text) {
  Sight sight;
  sight.time = state_->Now();
  SystemMutexLock lock(&state_->mutex);
  sight.host = state_->store.AddHost(host);
  state_->store.AddNote(sight, host, "", text);
}

void Capture::NameAddress(const IpAddr& ip, absl::string_view name) {
  SystemMutexLock lock(&state_->mutex);
  state_->store.NameAddress(ip, name);
}

std::string Capture::Encode() const {
  SystemMutexLock lock(&state_->mutex);
  return state_->store.Encode();
}

absl::Status Capture::WriteFile(const std::string& path) const {
  return WriteWholeFile(path, Encode());
}

CaptureCounters Capture::Counters() const {
  SystemMutexLock lock(&state_->mutex);
  return {state_->store.packets(), state_->store.dropped(),
          state_->store.bytes()};
}

}  // namespace plumb
