// Every order of the steps of a fiber that parks (transport/fiber/park_state.h
// as it is), of the worker that runs it, and of those who wake it from other
// threads. The worker is a model of transport/fiber/worker.cc: its inbox, how
// it goes to sleep, how fibers start and end.
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "testing/interleave/explorer.h"
#include "testing/interleave/orders.h"
#include "transport/fiber/park_state.h"

namespace plumb {
namespace interleave {
namespace {

class ModelWorker {
 public:
  explicit ModelWorker(ParkState& fiber) : fiber_(fiber) {}

  // Any thread.
  void PutIntoInbox() {
    if (inbox_.exchange(true)) Fail("posted twice");
  }
  void WakeIfAsleep() {
    if (!asleep_.load()) return;
    if (!asleep_.exchange(false)) return;
    Step(&interrupted_, Access::kWrite, "interrupt");
    interrupted_ = true;
  }

  void TakeInbox() {
    if (!inbox_.load()) return;
    inbox_.store(false);
    fiber_.Arrive();
    WakeHere();
  }
  void WakeHere() {
    if (!fiber_.Wake()) return;
    if (ready_) Fail("ready twice");
    ready_ = true;
  }
  // The loop, until the fiber may go on.
  void Run(const std::function<void()>& pass) {
    for (;;) {
      if (pass) pass();
      TakeInbox();
      if (ready_) break;
      Idle();
    }
    ready_ = false;
  }

 private:
  void Idle() {
    asleep_.store(true);
    const bool has_work = inbox_.load();
    if (!has_work) {
      StepWhen(&interrupted_, "sleep", [this] { return interrupted_; });
      interrupted_ = false;
    }
    asleep_.store(false);
  }

  ParkState& fiber_;
  bool ready_ = false;
  bool interrupted_ = false;
  std::atomic<bool> inbox_{false};
  std::atomic<bool> asleep_{false};
};

struct World {
  World() { worker.emplace(fiber); }

  // The fiber, on its worker.
  void Park() {
    if (fiber.posted()) worker->TakeInbox();
    if (!fiber.BeginPark()) return;
    worker->Run(pass);
    if (fiber.parked()) Fail("goes on without being woken");
  }
  void ParkUntil(int count) {
    while (news.load() < count) Park();
  }
  // It has ended, and with it the worker.
  void Retire() {
    while (!fiber.Shut()) {
      StepWhen(&posting, "yield", [this] { return put || posting == 0; });
      put = false;
      worker->TakeInbox();
    }
    worker.reset();
  }

  // Another thread.
  void Wake() {
    if (!fiber.Post()) return;
    ++posting;
    worker->PutIntoInbox();
    Step(&posting, Access::kWrite, "put");
    put = true;
    worker->WakeIfAsleep();
    fiber.Posted();
    Step(&posting, Access::kWrite, "posted");
    --posting;
  }
  void BringAndWake() {
    news.fetch_add(1);
    Wake();
  }

  ParkState fiber;
  std::optional<ModelWorker> worker;
  std::function<void()> pass;  // what else the worker does in its loop
  std::atomic<int> news{0};
  int posting = 0;   // how many are in Wake
  bool put = false;  // one of them is past the inbox
};

void AddWakers(Flows& flows, const std::shared_ptr<World>& world, int count) {
  for (int i = 0; i < count; ++i) {
    flows.Add(absl::StrCat("waker ", i), [world] { world->BringAndWake(); });
  }
}

void ParkAndWakeBy(Flows& flows, int wakers) {
  auto world = std::make_shared<World>();
  world->fiber.Open();
  flows.Add("fiber", [world, wakers] { world->ParkUntil(wakers); });
  AddWakers(flows, world, wakers);
}

ORDERS(ParkAndWake) { ParkAndWakeBy(flows, 1); }

ORDERS(ParkAndWakeTwice) { ParkAndWakeBy(flows, 2); }

BOUNDED_ORDERS(ParkAndWakeThreeTimes, "more than 4,000,000") {
  ParkAndWakeBy(flows, 3);
}

// The worker wakes the fiber by itself, for a timer, say, while others post it.
ORDERS(WakeOfTheWorkerAndWakeFromElsewhere) {
  auto world = std::make_shared<World>();
  world->fiber.Open();
  auto due = std::make_shared<bool>(true);
  world->pass = [world = world.get(), due] {
    if (!*due) return;
    *due = false;
    world->worker->WakeHere();
  };
  flows.Add("fiber", [world, due] {
    while (*due) world->Park();
    world->ParkUntil(1);
  });
  AddWakers(flows, world, 1);
}

// The same before the fiber parks: as another fiber of the worker does, or it
// itself.
ORDERS(WakeBeforeParkAndWakeFromElsewhere) {
  auto world = std::make_shared<World>();
  world->fiber.Open();
  flows.Add("fiber", [world] {
    world->worker->WakeHere();
    world->Park();
    world->ParkUntil(1);
  });
  AddWakers(flows, world, 1);
}

// Before, at or after its start: it counts.
ORDERS(WakeAtTheStart) {
  auto world = std::make_shared<World>();
  flows.Add("fiber", [world] {
    world->fiber.Open();
    world->Park();
  });
  flows.Add("waker", [world] { world->Wake(); });
}

// Who is about to post it finds its worker there.
ORDERS(WakeAtTheEnd) {
  auto world = std::make_shared<World>();
  world->fiber.Open();
  flows.Add("fiber", [world] { world->Retire(); });
  AddWakers(flows, world, 2);
}

// Its place has a new owner, whom a wake of the last one does no harm.
ORDERS(WakeOfTheNextOwner) {
  auto world = std::make_shared<World>();
  world->fiber.Open();
  flows.Add("fiber", [world] {
    world->Retire();
    world->worker.emplace(world->fiber);
    world->fiber.Reset();
    world->fiber.Open();
    world->ParkUntil(1);
  });
  AddWakers(flows, world, 1);
}

}  // namespace
}  // namespace interleave
}  // namespace plumb
