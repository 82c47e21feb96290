// A Channel passes values from those who send to those who receive, threads or
// fibers, as Go's do.
//
//   plumb::Channel<Job> jobs(16);
//   group.Go([&] {
//     for (;;) {
//       absl::StatusOr<Job> job = jobs.Receive();
//       if (plumb::IsEof(job.status())) return absl::OkStatus();
//       if (!job.ok()) return job.status();
//       Run(*std::move(job));
//     }
//   });
//   ...
//   RETURN_IF_ERROR(jobs.Send(Job{...}));
//   jobs.Close();
//
// With a capacity of 0 a Send and a Receive meet: each waits for the other.
// Otherwise up to that many values wait in between, and Send waits while there
// are more. Values come out in the order in which they went in, and those who
// wait are served in the order of coming. Select (select.h) waits on several
// channels at once.
//
// Close is the sender's word that there is nothing more: what was sent before
// is received first.
//
// Errors:
//   IsEof            Receive: closed, and all was received; text "EOF"
//   IsClosed         Send: `send: channel is closed`, also when it waits; where
//                    Go panics
//   IsCancelledCall  `send: operation was canceled`: a scope around the call
//   IsTimeout        `receive: i/o timeout`: a scope's deadline or the call's
//   Unavailable      TrySend, TryReceive: `send: would block`
// Scopes and deadlines are looked at first, before what the channel has. An
// error has moved no value: what was to be sent is still the caller's. A value
// that has met its receiver arrives, whatever is cancelled at that moment.
//
// T is moved, once or twice, and need be neither copyable nor
// default-constructible. Its move must not throw, and must not use channels:
// it may happen under the lock of this one.
//
// It may be destroyed, with the values in it, when no call on it is under way.
// A Send is over in this sense when the Receive that it met has returned, and
// the reverse, although the other thread or fiber may not have run since.
//
// Threads: any method at any time.
#ifndef PLUMB_TRANSPORT_CHANNEL_H_
#define PLUMB_TRANSPORT_CHANNEL_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "transport/channel_base.h"
#include "transport/clock.h"
#include "transport/select.h"

namespace plumb {

template <typename T>
class Channel final : public ChannelBase {
 public:
  explicit Channel(size_t capacity = 0)
      : ChannelBase(capacity),
        buffer_(capacity == 0 ? nullptr : new std::optional<T>[capacity]) {}

  // Suspends until the value is received, or is in the buffer.
  absl::Status Send(T&& value) { return Do(SendCase(value)); }
  absl::Status Send(const T& value) { return Send(T(value)); }
  // The same, with a deadline of its own.
  absl::Status SendUntil(absl::Time deadline, T&& value,
                         Clock& clock = Clock::Real()) {
    return DoUntil(SendCase(value), deadline, clock);
  }
  // Never suspends, and looks at no scope.
  absl::Status TrySend(T&& value) { return Try(SendCase(value)); }
  absl::Status TrySend(const T& value) { return TrySend(T(value)); }

  // Suspends until there is a value.
  absl::StatusOr<T> Receive() {
    std::optional<T> value;
    return Received(Do(ReceiveCase(value)), value);
  }
  // The same, with a deadline of its own.
  absl::StatusOr<T> ReceiveUntil(absl::Time deadline,
                                 Clock& clock = Clock::Real()) {
    std::optional<T> value;
    return Received(DoUntil(ReceiveCase(value), deadline, clock), value);
  }
  // Never suspends, and looks at no scope.
  absl::StatusOr<T> TryReceive() {
    std::optional<T> value;
    return Received(Try(ReceiveCase(value)), value);
  }

  // For Select. `value` is moved from if this case is chosen.
  SelectCase SendCase(T& value) { return {this, true, &value}; }
  // `into` is made empty by Select, and has a value if this case is chosen.
  SelectCase ReceiveCase(std::optional<T>& into) {
    return {this, false, &into};
  }

 private:
  static absl::StatusOr<T> Received(const absl::Status& status,
                                    std::optional<T>& value) {
    if (!status.ok()) return status;
    return *std::move(value);
  }

  static T& Value(void* value) { return *static_cast<T*>(value); }
  static std::optional<T>& Place(void* into) {
    return *static_cast<std::optional<T>*>(into);
  }

  void ClearPlace(void* into) const override { Place(into).reset(); }
  void Move(void* from, void* into) const override {
    Place(into).emplace(std::move(Value(from)));
  }
  void PushValue(void* from) override {
    buffer_[last_].emplace(std::move(Value(from)));
    last_ = Next(last_);
  }
  void PopValue(void* into) override {
    Place(into).emplace(*std::move(buffer_[first_]));
    buffer_[first_].reset();
    first_ = Next(first_);
  }

  size_t Next(size_t index) const {
    return index + 1 == capacity() ? 0 : index + 1;
  }

  // A ring.
  const std::unique_ptr<std::optional<T>[]> buffer_;
  size_t first_ = 0;
  size_t last_ = 0;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_CHANNEL_H_
