// Waiters and a clock for flows (explorer.h), and an end of a test that all
// orders pass.
#ifndef PLUMB_TESTING_INTERLEAVE_MODEL_H_
#define PLUMB_TESTING_INTERLEAVE_MODEL_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "testing/interleave/explorer.h"
#include "transport/clock.h"
#include "transport/fiber/park_state.h"
#include "transport/scope.h"
#include "transport/waiter.h"

namespace plumb {
namespace interleave {

// A fiber whose worker does nothing else. All wakes come from elsewhere.
class ModelFiber : public Waiter {
 public:
  ModelFiber() { state_.Open(); }

  void Park(MonotonicNanos /*deadline*/, const WaitReason*) override {
    if (state_.posted()) TakeInbox();
    if (!state_.BeginPark()) return;
    StepWhen(&in_inbox_, "park", [this] { return in_inbox_; });
    TakeInbox();
    if (state_.parked()) Fail("goes on without being woken");
  }
  void ParkOn(const Op&, MonotonicNanos deadline,
              const WaitReason* reason) override {
    Park(deadline, reason);
  }
  bool ParksInSystemCall() const override { return false; }
  void Wake() override {
    if (!state_.Post()) return;
    Step(&in_inbox_, Access::kWrite, "post");
    if (in_inbox_) Fail("posted twice");
    in_inbox_ = true;
    state_.Posted();
  }
  bool woken() const { return state_.woken(); }

 private:
  void TakeInbox() {
    Step(&in_inbox_, Access::kWrite, "take the inbox");
    if (!in_inbox_) return;
    in_inbox_ = false;
    state_.Arrive();
    state_.Wake();
  }

  ParkState state_;
  bool in_inbox_ = false;
};

// A thread that sits in ppoll(2) while it waits for a descriptor.
class ModelThread final : public Waiter {
 public:
  void Park(MonotonicNanos /*deadline*/, const WaitReason*) override {
    StepWhen(&token_, "park", [this] { return token_; });
    token_ = false;
  }
  void ParkOn(const Op&, MonotonicNanos deadline,
              const WaitReason* reason) override {
    Step(&in_system_call_, Access::kWrite, "enter ppoll");
    in_system_call_ = true;
    Park(deadline, reason);
    Step(&in_system_call_, Access::kWrite, "leave ppoll");
    in_system_call_ = false;
  }
  bool ParksInSystemCall() const override { return true; }
  void Wake() override {
    Step(&token_, Access::kWrite, "wake");
    token_ = true;
  }
  // What close(2) would meet.
  bool in_system_call() const {
    Step(&in_system_call_, Access::kRead, "close descriptor");
    return in_system_call_;
  }

 private:
  bool token_ = false;
  bool in_system_call_ = false;
};

// Its time moves by Advance alone, which a flow of the test calls.
class ModelClock final : public Clock, private AlarmClock {
 public:
  absl::Time TimeNow() const override {
    return absl::UnixEpoch() + absl::Nanoseconds(MonotonicNow());
  }
  MonotonicNanos MonotonicNow() const override {
    Step(&now_, Access::kRead, "look at the time");
    return now_;
  }
  AlarmClock* alarms() override { return this; }

  void Advance(MonotonicNanos to) {
    Step(&now_, Access::kWrite, "time passes");
    now_ = to;
    while (!alarms_.empty()) {
      const auto first = alarms_.begin();
      if (first->first.first > now_) return;
      absl::AnyInvocable<void()> callback = std::move(first->second);
      alarms_.erase(first);
      callback();
      Step(&now_, Access::kWrite, "next alarm");
    }
  }

 private:
  AlarmId CallAt(MonotonicNanos when,
                 absl::AnyInvocable<void()> callback) override {
    Step(&now_, Access::kWrite, "set alarm");
    const AlarmId id = ++last_id_;
    if (when <= now_) {
      callback();
    } else {
      alarms_.emplace(std::make_pair(when, id), std::move(callback));
    }
    return id;
  }
  bool Cancel(AlarmId id) override {
    Step(&now_, Access::kWrite, "cancel alarm");
    for (auto it = alarms_.begin(); it != alarms_.end(); ++it) {
      if (it->first.second != id) continue;
      alarms_.erase(it);
      return true;
    }
    return false;
  }

  MonotonicNanos now_ = 1000;
  AlarmId last_id_ = 0;
  std::map<std::pair<MonotonicNanos, AlarmId>, absl::AnyInvocable<void()>>
      alarms_;
};

// A flow that waits by `waiter`.
inline std::function<void()> On(Waiter& waiter, std::function<void()> body) {
  return [&waiter, body = std::move(body)] {
    Waiter::SetCurrent(&waiter);
    body();
  };
}

// The scope around a call: a flag, and a wake-up.
class Cancelled final : public Scope {
 public:
  explicit Cancelled(const std::atomic<bool>& flag) : Scope(&flag) {}
  ~Cancelled() = default;
};

// Who waits; fibers[0] may be cancelled.
struct CancellableFibers {
  void Cancel() {
    cancelled.store(true);
    fibers[0].WakeForScopes();
  }

  std::atomic<bool> cancelled{false};
  ModelFiber fibers[3];
};

// Something that happens once, of which flows may wait for.
class Mark {
 public:
  void Set() {
    Step(&set_, Access::kWrite, "mark");
    set_ = true;
  }
  void Await() {
    StepWhen(&set_, "await mark", [this] { return set_; });
  }

 private:
  bool set_ = false;
};

inline void ExpectOk(const absl::Status& status) {
  if (!status.ok()) Fail(std::string(status.message()));
}

}  // namespace interleave
}  // namespace plumb

#endif  // PLUMB_TESTING_INTERLEAVE_MODEL_H_
