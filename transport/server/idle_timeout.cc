#include "transport/server/idle_timeout.h"

#include <algorithm>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "transport/direction.h"
#include "transport/extensions.h"
#include "transport/forwarding.h"

namespace plumb {
namespace {

class IdleConn final : public ForwardingConn {
 public:
  IdleConn(std::unique_ptr<Conn> inner, absl::Duration timeout, Clock& clock)
      : ForwardingConn(
            std::move(inner),
            {TcpControl::kExtensionName, ReadCloser::kExtensionName,
             BufferControl::kExtensionName, MessageTraits::kExtensionName,
             PeerCredentials::kExtensionName}),
        timeout_(timeout),
        clock_(clock) {}
  ~IdleConn() override { Close().IgnoreError(); }

 private:
  // One direction: what the user has set, and when the last call that began is
  // to end.
  struct Limits {
    MonotonicNanos deadline = kNever;
    MonotonicNanos idle = kNever;
  };

  absl::StatusOr<size_t> DoRead(absl::Span<char> buffer) override {
    const absl::Status armed = Arm(Direction::kRead);
    if (!armed.ok()) return armed;
    return inner().Read(buffer);
  }
  absl::Status DoWrite(absl::Span<const absl::string_view> pieces) override {
    const absl::Status armed = Arm(Direction::kWrite);
    if (!armed.ok()) return armed;
    return inner().Write(pieces);
  }
  absl::Status DoWaitReadable() override {
    const absl::Status armed = Arm(Direction::kRead);
    if (!armed.ok()) return armed;
    return inner().WaitReadable();
  }

  absl::Status DoSetDeadline(Direction direction, absl::Time when) override {
    const MonotonicNanos deadline = clock_.ToMonotonic(when);
    // The lock is kept so that of two settings the later one lasts; setting a
    // deadline does not suspend.
    absl::MutexLock lock(&mutex_);
    absl::Status status;
    for (const Direction one : {Direction::kRead, Direction::kWrite}) {
      if (direction != one && direction != Direction::kBoth) continue;
      limits(one).deadline = deadline;
      status.Update(Apply(one));
    }
    return status;
  }

  absl::Status Arm(Direction direction) {
    absl::MutexLock lock(&mutex_);
    limits(direction).idle = clock_.MonotonicAfter(timeout_);
    return Apply(direction);
  }

  Limits& limits(Direction direction) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return direction == Direction::kRead ? read_ : write_;
  }

  absl::Status Apply(Direction direction)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const Limits& both = limits(direction);
    const MonotonicNanos earlier = std::min(both.deadline, both.idle);
    if (earlier == kNever) {
      return inner().SetDeadline(direction, absl::InfiniteFuture());
    }
    const MonotonicNanos left = earlier - clock_.MonotonicNow();
    return inner().SetDeadline(direction,
                               clock_.TimeNow() + absl::Nanoseconds(left));
  }

  const absl::Duration timeout_;
  Clock& clock_;
  absl::Mutex mutex_;
  Limits read_ ABSL_GUARDED_BY(mutex_);
  Limits write_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<Conn> WithIdleTimeout(std::unique_ptr<Conn> conn,
                                      absl::Duration timeout, Clock& clock) {
  return std::make_unique<IdleConn>(std::move(conn), timeout, clock);
}

}  // namespace plumb
