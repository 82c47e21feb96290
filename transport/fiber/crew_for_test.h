// A Crew runs the parts of a test beside each other: on threads, on fibers of
// one worker or of several, or half of them on threads and half on fibers. A
// test that is instantiated for AllCrews() holds for each.
//
//   class MutexTest : public testing::TestWithParam<CrewKind> {};
//   TEST_P(MutexTest, ...) {
//     Crew crew(GetParam());
//     crew.Go([&] { ... });
//     crew.Join();
//   }
//   INSTANTIATE_TEST_SUITE_P(Crews, MutexTest, AllCrews(), CrewName);
//
// Threads: the one that made it.
#ifndef PLUMB_TRANSPORT_FIBER_CREW_FOR_TEST_H_
#define PLUMB_TRANSPORT_FIBER_CREW_FOR_TEST_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "transport/fiber/runtime.h"

namespace plumb {

enum class CrewKind { kThreads, kOneWorker, kThreeWorkers, kMixed };

inline auto AllCrews() {
  return ::testing::Values(CrewKind::kThreads, CrewKind::kOneWorker,
                           CrewKind::kThreeWorkers, CrewKind::kMixed);
}

inline std::string CrewName(const ::testing::TestParamInfo<CrewKind>& info) {
  constexpr const char* kNames[] = {"Threads", "OneWorker", "ThreeWorkers",
                                    "Mixed"};
  return kNames[static_cast<int>(info.param)];
}

class Crew {
 public:
  explicit Crew(CrewKind kind) : kind_(kind) {
    if (kind == CrewKind::kThreads) return;
    RuntimeOptions options;
    options.workers = kind == CrewKind::kOneWorker ? 1 : 3;
    runtime_.emplace(options);
  }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew() { Join(); }

  void Go(std::function<void()> body) {
    const bool on_thread =
        kind_ == CrewKind::kThreads ||
        (kind_ == CrewKind::kMixed && threads_.size() < fibers_.size());
    if (on_thread) {
      threads_.emplace_back(std::move(body));
    } else {
      fibers_.push_back(runtime_->Go(std::move(body)));
    }
  }

  // Waits for all.
  void Join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    for (const Fiber& fiber : fibers_) fiber.Join();
    fibers_.clear();
  }

 private:
  const CrewKind kind_;
  std::optional<Runtime> runtime_;
  std::vector<std::thread> threads_;
  std::vector<Fiber> fibers_;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_CREW_FOR_TEST_H_
