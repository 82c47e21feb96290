#include "transport/fiber/fiber.h"

#include "absl/strings/str_cat.h"
#include "transport/clock.h"
#include "transport/fiber/fiber_waiter.h"
#include "transport/held_mutex.h"
#include "transport/wait_reason.h"

namespace plumb {

namespace {

class JoinReason final : public WaitReason {
 public:
  explicit JoinReason(const Fiber& fiber) : fiber_(fiber) {}

  std::string Describe() const override {
    return absl::StrCat("join of fiber \"", fiber_.name(), "\"");
  }

 private:
  const Fiber& fiber_;
};

}  // namespace

void Fiber::Join() const {
  if (waiter_ == nullptr) return;
  const JoinReason reason(*this);
  FiberWaiter::Joiner joiner(Waiter::Current());
  if (!waiter_->AddJoiner(generation_, joiner)) return;
  ReportHeldMutex(joiner.waiter);
  while (!joiner.done.load(std::memory_order_acquire)) {
    joiner.waiter.Park(kNever, &reason);
  }
}

void Fiber::Cancel() const {
  if (waiter_ != nullptr) waiter_->Cancel(generation_);
}

bool Fiber::done() const {
  return waiter_ == nullptr || waiter_->generation() != generation_;
}

std::string Fiber::name() const {
  if (waiter_ == nullptr) return std::string();
  return waiter_->CopyName(generation_).value_or(std::string());
}

}  // namespace plumb
