#include "transport/fiber/fiber_report.h"

#include <algorithm>
#include <optional>
#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/debugging/stacktrace.h"
#include "absl/debugging/symbolize.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "transport/clock.h"
#include "transport/event.h"
#include "transport/fiber/fiber_pool.h"
#include "transport/lock_table.h"
#include "transport/scope.h"
#include "transport/wait_reason.h"

namespace plumb {
namespace {

struct Schedulers {
  absl::Mutex mutex;
  std::vector<std::weak_ptr<Scheduler>> all ABSL_GUARDED_BY(mutex);
};

Schedulers& AllSchedulers() {
  static Schedulers* const schedulers = new Schedulers;
  return *schedulers;
}

std::string Ago(MonotonicNanos then) {
  const MonotonicNanos now = Clock::Real().MonotonicNow();
  return absl::FormatDuration(
      absl::Trunc(absl::Nanoseconds(std::max<MonotonicNanos>(now - then, 0)),
                  absl::Milliseconds(1)));
}

}  // namespace

// Shared with the worker that is asked, which may answer after the asker has
// left.
struct FiberReport::Answer {
  std::vector<Paragraph> paragraphs;  // before `ready`, the worker's
  Event ready;
};

void FiberReport::Register(const std::shared_ptr<Scheduler>& scheduler) {
  Schedulers& schedulers = AllSchedulers();
  absl::MutexLock lock(&schedulers.mutex);
  auto& all = schedulers.all;
  all.erase(std::remove_if(all.begin(), all.end(),
                           [](const auto& one) { return one.expired(); }),
            all.end());
  all.push_back(scheduler);
}

std::string FiberReport::DescribeAll() {
  std::vector<std::weak_ptr<Scheduler>> all;
  {
    Schedulers& schedulers = AllSchedulers();
    absl::MutexLock lock(&schedulers.mutex);
    all = schedulers.all;
  }
  std::string text;
  for (const auto& one : all) {
    if (const auto scheduler = one.lock()) text += Describe(*scheduler);
  }
  return text;
}

std::string FiberReport::Describe(Scheduler& scheduler) {
  const ShieldScope shield;
  const auto answers = AskWorkers(scheduler);
  const absl::Time until = absl::Now() + absl::Seconds(1);
  std::string text;
  std::set<Id> told;
  const auto tell = [&](const std::vector<Paragraph>& paragraphs) {
    for (const Paragraph& one : paragraphs) {
      if (told.insert(one.fiber).second) text += one.text;
    }
  };
  for (size_t i = 0; i < answers.size(); ++i) {
    if (answers[i]->ready.WaitUntil(until).ok()) {
      tell(answers[i]->paragraphs);
    } else {
      absl::StrAppend(&text, "worker ", i, " does not answer: one of its ",
                      "fibers runs and does not wait\n");
      tell(ListFibers(scheduler.worker(i)));
    }
  }
  // A worker that had answered may have taken one that had not started from a
  // worker that had not.
  for (auto& [fiber, name] : NameFibers(scheduler)) {
    tell({{fiber, absl::StrCat("fiber \"", name, "\", has just started\n")}});
  }
  return text;
}

std::vector<std::shared_ptr<FiberReport::Answer>> FiberReport::AskWorkers(
    Scheduler& scheduler) {
  std::vector<std::shared_ptr<Answer>> answers;
  for (size_t i = 0; i < scheduler.workers(); ++i) {
    auto answer = std::make_shared<Answer>();
    Worker& worker = scheduler.worker(i);
    const bool asked = worker.Post([answer, &worker] {
      answer->paragraphs = DescribeFibers(worker);
      answer->ready.Notify();
    });
    if (!asked) answer->ready.Notify();
    answers.push_back(std::move(answer));
  }
  return answers;
}

std::vector<std::string> FiberReport::Names(Scheduler& scheduler) {
  std::vector<std::string> names;
  for (Paragraph& one : NameFibers(scheduler)) {
    names.push_back(std::move(one.text));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<FiberReport::Paragraph> FiberReport::NameFibers(
    Scheduler& scheduler) {
  std::vector<Paragraph> names;
  FiberPool::ForEach([&](FiberWaiter& fiber) {
    const uint64_t generation = fiber.generation();
    if (generation % 2 == 0) return;
    if (&fiber.worker_.load()->scheduler() != &scheduler) return;
    std::optional<std::string> name = fiber.CopyName(generation);
    if (!name.has_value()) return;
    names.push_back({{&fiber, generation}, *std::move(name)});
  });
  return names;
}

std::vector<FiberReport::Paragraph> FiberReport::ListFibers(
    const Worker& worker) {
  std::vector<Paragraph> lines;
  FiberPool::ForEach([&](FiberWaiter& fiber) {
    SystemMutexLock lock(&LockFor(&fiber));
    if (fiber.worker_.load() != &worker || !fiber.alive()) return;
    const char* const name = fiber.name();
    lines.push_back(
        {{&fiber, fiber.generation()},
         absl::StrCat("fiber \"", name == nullptr ? "" : name, "\", ",
                      Ago(fiber.body().began), " old",
                      worker.running() == &fiber ? ", runs\n" : "\n")});
  });
  return lines;
}

std::vector<FiberReport::Paragraph> FiberReport::DescribeFibers(
    Worker& worker) {
  std::vector<Paragraph> paragraphs;
  FiberPool::ForEach([&](FiberWaiter& fiber) {
    const uint64_t generation = fiber.generation();
    if (fiber.worker_.load() != &worker || generation % 2 == 0) return;
    paragraphs.push_back({{&fiber, generation}, DescribeFiber(worker, fiber)});
  });
  return paragraphs;
}

std::string FiberReport::DescribeFiber(Worker& worker, FiberWaiter& fiber) {
  const std::optional<std::string> name = fiber.CopyName(fiber.generation());
  if (!name.has_value()) return std::string();
  const std::string title = absl::StrCat("fiber \"", *name, "\"");
  // One that has not started may have been taken by another worker by now.
  if (fiber.home_.load(std::memory_order_relaxed) != &worker) {
    return title + ", not started\n";
  }
  return absl::StrCat(title, ", ", Ago(fiber.body().began), " old, ",
                      DescribeWait(fiber), "\n", Trace(worker, fiber));
}

std::string FiberReport::DescribeWait(const FiberWaiter& fiber) {
  if (!fiber.state_.parked()) return "ready to run";
  std::string text = fiber.reason_ == nullptr
                         ? "waits"
                         : absl::StrCat("in ", fiber.reason_->Describe());
  if (fiber.deadline() != kNever) {
    const MonotonicNanos left = fiber.deadline() - Clock::Real().MonotonicNow();
    absl::StrAppend(&text, ", ",
                    absl::FormatDuration(absl::Trunc(absl::Nanoseconds(left),
                                                     absl::Milliseconds(1))),
                    " to its deadline");
  }
  return text;
}

std::string FiberReport::Trace(Worker& worker, FiberWaiter& fiber) {
  constexpr int kFrames = 32;
  void* frames[kFrames];
  int count = 0;
  worker.CallOnStackOf(
      fiber, [&] { count = absl::GetStackTrace(frames, kFrames, 1); });
  std::string text;
  for (int i = 0; i < count; ++i) {
    char symbol[256];
    // A return address may be that of the next function already.
    const bool known = absl::Symbolize(static_cast<char*>(frames[i]) - 1,
                                       symbol, sizeof symbol);
    absl::StrAppendFormat(&text, "    %p %s\n", frames[i],
                          known ? symbol : "(unknown)");
  }
  return text;
}

}  // namespace plumb
