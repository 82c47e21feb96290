#include "testing/capture/fake_captures.h"

#include <algorithm>
#include <utility>

#include "testing/capture/capture_observer.h"

namespace plumb {

std::shared_ptr<PacketObserver> FakeCaptures::NewObserver() {
  absl::MutexLock lock(&mutex_);
  DropOldestEnded(kMaxEnded);
  const auto living = static_cast<ptrdiff_t>(entries_.size()) - CountEnded();
  if (living >= kMaxLiving) return nullptr;
  CaptureOptions options;
  options.max_bytes = kMaxBytes;
  const auto capture = std::make_shared<Capture>(options);
  auto observer = std::make_shared<CaptureObserver>(*capture);
  entries_.push_back({capture, observer});
  return observer;
}

std::deque<std::shared_ptr<const Capture>> FakeCaptures::Captures() const {
  absl::MutexLock lock(&mutex_);
  std::deque<std::shared_ptr<const Capture>> captures;
  for (const Entry& entry : entries_) captures.push_back(entry.capture);
  return captures;
}

void FakeCaptures::DropEnded() {
  absl::MutexLock lock(&mutex_);
  DropOldestEnded(0);
}

ptrdiff_t FakeCaptures::CountEnded() const {
  return std::count_if(entries_.begin(), entries_.end(),
                       [](const Entry& entry) { return entry.ended(); });
}

void FakeCaptures::DropOldestEnded(ptrdiff_t kept) {
  for (ptrdiff_t surplus = CountEnded() - kept; surplus > 0; --surplus) {
    entries_.erase(
        std::find_if(entries_.begin(), entries_.end(),
                     [](const Entry& entry) { return entry.ended(); }));
  }
}

}  // namespace plumb
