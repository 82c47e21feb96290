// A Fiber is a cheap task that runs blocking code: ten thousand and more on a
// few threads, each at the price of a page of memory.
//
//   plumb::Fiber fiber = plumb::Go("pinger", [&] { Ping(*conn); });
//   ...
//   fiber.Cancel();      // its blocked and later calls end: IsCancelledCall
//   fiber.Join();
//
// A Fiber is a handle of two words that may be copied and dropped; the task
// goes on without it. runtime.h says how they are started.
//
// Inside, every call of Plumb that blocks suspends the fiber alone. Whatever
// else blocks, blocks the thread and all fibers on it: RunBlocking is for that.
// - A fiber stays on its thread. A thread_local belongs to all fibers there,
//   and may have changed after any call that suspends.
// - Never hold an absl::Mutex or std::mutex across a call that suspends: the
//   next fiber that wants it blocks the thread, for ever. What must be held so
//   is a plumb::Mutex (mutex.h), and builds without NDEBUG tell of each place.
//   Between two such calls the others are as right as ever.
// - errno and exceptions being handled are the fiber's own. An exception that
//   leaves it terminates the program.
//
// Threads: any method at any time.
#ifndef PLUMB_TRANSPORT_FIBER_FIBER_H_
#define PLUMB_TRANSPORT_FIBER_FIBER_H_

#include <cstdint>
#include <string>

namespace plumb {

class FiberWaiter;

class Fiber {
 public:
  // None: it has ended always.
  Fiber() = default;

  // Suspends until the fiber has ended. Not a cancellation point. A fiber that
  // joins itself waits for ever.
  void Join() const;

  // Ends what the fiber is blocked in, and all it will block in, as a
  // CancelScope around its body would. Nothing when it has ended.
  void Cancel() const;

  // Whether it has ended.
  bool done() const;

  // What it was started with; empty when it has ended.
  std::string name() const;

 private:
  friend class FiberStarter;

  Fiber(FiberWaiter* waiter, uint64_t generation)
      : waiter_(waiter), generation_(generation) {}

  FiberWaiter* waiter_ = nullptr;
  uint64_t generation_ = 0;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_FIBER_H_
