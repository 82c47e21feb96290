#include "transport/fiber/fiber_group.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "transport/clock.h"
#include "transport/fiber/fiber_starter.h"

namespace plumb {

// The scope of the group around one of its fibers, on that fiber's stack. Going
// outwards from it one comes to the scopes around the group, on another stack;
// it speaks for the fiber's own outermost scope, which is passed over so.
class FiberGroup::Member final : public Scope {
 public:
  explicit Member(FiberGroup& group) : group_(group), own_(*Scope::outer()) {
    group_.Join(*this);
    for (Scope* scope = outer(); scope != nullptr; scope = scope->outer()) {
      scope->Watch(waiter());
    }
  }
  ~Member() {
    for (Scope* scope = outer(); scope != nullptr; scope = scope->outer()) {
      scope->Unwatch(waiter());
    }
    group_.Leave(*this);
  }

  Scope* outer() const override { return group_.outer_; }
  bool cancelled() const override {
    return group_.cancelled() || own_.cancelled();
  }

  // For groups that are made inside this one.
  void Watch(Waiter& other) override {
    own_.Watch(other);
    absl::MutexLock lock(&group_.mutex_);
    watchers_.push_back(&other);
  }
  void Unwatch(Waiter& other) override {
    own_.Unwatch(other);
    absl::MutexLock lock(&group_.mutex_);
    watchers_.erase(std::find(watchers_.begin(), watchers_.end(), &other));
  }

 private:
  friend class FiberGroup;

  FiberGroup& group_;
  Scope& own_;
  Member* previous_ = nullptr;
  Member* next_ = nullptr;
  std::vector<Waiter*> watchers_;
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
  member.next_ = members_;
  if (members_ != nullptr) members_->previous_ = &member;
  members_ = &member;
}

void FiberGroup::Leave(Member& member) {
  absl::MutexLock lock(&mutex_);
  Member*& link =
      member.previous_ == nullptr ? members_ : member.previous_->next_;
  link = member.next_;
  if (member.next_ != nullptr) member.next_->previous_ = member.previous_;
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
    owner_.Park(kNever);
  }
}

bool FiberGroup::cancelled() const {
  return cancelled_.load(std::memory_order_acquire);
}

void FiberGroup::Cancel() {
  std::vector<Waiter*> waiters;
  {
    absl::MutexLock lock(&mutex_);
    cancelled_.store(true, std::memory_order_release);
    for (Member* member = members_; member != nullptr; member = member->next_) {
      waiters.push_back(&member->waiter());
      waiters.insert(waiters.end(), member->watchers_.begin(),
                     member->watchers_.end());
    }
  }
  for (Waiter* waiter : waiters) waiter->Wake();
}

}  // namespace plumb
