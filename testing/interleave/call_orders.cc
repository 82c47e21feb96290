// Every order of the steps of a few calls, closers, movers of deadlines and
// wakers on one CallState (transport/call.cc, gate.cc), by the waiter of a
// fiber (park_orders.cc has it by itself) and by one of a thread.
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "testing/interleave/explorer.h"
#include "testing/interleave/model.h"
#include "testing/interleave/orders.h"
#include "transport/call.h"
#include "transport/direction.h"
#include "transport/scope.h"
#include "transport/waiter.h"

namespace plumb {
namespace interleave {
namespace {

using Outcomes = Call::Outcome;
constexpr Direction kRead = Direction::kRead;

struct World {
  World() { object.emplace(clock); }

  // What a backend does: looks for `wanted` of what Bring brings, and waits.
  void Read(int wanted, std::optional<Call::Outcome>* outcome) {
    Call call(*object, kRead);
    entered.Set();
    while (call.ok()) {
      if (count.load() >= wanted) break;
      call.Wait();
    }
    *outcome = call.outcome();
  }
  void Bring() {
    count.fetch_add(1);
    object->Signal(kRead);
  }
  // Only the first to close.
  void Close() {
    if (object->Close()) object->Done();
  }

  ModelClock clock;
  std::optional<CallState> object;
  std::atomic<int> count{0};
  std::atomic<bool> cancelled{false};
  Mark entered, done;
  ModelFiber fibers[3];
  ModelThread thread;
  std::optional<Call::Outcome> outcomes[3];
  std::optional<Call> holder;  // of the turn, from the start
};

void Expect(const std::optional<Call::Outcome>& got, Call::Outcome wanted) {
  if (got != wanted) {
    Fail(absl::StrCat("outcome ", got.has_value() ? static_cast<int>(*got) : -1,
                      " and not ", static_cast<int>(wanted)));
  }
}

// A reader, who may have got what came, and one that is in its way.
void AddReader(Flows& flows, const std::shared_ptr<World>& world, size_t index,
               int wanted) {
  flows.Add(absl::StrCat("reader ", index),
            On(world->fibers[index], [world, index, wanted] {
              world->Read(wanted, &world->outcomes[index]);
            }));
}

ORDERS(Signal) {
  auto world = std::make_shared<World>();
  AddReader(flows, world, 0, 1);
  flows.Add("signal", [world] { world->Bring(); });
  flows.AtEnd([world] { Expect(world->outcomes[0], Outcomes::kGo); });
}

ORDERS(TwoSignals) {
  auto world = std::make_shared<World>();
  AddReader(flows, world, 0, 2);
  flows.Add("signal 1", [world] { world->Bring(); });
  flows.Add("signal 2", [world] { world->Bring(); });
  flows.AtEnd([world] { Expect(world->outcomes[0], Outcomes::kGo); });
}

ORDERS(CloseAndDestroy) {
  auto world = std::make_shared<World>();
  AddReader(flows, world, 0, 1);
  flows.Add("closer", On(world->fibers[1], [world] {
              world->entered.Await();
              world->Close();
              world->object.reset();
            }));
  flows.AtEnd([world] { Expect(world->outcomes[0], Outcomes::kClosed); });
}

ORDERS(CloseWhileEntering) {
  auto world = std::make_shared<World>();
  AddReader(flows, world, 0, 1);
  flows.Add("closer", On(world->fibers[1], [world] { world->Close(); }));
  flows.AtEnd([world] { Expect(world->outcomes[0], Outcomes::kClosed); });
}

// A stray wake-up, as of a scope that is long gone.
ORDERS(StrayWakeAndCloseAndDestroy) {
  auto world = std::make_shared<World>();
  AddReader(flows, world, 0, 1);
  flows.Add("stray", [world] { world->fibers[0].Wake(); });
  flows.Add("closer", On(world->fibers[1], [world] {
              world->entered.Await();
              world->Close();
              world->object.reset();
            }));
  flows.AtEnd([world] { Expect(world->outcomes[0], Outcomes::kClosed); });
}

ORDERS(SignalAndCloseAndDestroy) {
  auto world = std::make_shared<World>();
  AddReader(flows, world, 0, 1);
  flows.Add("signal", [world] {
    world->Bring();
    world->done.Set();
  });
  flows.Add("closer", On(world->fibers[1], [world] {
              world->entered.Await();
              world->Close();
              world->done.Await();
              world->object.reset();
            }));
  flows.AtEnd([world] {
    if (world->outcomes[0] != Outcomes::kGo) {
      Expect(world->outcomes[0], Outcomes::kClosed);
    }
  });
}

ORDERS(TimePasses) {
  auto world = std::make_shared<World>();
  world->object->SetDeadline(kRead, MonotonicNanos{2000});
  AddReader(flows, world, 0, 1);
  flows.Add("time", [world] { world->clock.Advance(2000); });
  flows.AtEnd([world] { Expect(world->outcomes[0], Outcomes::kTimeout); });
}

ORDERS(DeadlineMovesIntoThePast) {
  auto world = std::make_shared<World>();
  AddReader(flows, world, 0, 1);
  flows.Add("mover", On(world->fibers[1], [world] {
              world->object->SetDeadline(kRead, MonotonicNanos{500});
            }));
  flows.AtEnd([world] { Expect(world->outcomes[0], Outcomes::kTimeout); });
}

// Whichever is first: the reader must not wait for the old deadline alone.
ORDERS(DeadlineMovesNearerAndTimePasses) {
  auto world = std::make_shared<World>();
  world->object->SetDeadline(kRead, MonotonicNanos{9000});
  AddReader(flows, world, 0, 1);
  flows.Add("mover", On(world->fibers[1], [world] {
              world->object->SetDeadline(kRead, MonotonicNanos{2000});
              world->clock.Advance(2000);
            }));
  flows.AtEnd([world] { Expect(world->outcomes[0], Outcomes::kTimeout); });
}

ORDERS(DeadlineIsClearedAndASignalComes) {
  auto world = std::make_shared<World>();
  world->object->SetDeadline(kRead, MonotonicNanos{2000});
  AddReader(flows, world, 0, 1);
  flows.Add("mover", On(world->fibers[1], [world] {
              world->object->SetDeadline(kRead, kNever);
              world->clock.Advance(2000);
              world->Bring();
            }));
  flows.AtEnd([world] { Expect(world->outcomes[0], Outcomes::kGo); });
}

ORDERS(MoverThatClosesAndDestroys) {
  auto world = std::make_shared<World>();
  AddReader(flows, world, 0, 1);
  flows.Add("mover and closer", On(world->fibers[1], [world] {
              world->entered.Await();
              world->object->SetDeadline(kRead, MonotonicNanos{500});
              world->Close();
              world->object.reset();
            }));
  flows.AtEnd([world] {
    if (world->outcomes[0] != Outcomes::kTimeout) {
      Expect(world->outcomes[0], Outcomes::kClosed);
    }
  });
}

void AddMoverAndCloser(Flows& flows, const std::shared_ptr<World>& world) {
  flows.Add("mover", On(world->fibers[1], [world] {
              world->object->SetDeadline(kRead, MonotonicNanos{500});
              world->done.Set();
            }));
  flows.Add("closer", On(world->fibers[2], [world] {
              world->entered.Await();
              world->Close();
              world->done.Await();
              world->object.reset();
            }));
}

ORDERS(MoverAndCloseAndDestroy) {
  auto world = std::make_shared<World>();
  world->entered.Set();
  AddMoverAndCloser(flows, world);
}

BOUNDED_ORDERS(ReaderAndMoverAndCloseAndDestroy, "more than 4,000,000") {
  auto world = std::make_shared<World>();
  AddReader(flows, world, 0, 1);
  AddMoverAndCloser(flows, world);
  flows.AtEnd([world] {
    if (world->outcomes[0] != Outcomes::kTimeout) {
      Expect(world->outcomes[0], Outcomes::kClosed);
    }
  });
}

ORDERS(Cancel) {
  auto world = std::make_shared<World>();
  flows.Add("reader", On(world->fibers[0], [world] {
              const Cancelled scope(world->cancelled);
              world->Read(9, &world->outcomes[0]);
            }));
  flows.Add("canceller", [world] {
    world->cancelled.store(true);
    world->fibers[0].WakeForScopes();
  });
  flows.AtEnd([world] { Expect(world->outcomes[0], Outcomes::kCancelled); });
}

ORDERS(TwoClosers) {
  auto world = std::make_shared<World>();
  AddReader(flows, world, 0, 1);
  for (size_t i : {1, 2}) {
    flows.Add(absl::StrCat("closer ", i),
              On(world->fibers[i], [world] { world->Close(); }));
  }
  flows.AtEnd([world] { Expect(world->outcomes[0], Outcomes::kClosed); });
}

void HandTurnsOver(Flows& flows, size_t readers) {
  auto world = std::make_shared<World>();
  for (size_t i = 0; i < readers; ++i) AddReader(flows, world, i, 0);
  flows.AtEnd([world, readers] {
    for (size_t i = 0; i < readers; ++i) {
      Expect(world->outcomes[i], Outcomes::kGo);
    }
    if (!world->object->Close()) Fail("somebody is left inside");
  });
}

ORDERS(TheTurnIsHandedOver) { HandTurnsOver(flows, 2); }

BOUNDED_ORDERS(TurnsAreHandedOver, "3,489,935") { HandTurnsOver(flows, 3); }

void AddMover(Flows& flows, const std::shared_ptr<World>& world) {
  flows.Add("mover", On(world->fibers[2], [world] {
              world->object->SetDeadline(kRead, MonotonicNanos{500});
            }));
}

ORDERS(WhoWaitsForATurnTimesOut) {
  auto world = std::make_shared<World>();
  Waiter::SetCurrent(&world->fibers[0]);
  world->holder.emplace(*world->object, kRead);
  Waiter::SetCurrent(nullptr);
  AddReader(flows, world, 1, 1);
  AddMover(flows, world);
  flows.AtEnd([world] { Expect(world->outcomes[1], Outcomes::kTimeout); });
}

BOUNDED_ORDERS(WhoWaitsForATurnAndWhoHasItTimeOut, "more than 4,000,000") {
  auto world = std::make_shared<World>();
  AddReader(flows, world, 0, 1);
  AddReader(flows, world, 1, 1);
  AddMover(flows, world);
  flows.AtEnd([world] {
    Expect(world->outcomes[0], Outcomes::kTimeout);
    Expect(world->outcomes[1], Outcomes::kTimeout);
  });
}

// One leaves the queue at the moment at which it gets the turn: the turn must
// not be lost.
ORDERS(WhoWaitsForATurnIsCancelled) {
  auto world = std::make_shared<World>();
  AddReader(flows, world, 0, 0);
  flows.Add("cancelled", On(world->fibers[1], [world] {
              const Cancelled scope(world->cancelled);
              world->Read(9, &world->outcomes[1]);
            }));
  flows.Add("canceller", [world] {
    world->cancelled.store(true);
    world->fibers[1].WakeForScopes();
  });
  flows.AtEnd([world] {
    Expect(world->outcomes[0], Outcomes::kGo);
    Expect(world->outcomes[1], Outcomes::kCancelled);
    ModelFiber last;
    Waiter::SetCurrent(&last);
    if (!Call(*world->object, kRead).ok()) Fail("the turn is lost");
    Waiter::SetCurrent(nullptr);
  });
}

ORDERS(WhoWaitsForATurnIsClosed) {
  auto world = std::make_shared<World>();
  AddReader(flows, world, 0, 1);
  AddReader(flows, world, 1, 1);
  flows.Add("closer", On(world->fibers[2], [world] { world->Close(); }));
  flows.AtEnd([world] {
    Expect(world->outcomes[0], Outcomes::kClosed);
    Expect(world->outcomes[1], Outcomes::kClosed);
  });
}

class SomeOp final : public Op {
 public:
  SomeOp() : Op(0, Direction::kRead) {}
  bool Attempt() override { return false; }
};

// Close must wait for a thread that is in ppoll(2) on the descriptor.
ORDERS(AThreadInASystemCall) {
  auto world = std::make_shared<World>();
  flows.Add("reader", On(world->thread, [world] {
              Call call(*world->object, kRead);
              world->entered.Set();
              SomeOp op;
              while (call.ok()) call.WaitFor(op);
              world->outcomes[0] = call.outcome();
            }));
  flows.Add("stray", [world] { world->thread.Wake(); });
  flows.Add("closer", On(world->fibers[1], [world] {
              world->entered.Await();
              if (!world->object->Close()) return;
              if (world->thread.in_system_call()) Fail("closed in ppoll");
              world->object->Done();
              world->object.reset();
            }));
  flows.AtEnd([world] { Expect(world->outcomes[0], Outcomes::kClosed); });
}

}  // namespace
}  // namespace interleave
}  // namespace plumb
