#include "transport/server/on_fibers.h"

#include <utility>

#include "absl/strings/string_view.h"
#include "transport/fiber/fiber_starter.h"

namespace plumb {
namespace {

// What is left of a fiber whose task has returned is its Runtime's.
class Fibers final : public TaskGroup {
 public:
  explicit Fibers(Scheduler& scheduler) : scheduler_(scheduler) {}
  ~Fibers() override = default;

  absl::Status Start(absl::AnyInvocable<void()> task) override {
    // A name would cost each an allocation.
    FiberStarter::Start(scheduler_, absl::string_view(), std::move(task));
    return absl::OkStatus();
  }

 private:
  Scheduler& scheduler_;
};

}  // namespace

std::unique_ptr<TaskGroup> OnFibers() {
  return std::make_unique<Fibers>(FiberStarter::CurrentScheduler("OnFibers"));
}

}  // namespace plumb
