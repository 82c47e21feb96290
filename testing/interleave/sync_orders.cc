// Every order of the steps of those who wait for an Event, a Semaphore, a
// CondVar or a Mutex (transport/event.cc, wait_queue.cc, park.cc ...), of those
// who let them go on, and of those who give up or destroy it.
#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "testing/interleave/explorer.h"
#include "testing/interleave/model.h"
#include "testing/interleave/orders.h"
#include "transport/cond_var.h"
#include "transport/error.h"
#include "transport/event.h"
#include "transport/mutex.h"
#include "transport/semaphore.h"

namespace plumb {
namespace interleave {
namespace {

// What is waited for, and who waits.
template <typename T>
struct World : CancellableFibers {
  template <typename... Args>
  explicit World(Args... args) : object(std::make_unique<T>(args...)) {}

  std::unique_ptr<T> object;
  Mark entered;
  absl::Status statuses[3];
};

void ExpectOkOrCancelled(const absl::Status& status) {
  if (!IsCancelledCall(status)) ExpectOk(status);
}

ORDERS(AnEventIsDestroyedByWhoWaited) {
  auto world = std::make_shared<World<Event>>();
  flows.Add("waiter", On(world->fibers[0], [world] {
              ExpectOk(world->object->Wait());
              world->object.reset();
            }));
  flows.Add("notifier", [world] { world->object->Notify(); });
}

ORDERS(AnEventHappensForTwo) {
  auto world = std::make_shared<World<Event>>();
  for (size_t i = 0; i < 2; ++i) {
    flows.Add(absl::StrCat("waiter ", i), On(world->fibers[i], [world] {
                ExpectOk(world->object->Wait());
              }));
  }
  flows.Add("notifier", [world] { world->object->Notify(); });
}

ORDERS(AnEventHappensAsItsWaiterIsCancelled) {
  auto world = std::make_shared<World<Event>>();
  flows.Add("waiter", On(world->fibers[0], [world] {
              const Cancelled scope(world->cancelled);
              ExpectOkOrCancelled(world->object->Wait());
            }));
  flows.Add("notifier", [world] { world->object->Notify(); });
  flows.Add("canceller", [world] { world->Cancel(); });
  flows.AtEnd([world] { ExpectOk(world->object->Wait()); });
}

// A permit that was given is taken, or left.
ORDERS(APermitIsGivenAsItsTakerIsCancelled) {
  auto world = std::make_shared<World<Semaphore>>(size_t{0});
  flows.Add("taker", On(world->fibers[0], [world] {
              const Cancelled scope(world->cancelled);
              world->statuses[0] = world->object->Acquire();
            }));
  flows.Add("giver", [world] { world->object->Release(); });
  flows.Add("canceller", [world] { world->Cancel(); });
  flows.AtEnd([world] {
    ExpectOkOrCancelled(world->statuses[0]);
    const size_t left = world->statuses[0].ok() ? 0 : 1;
    if (world->object->permits() != left) Fail("a permit is lost");
  });
}

// Who wants less goes on when the one before, who wants more, gives up.
ORDERS(TheFirstOfTwoTakersIsCancelled) {
  auto world = std::make_shared<World<Semaphore>>(size_t{1});
  flows.Add("taker of two", On(world->fibers[0], [world] {
              const Cancelled scope(world->cancelled);
              if (!IsCancelledCall(world->object->Acquire(2))) {
                Fail("there never were two");
              }
            }));
  flows.Add("taker of one", On(world->fibers[1], [world] {
              ExpectOk(world->object->Acquire());
            }));
  flows.Add("canceller", [world] { world->Cancel(); });
}

ORDERS(ASemaphoreIsDestroyedByItsTaker) {
  auto world = std::make_shared<World<Semaphore>>(size_t{0});
  flows.Add("taker", On(world->fibers[0], [world] {
              ExpectOk(world->object->Acquire());
              world->object.reset();
            }));
  flows.Add("giver", [world] { world->object->Release(); });
}

struct Condition {
  Mutex mutex;
  CondVar changed;
  bool holds = false;
};

void WaitUntilItHolds(Condition& condition) {
  MutexLock lock(condition.mutex);
  while (!condition.holds) ExpectOk(condition.changed.Wait(condition.mutex));
}

void MakeItHold(Condition& condition) {
  {
    MutexLock lock(condition.mutex);
    condition.holds = true;
  }
  condition.changed.Signal();
}

ORDERS(AConditionIsWaitedFor) {
  auto world = std::make_shared<World<Condition>>();
  flows.Add("waiter", On(world->fibers[0],
                         [world] { WaitUntilItHolds(*world->object); }));
  flows.Add("signaller",
            On(world->fibers[1], [world] { MakeItHold(*world->object); }));
}

// Cancelled or signalled, it has the Mutex again.
ORDERS(AConditionIsSignalledAsItsWaiterIsCancelled) {
  auto world = std::make_shared<World<Condition>>();
  flows.Add(
      "waiter", On(world->fibers[0], [world] {
        const Cancelled scope(world->cancelled);
        MutexLock lock(world->object->mutex);
        ExpectOkOrCancelled(world->object->changed.Wait(world->object->mutex));
        world->object->mutex.AssertHeld();
      }));
  flows.Add("signaller", [world] { world->object->changed.Signal(); });
  flows.Add("canceller", [world] { world->Cancel(); });
}

// A Mutex, and how many believe that they have it.
struct Guarded {
  void Use() {
    MutexLock lock(mutex);
    if (users++ != 0) Fail("two have it");
    Step(&users, Access::kWrite, "use");
    --users;
  }

  Mutex mutex;
  int users = 0;
};

// One user for each of `times`, which says how often.
void UseIt(Flows& flows, const std::vector<int>& times) {
  auto world = std::make_shared<World<Guarded>>();
  for (size_t i = 0; i < times.size(); ++i) {
    flows.Add(absl::StrCat("user ", i),
              On(world->fibers[i], [world, n = times[i]] {
                for (int round = 0; round < n; ++round) world->object->Use();
              }));
  }
  flows.AtEnd([world] {
    if (world->object->mutex.waiting() != 0) Fail("somebody waits");
    if (!world->object->mutex.TryLock()) Fail("somebody has it");
  });
}

ORDERS(TwoUseAMutex) { UseIt(flows, {1, 1}); }

ORDERS(OneUsesAMutexTwice) { UseIt(flows, {2, 1}); }

ORDERS(TwoUseAMutexTwice) { UseIt(flows, {2, 2}); }

ORDERS(ThreeUseAMutex) { UseIt(flows, {1, 1, 1}); }

// Who was overtaken by `greedy` while it waited is the next.
ORDERS(WhoWasOvertakenIsTheNext) {
  auto world = std::make_shared<World<Mutex>>();
  flows.Add("greedy", On(world->fibers[0], [world] {
              size_t held_while_it_waited = 0;
              for (int i = 0; i < 3; ++i) {
                MutexLock lock(*world->object);
                if (world->object->waiting() > 0) ++held_while_it_waited;
              }
              // Once because it had it when the other came, and once because it
              // may overtake the other when that is woken.
              if (held_while_it_waited > 2) Fail("overtaken more than once");
            }));
  flows.Add("modest",
            On(world->fibers[1], [world] { MutexLock lock(*world->object); }));
}

ORDERS(AMutexIsDestroyedByTheSuccessor) {
  auto world = std::make_shared<World<Mutex>>();
  flows.Add("holder", On(world->fibers[0], [world] {
              world->object->Lock();
              world->entered.Set();
              world->object->Unlock();
            }));
  flows.Add("successor", On(world->fibers[1], [world] {
              world->entered.Await();
              world->object->Lock();
              world->object->Unlock();
              world->object.reset();
            }));
}

}  // namespace
}  // namespace interleave
}  // namespace plumb
