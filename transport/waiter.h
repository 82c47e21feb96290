// A Waiter is whoever can wait: an operating system thread, a fiber, a fiber in
// a simulation. Every blocking call of the library suspends its caller through
// the caller's Waiter and no backend knows which kind it is.
//
// This is for those who write backends and schedulers; call.h has what a
// backend uses. Users of connections need none of it.
//
// The rules that everything above relies on:
// - Wake may come at any time, from any thread, also after the wait is over. It
//   leaves a token: the next Park returns at once. Tokens merge.
// - Park may return for no reason. Every wait is a loop on its own condition.
// - A Waiter is never freed, so that a late Wake is harmless; those of ended
//   threads are used again.
#ifndef PLUMB_TRANSPORT_WAITER_H_
#define PLUMB_TRANSPORT_WAITER_H_

#include <atomic>
#include <cstdint>

#include "absl/base/optimization.h"
#include "absl/functional/function_ref.h"
#include "transport/clock.h"
#include "transport/direction.h"
#include "transport/wait_reason.h"

namespace plumb {

class Scope;

// An operation on a descriptor that may have to wait for it.
//
// Who waits tries it, and again when ParkOn has returned, which a Waiter may
// bring about by readiness or by a completion (io_uring's poll) alike. To hand
// the call itself to the kernel it would need an Op that shows its buffers.
class Op {
 public:
  Op(int descriptor, Direction direction)
      : descriptor_(descriptor), direction_(direction) {}

  // Makes the system call, which must not block. False when it would block; the
  // subclass keeps the result otherwise.
  virtual bool Attempt() = 0;

  int descriptor() const { return descriptor_; }
  // kRead or kWrite.
  Direction direction() const { return direction_; }
  // It is waited for before it was tried, since the try before took all there
  // was. Where that does not mean that an event tells of more, the wait ends at
  // once.
  bool waits_first() const { return waits_first_; }
  void set_waits_first(bool first) { waits_first_ = first; }

 protected:
  ~Op() = default;

 private:
  const int descriptor_;
  const Direction direction_;
  bool waits_first_ = false;
};

class Waiter {
 public:
  // The calling thread's or fiber's.
  static Waiter& Current() {
    return ABSL_PREDICT_TRUE(current_ != nullptr) ? *current_ : OfThread();
  }

  // Suspends the caller until Wake or until `deadline` of Clock::Real(). Only
  // the owner calls it. `reason` is for diagnostics, outlives the wait, and is
  // null when there is nothing to say.
  virtual void Park(MonotonicNanos deadline, const WaitReason* reason) = 0;

  // The same, or until `op` may be tried again.
  virtual void ParkOn(const Op& op, MonotonicNanos deadline,
                      const WaitReason* reason) = 0;

  // Whether ParkOn sits in a system call on the descriptor all the while, which
  // therefore must not be closed before ParkOn returns.
  virtual bool ParksInSystemCall() const = 0;

  // Ends the owner's Park, or its next one.
  virtual void Wake() = 0;

  // Lets others run that share the owner's thread, if any do. Only the owner
  // calls it.
  virtual void Yield() {}

  // Calls `function`, which blocks its thread (getaddrinfo(3), a close(2) that
  // lingers), and returns when it has returned. An owner that shares its thread
  // has another thread call it, and suspends meanwhile. Not a cancellation
  // point. Only the owner calls it.
  virtual void RunBlocking(absl::FunctionRef<void()> function,
                           const WaitReason& reason) {
    function();
  }

  // Counts a call that may not have to wait: an owner that never waits yields
  // from time to time.
  void CountCall() {
    if (ABSL_PREDICT_TRUE(++calls_ < kCallsBetweenYields)) return;
    Yield();
    calls_ = 0;
  }

  // What the owner is called in diagnostics; null for nothing. Only the owner
  // calls it.
  virtual const char* name() const { return nullptr; }

  // How many mutexes (mutex.h) the owner holds, in debug builds; only the owner
  // may ask.
  int held_mutexes() const { return held_mutexes_; }
  void CountHeldMutexes(int change) {
    held_mutexes_ = static_cast<int16_t>(held_mutexes_ + change);
  }

  // A number that is another at each call, in the same order for each owner, so
  // that a run can be repeated. Only the owner draws.
  uint32_t Draw() { return draws_++; }

  // The innermost scope (scope.h) around what the owner does now. Only the
  // owner may touch it.
  Scope* scope() const { return scope_; }
  void set_scope(Scope* scope) { scope_ = scope; }
  // False when none of the scopes has a deadline or was cancelled, so that the
  // owner need not look at them: they lie far up on its stack, which most
  // likely has left the cache. Scope keeps it true to that.
  bool scopes_may_end() const {
    return scopes_may_end_.load(std::memory_order_acquire);
  }
  void set_scopes_may_end(bool may) {
    scopes_may_end_.store(may, std::memory_order_seq_cst);
  }
  // Wakes the owner, around whom a scope was cancelled. Any thread.
  void WakeForScopes() {
    set_scopes_may_end(true);
    Wake();
  }

  // For schedulers: makes `waiter` the current one of this thread until the
  // next call, null for the thread's own; returns what was set before. Called
  // at every switch to a fiber and back.
  static Waiter* SetCurrent(Waiter* waiter) {
    Waiter* const before = current_;
    current_ = waiter;
    return before;
  }

 protected:
  ~Waiter() = default;

  // There is a new owner, or none.
  void ForgetOwner() {
    scope_ = nullptr;
    scopes_may_end_.store(false, std::memory_order_relaxed);
    calls_ = 0;
    held_mutexes_ = 0;
    draws_ = 0;
  }

  // The owner has let others run.
  void ResetCalls() { calls_ = 0; }
  // Whether the owner yields because it has long not waited (CountCall).
  bool yields_for_calls() const { return calls_ >= kCallsBetweenYields; }

 private:
  static constexpr int kCallsBetweenYields = 64;

  static Waiter& OfThread();

  static inline thread_local Waiter* current_ = nullptr;

  Scope* scope_ = nullptr;
  uint8_t calls_ = 0;
  std::atomic<bool> scopes_may_end_{false};
  int16_t held_mutexes_ = 0;
  uint32_t draws_ = 0;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_WAITER_H_
