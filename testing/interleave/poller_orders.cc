// Every order of the steps of a fiber that waits for a descriptor by a Poller
// (transport/fiber/poller.cc), of those who write to the descriptor, of those
// who close it, and of the loops that look at epoll(7), which is the kernel's.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "testing/interleave/explorer.h"
#include "testing/interleave/model.h"
#include "testing/interleave/orders.h"
#include "transport/call.h"
#include "transport/descriptor_closing.h"
#include "transport/direction.h"
#include "transport/fiber/poller.h"
#include "transport/waiter.h"

namespace plumb {
namespace interleave {
namespace {

constexpr Direction kRead = Direction::kRead;

// The poller of one worker.
struct Loop {
  // The kernel gives the lowest number that is free.
  Loop() : epoll(dup(STDERR_FILENO)) {
    close(epoll);
    poller.emplace();
  }

  bool HasEvents() const {
    pollfd fd = {epoll, POLLIN, 0};
    return poll(&fd, 1, 0) > 0;
  }

  // The worker's loop, until `done`.
  void Run(const bool& done) {
    for (;;) {
      StepWhen(&kKernel, "look at epoll", [&] { return done || HasEvents(); });
      if (done) return;
      poller->Wait(0);
    }
  }

  const int epoll;
  std::optional<Poller> poller;
};

class PolledFiber final : public ModelFiber {
 public:
  void ParkOn(const Op& op, MonotonicNanos deadline,
              const WaitReason* reason) override {
    const auto is_woken = [this] { return woken(); };
    Poller::Slot* const slot =
        loop->poller->Enlist(*this, op, deadline, is_woken);
    if (slot == nullptr) return;
    Park(deadline, reason);
    Poller::Withdraw(*this, *slot);
  }

  Loop* loop = nullptr;
};

class ReadByte final : public Op {
 public:
  explicit ReadByte(int fd) : Op(fd, kRead) {}

  bool Attempt() override {
    SystemCall("recv");
    char byte;
    return recv(descriptor(), &byte, 1, MSG_DONTWAIT) >= 0 || errno != EAGAIN;
  }
};

struct World {
  World() {
    Connect();
    MakeEntry();
    for (size_t i = 0; i < 2; ++i) fibers[i].loop = &loops[0];
  }
  ~World() {
    for (int fd : ends) CloseDescriptor(fd);
  }

  void Connect() {
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) Fail("socketpair");
  }
  // What the process has of a descriptor for good is there from the start, so
  // that all runs have the same steps.
  void MakeEntry() {
    PolledFiber fiber;
    fiber.loop = &loops[0];
    fiber.Wake();
    fiber.ParkOn(ReadByte(ends[0]), kNever, nullptr);
  }
  static void CloseDescriptor(int fd) {
    DescriptorClosing(fd);
    SystemCall("close");
    close(fd);
  }
  void Write() const {
    SystemCall("send");
    (void)!send(ends[1], "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  Call::Outcome Read(CallState& of, int count) const {
    Call call(of, kRead);
    for (; count > 0; --count) {
      ReadByte op(ends[0]);
      if (!call.Run(op)) break;
    }
    return call.outcome();
  }
  void End() {
    SystemCall("end");
    ended = true;
  }

  int ends[2];
  Loop loops[2];
  PolledFiber fibers[3];
  ModelClock clock;
  CallState state{clock};
  Mark entered, first_read;
  bool ended = false;
};

void ExpectRead(Call::Outcome outcome) {
  if (outcome != Call::Outcome::kGo) Fail("nothing was read");
}

void AddLoop(Flows& flows, const std::shared_ptr<World>& world, size_t index) {
  flows.Add(absl::StrCat("loop ", index),
            [world, index] { world->loops[index].Run(world->ended); });
}

ORDERS(PollOneByte) {
  auto world = std::make_shared<World>();
  flows.Add("reader", [world] {
    Waiter::SetCurrent(&world->fibers[0]);
    ExpectRead(world->Read(world->state, 1));
    world->End();
  });
  flows.Add("writer", [world] { world->Write(); });
  AddLoop(flows, world, 0);
}

ORDERS(PollTwoBytes) {
  auto world = std::make_shared<World>();
  flows.Add("reader", [world] {
    Waiter::SetCurrent(&world->fibers[0]);
    ExpectRead(world->Read(world->state, 2));
    world->End();
  });
  flows.Add("writer", [world] {
    world->Write();
    world->Write();
  });
  AddLoop(flows, world, 0);
}

// One reads on the first worker, and then another on the second: the
// registration moves.
ORDERS(PollOnTwoWorkers) {
  auto world = std::make_shared<World>();
  world->fibers[1].loop = &world->loops[1];
  flows.Add("reader 0", [world] {
    Waiter::SetCurrent(&world->fibers[0]);
    ExpectRead(world->Read(world->state, 1));
    world->first_read.Set();
  });
  flows.Add("reader 1", [world] {
    Waiter::SetCurrent(&world->fibers[1]);
    world->first_read.Await();
    ExpectRead(world->Read(world->state, 1));
    world->End();
  });
  flows.Add("writer", [world] {
    world->Write();
    world->Write();
  });
  AddLoop(flows, world, 0);
  AddLoop(flows, world, 1);
}

// Events of a descriptor that is closed while they are on their way reach
// nobody; one who waits on another descriptor of the same number is not
// forgotten.
ORDERS(PollWhileClosing) {
  auto world = std::make_shared<World>();
  flows.Add("reader", [world] {
    Waiter::SetCurrent(&world->fibers[0]);
    Call call(world->state, kRead);
    world->entered.Set();
    ReadByte op(world->ends[0]);
    call.Run(op);
  });
  flows.Add("closer", [world] {
    Waiter::SetCurrent(&world->fibers[1]);
    world->entered.Await();
    if (!world->state.Close()) return;
    const int before = world->ends[0];
    World::CloseDescriptor(world->ends[0]);
    world->state.Done();
    World::CloseDescriptor(world->ends[1]);
    world->Connect();
    if (world->ends[0] != before) Fail("another number");
    CallState next(world->clock);
    world->Write();
    ExpectRead(world->Read(next, 1));
    world->End();
  });
  flows.Add("writer", [world] {
    world->entered.Await();
    world->Write();
  });
  AddLoop(flows, world, 0);
}

}  // namespace
}  // namespace interleave
}  // namespace plumb
