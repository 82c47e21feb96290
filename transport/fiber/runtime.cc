#include "transport/fiber/runtime.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "transport/clock.h"
#include "transport/fiber/fiber_report.h"
#include "transport/fiber/fiber_starter.h"
#include "transport/fiber/scheduler.h"
#include "transport/waiter.h"

namespace plumb {
namespace {

MonotonicNanos After(absl::Duration duration) {
  const MonotonicNanos now = Clock::Real().MonotonicNow();
  const MonotonicNanos nanos = absl::ToInt64Nanoseconds(duration);
  return nanos < kNever - now ? now + nanos : kNever;
}

}  // namespace

Runtime::Runtime(const RuntimeOptions& options)
    : report_stuck_after_(options.report_stuck_after),
      scheduler_(std::make_shared<Scheduler>(options)) {
  FiberReport::Register(scheduler_);
}

Runtime::~Runtime() {
  if (Scheduler::Current() == scheduler_.get()) {
    std::fputs("plumb::Runtime: destroyed on one of its own fibers\n", stderr);
    std::abort();
  }
  scheduler_->Cancel();
  while (!scheduler_->AwaitNoFibers(After(report_stuck_after_))) {
    std::fprintf(stderr,
                 "plumb::Runtime: waiting for fibers that do not end:\n%s",
                 FiberReport::Describe(*scheduler_).c_str());
  }
  scheduler_->Stop();
}

Fiber Runtime::Go(absl::AnyInvocable<void()> function) {
  return Go(absl::string_view(), std::move(function));
}

Fiber Runtime::Go(absl::string_view name, absl::AnyInvocable<void()> function) {
  return FiberStarter::Start(*scheduler_, name, std::move(function));
}

absl::Status Runtime::Shutdown(absl::Duration patience) {
  scheduler_->Cancel();
  if (scheduler_->AwaitNoFibers(After(patience))) return absl::OkStatus();
  const std::vector<std::string> names = FiberReport::Names(*scheduler_);
  return absl::DeadlineExceededError(
      absl::StrCat("shutdown: ", names.size(), " fibers have not ended: \"",
                   absl::StrJoin(names, "\", \""), "\""));
}

Fiber Go(absl::AnyInvocable<void()> function) {
  return Go(absl::string_view(), std::move(function));
}

Fiber Go(absl::string_view name, absl::AnyInvocable<void()> function) {
  return FiberStarter::Start(FiberStarter::CurrentScheduler("Go"), name,
                             std::move(function));
}

void Yield() { Waiter::Current().Yield(); }

int RunMain(absl::AnyInvocable<int()> function) {
  return RunMain(RuntimeOptions(), std::move(function));
}

int RunMain(const RuntimeOptions& options, absl::AnyInvocable<int()> function) {
  int result = 0;
  Runtime runtime(options);
  runtime.Go("main", [&] { result = function(); }).Join();
  return result;
}

}  // namespace plumb
