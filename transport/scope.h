// Scopes end every blocking call in a block of code, on any connection,
// listener or sleep, without naming one of them.
//
//   {
//     plumb::DeadlineScope limit(absl::Seconds(2));
//     RETURN_IF_ERROR(conn->Write(request));      // all of this together
//     RETURN_IF_ERROR(ReadFull(*conn, reply));    // takes 2 s at most
//   }
//
//   plumb::CancelSource stop;
//   std::thread worker([&] {
//     plumb::CancelScope scope(stop);
//     Serve(*listener);                           // ends with IsCancelledCall
//   });
//   stop.Cancel();
//
// A scope belongs to the thread or fiber that made it and holds until the end
// of its block. Nested scopes all hold: the earliest ends the call. A call that
// a scope ended has left its connection as a deadline would: nothing consumed,
// and a Write tells how far it got.
//
// Ended by scopes: Dial, Accept, Read, Write, WaitReadable, ReadBatch,
// WriteBatch, those of extensions (Peek, ReadWithHandles, WriteWithHandles),
// waiting for one's turn in them, SleepFor, SleepUntil, Event::Wait,
// Latch::Wait, CondVar::Wait, Semaphore::Acquire, Channel::Send and Receive,
// Select, Server::Shutdown; Listen and ListenPacket look at them before and
// after they resolve a name. Never: Close, destructors, setting options and
// deadlines, Mutex::Lock, also when it ends a CondVar::Wait, Fiber::Join,
// FiberGroup::Wait, which waits for fibers that the scope ends, RunBlocking,
// and what never waits (Notify, Release, TrySend ...).
//
// The fibers of a FiberGroup are inside the scopes around it; those of Go are
// inside none of their maker's. ShieldScope hides the outer scopes, for
// clean-up that must still do I/O.
#ifndef PLUMB_TRANSPORT_SCOPE_H_
#define PLUMB_TRANSPORT_SCOPE_H_

#include <atomic>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "transport/clock.h"
#include "transport/linked_list.h"
#include "transport/waiter.h"

namespace plumb {

// One more to wake when a scope is cancelled; not for users.
struct ScopeWatcher : LinkedList<ScopeWatcher>::Node {
  explicit ScopeWatcher(Waiter& w) : waiter(w) {}

  Waiter& waiter;
};

// Those of `watchers` are added to `waiters`, to be woken without a lock.
void AppendWaiters(const LinkedList<ScopeWatcher>& watchers,
                   std::vector<Waiter*>& waiters);

// A scope as those see it who wait; not for users. Each blocking call looks at
// all of them several times, so looking is not virtual.
class Scope {
 public:
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  // The next scope outwards; null for none, and from a shield.
  Scope* outer() const { return outer_; }
  bool cancelled() const {
    return cancelled_ != nullptr && cancelled_->load(std::memory_order_seq_cst);
  }
  // The deadline on `clock()`, kNever for none.
  MonotonicNanos deadline() const { return deadline_; }
  Clock* clock() const { return clock_; }
  // `watcher` is woken when the scope is cancelled, until Unwatch. The scope
  // must outlive the time in between.
  virtual void Watch(ScopeWatcher& watcher) {}
  virtual void Unwatch(ScopeWatcher& watcher) {}

 protected:
  // Becomes the innermost scope of the caller until its destruction, on the
  // same thread or fiber, in reverse order. It is cancelled when `*cancelled`
  // is true; null for never. Who sets it tells those inside by WakeForScopes.
  explicit Scope(const std::atomic<bool>* cancelled = nullptr)
      : Scope(cancelled, nullptr, kNever) {}
  Scope(Clock& clock, MonotonicNanos deadline)
      : Scope(nullptr, &clock, deadline) {}
  ~Scope() {
    waiter_.set_scope(before_);
    // Of a shield, those that it hid are around the owner again.
    if (waiter_.scopes_may_end() || outer_ != before_) LookAgain();
  }

  Waiter& waiter() const { return waiter_; }
  // Before anybody else may look.
  void set_outer(Scope* outer) { outer_ = outer; }
  // Called by the owner when there are other scopes around it than before, or
  // one of them may have been cancelled before it was told (Watch).
  void LookAgain();
  static void SetOuterOf(Scope& scope, Scope* outer) { scope.outer_ = outer; }

 private:
  Scope(const std::atomic<bool>* cancelled, Clock* clock,
        MonotonicNanos deadline)
      : waiter_(Waiter::Current()),
        before_(waiter_.scope()),
        outer_(before_),
        cancelled_(cancelled),
        deadline_(deadline),
        clock_(clock) {
    waiter_.set_scope(this);
    if (may_end()) waiter_.set_scopes_may_end(true);
  }

  bool may_end() const { return deadline_ != kNever || cancelled(); }

  Waiter& waiter_;
  Scope* const before_;
  Scope* outer_;
  const std::atomic<bool>* const cancelled_;
  const MonotonicNanos deadline_;
  Clock* const clock_;
};

// Where a cancellation comes from. Copies share it. Cancelled once, for ever.
//
// Threads: any method at any time.
class CancelSource {
 public:
  CancelSource();

  // Ends the blocked and all later calls in every scope of this source.
  void Cancel();
  bool cancelled() const;

 private:
  friend class CancelScope;
  class State;

  std::shared_ptr<State> state_;
};

class CancelScope final : public Scope {
 public:
  explicit CancelScope(CancelSource source = CancelSource());
  ~CancelScope();

  void Cancel() { source_.Cancel(); }
  const CancelSource& source() const { return source_; }

  void Watch(ScopeWatcher& watcher) override;
  void Unwatch(ScopeWatcher& watcher) override;

 private:
  CancelSource source_;
  ScopeWatcher watcher_;
};

class DeadlineScope final : public Scope {
 public:
  // Ends at `when`; absl::InfiniteFuture() never does.
  explicit DeadlineScope(absl::Time when, Clock& clock = Clock::Real());
  // Ends `limit` from now; zero and less have passed already.
  explicit DeadlineScope(absl::Duration limit, Clock& clock = Clock::Real());
  ~DeadlineScope() = default;
};

class ShieldScope final : public Scope {
 public:
  ShieldScope() {
    set_outer(nullptr);
    if (waiter().scopes_may_end()) LookAgain();
  }
  ~ShieldScope() = default;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_SCOPE_H_
