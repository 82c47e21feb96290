#include "transport/fiber/fiber_group.h"

#include <utility>
#include <vector>

#include "absl/container/fixed_array.h"
#include "transport/clock.h"
#include "transport/fiber/fiber_starter.h"
#include "transport/held_mutex.h"
#include "transport/wait_reason.h"

namespace plumb {
namespace {

constexpr OpReason kReason("wait for the fibers of a group");

}  // namespace

// The scope of the group around one of its fibers, on that fiber's stack. Going
// outwards from the fiber's own outermost scope one comes to the scopes around
// the group, on another stack.
class FiberGroup::Member final : public Scope, public LinkedList<Member>::Node {
 public:
  explicit Member(FiberGroup& group)
      : Scope(&group.cancelled_),
        group_(group),
        own_(*outer()),
        watchers_of_outer_(CountOuter(), ScopeWatcher(waiter())) {
    SetOuterOf(own_, group_.outer_);
    group_.Join(*this);
    ScopeWatcher* watcher = watchers_of_outer_.data();
    for (Scope* scope = group_.outer_; scope != nullptr;
         scope = scope->outer()) {
      scope->Watch(*watcher++);
    }
    LookAgain();
  }
  ~Member() {
    ScopeWatcher* watcher = watchers_of_outer_.data();
    for (Scope* scope = group_.outer_; scope != nullptr;
         scope = scope->outer()) {
      scope->Unwatch(*watcher++);
    }
    group_.Leave(*this);
    SetOuterOf(own_, nullptr);
  }

  // For groups that are made inside this one. Nobody has a handle to the fiber,
  // so that its own outermost scope never ends alone: the end of the Runtime
  // wakes all fibers.
  void Watch(ScopeWatcher& watcher) override {
    absl::MutexLock lock(&group_.mutex_);
    watchers_.PushBack(watcher);
  }
  void Unwatch(ScopeWatcher& watcher) override {
    absl::MutexLock lock(&group_.mutex_);
    watchers_.Remove(watcher);
  }

 private:
  friend class FiberGroup;

  size_t CountOuter() const {
    size_t count = 0;
    for (Scope* scope = group_.outer_; scope != nullptr;
         scope = scope->outer()) {
      ++count;
    }
    return count;
  }

  FiberGroup& group_;
  Scope& own_;
  absl::FixedArray<ScopeWatcher, 4> watchers_of_outer_;
  LinkedList<ScopeWatcher> watchers_;  // with the lock of the group
};

FiberGroup::FiberGroup()
    : scheduler_(FiberStarter::CurrentScheduler("FiberGroup")),
      owner_(Waiter::Current()),
      outer_(owner_.scope()) {}

FiberGroup::~FiberGroup() {
  Cancel();
  Wait().IgnoreError();
}

void FiberGroup::Go(absl::AnyInvocable<absl::Status()> function) {
  Go(absl::string_view(), std::move(function));
}

void FiberGroup::Go(absl::string_view name,
                    absl::AnyInvocable<absl::Status()> function) {
  {
    absl::MutexLock lock(&mutex_);
    ++running_;
  }
  FiberStarter::Start(scheduler_, name,
                      [this, function = std::move(function)]() mutable {
                        absl::Status status;
                        {
                          const Member member(*this);
                          status = function();
                          // What it holds goes before Wait returns.
                          function = nullptr;
                        }
                        End(std::move(status));
                      });
}

void FiberGroup::Join(Member& member) {
  absl::MutexLock lock(&mutex_);
  members_.PushBack(member);
}

void FiberGroup::Leave(Member& member) {
  absl::MutexLock lock(&mutex_);
  members_.Remove(member);
}

void FiberGroup::End(absl::Status status) {
  bool first_error;
  {
    absl::MutexLock lock(&mutex_);
    first_error = !status.ok() && status_.ok();
    if (first_error) status_ = std::move(status);
  }
  if (first_error) Cancel();
  Waiter& owner = owner_;
  {
    absl::MutexLock lock(&mutex_);
    if (--running_ > 0) return;
  }
  // The group may be gone; the Waiter never is.
  owner.Wake();
}

absl::Status FiberGroup::Wait() {
  for (;;) {
    {
      absl::MutexLock lock(&mutex_);
      if (running_ == 0) return status_;
    }
    ReportHeldMutex(owner_);
    owner_.Park(kNever, &kReason);
  }
}

void FiberGroup::Cancel() {
  std::vector<Waiter*> waiters;
  {
    absl::MutexLock lock(&mutex_);
    cancelled_.store(true, std::memory_order_seq_cst);
    for (Member* member = members_.front(); member != nullptr;
         member = members_.Next(*member)) {
      waiters.push_back(&member->waiter());
      AppendWaiters(member->watchers_, waiters);
    }
  }
  for (Waiter* waiter : waiters) waiter->WakeForScopes();
}

}  // namespace plumb
