// Every order of the steps of those who send and receive on Channels, alone and
// by Select, of those who close and give up, and of those who destroy them
// (transport/selection.cc, channel_base.cc).
#include <cstddef>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "testing/interleave/explorer.h"
#include "testing/interleave/model.h"
#include "testing/interleave/orders.h"
#include "transport/channel.h"
#include "transport/error.h"
#include "transport/select.h"

namespace plumb {
namespace interleave {
namespace {

struct Channels {
  explicit Channels(size_t capacity) : a(capacity), b(capacity) {}

  // Side by side, so that `a` always has the lower address: queues are locked
  // in that order.
  Channel<int> a, b;
};

struct World : CancellableFibers {
  explicit World(size_t capacity = 0)
      : channels(std::make_unique<Channels>(capacity)) {}

  std::unique_ptr<Channels> channels;
  absl::Status sent;
  absl::StatusOr<int> received;
};

void ExpectValue(const absl::StatusOr<int>& got, int value) {
  ExpectOk(got.status());
  if (got.ok() && *got != value) Fail("another value");
}

void SendAndReceive(Flows& flows, size_t capacity) {
  auto world = std::make_shared<World>(capacity);
  flows.Add("sender", On(world->fibers[0],
                         [world] { ExpectOk(world->channels->a.Send(7)); }));
  // The sender may not have run again by the time that the value is here.
  flows.Add("receiver", On(world->fibers[1], [world] {
              ExpectValue(world->channels->a.Receive(), 7);
              world->channels.reset();
            }));
}

ORDERS(ReceiverDestroysTheChannel) { SendAndReceive(flows, 0); }

ORDERS(ReceiverDestroysTheBufferedChannel) { SendAndReceive(flows, 1); }

ORDERS(SenderDestroysTheChannel) {
  auto world = std::make_shared<World>();
  flows.Add("sender", On(world->fibers[0], [world] {
              ExpectOk(world->channels->a.Send(7));
              world->channels.reset();
            }));
  flows.Add("receiver", On(world->fibers[1], [world] {
              ExpectValue(world->channels->a.Receive(), 7);
            }));
}

// Both know the same of it.
void ExpectMet(const World& world) {
  if (world.sent.ok()) {
    ExpectValue(world.received, 7);
  } else if (world.received.ok()) {
    Fail("received what was not sent");
  }
}

ORDERS(ReceiverIsCancelledAsAValueComes) {
  auto world = std::make_shared<World>();
  flows.Add("receiver", On(world->fibers[0], [world] {
              const Cancelled scope(world->cancelled);
              world->received = world->channels->a.Receive();
            }));
  flows.Add("sender", On(world->fibers[1], [world] {
              world->sent = world->channels->a.TrySend(7);
            }));
  flows.Add("canceller", [world] { world->Cancel(); });
  flows.AtEnd([world] {
    ExpectMet(*world);
    if (!world->received.ok() && !IsCancelledCall(world->received.status())) {
      Fail("neither received nor cancelled");
    }
    if (world->channels->a.waiting() != 0) Fail("somebody is left");
  });
}

ORDERS(SenderIsCancelledAsSomebodyReceives) {
  auto world = std::make_shared<World>();
  flows.Add("sender", On(world->fibers[0], [world] {
              const Cancelled scope(world->cancelled);
              world->sent = world->channels->a.Send(7);
            }));
  flows.Add("receiver", On(world->fibers[1], [world] {
              world->received = world->channels->a.TryReceive();
            }));
  flows.Add("canceller", [world] { world->Cancel(); });
  flows.AtEnd([world] {
    ExpectMet(*world);
    if (!world->sent.ok() && !IsCancelledCall(world->sent)) {
      Fail("neither sent nor cancelled");
    }
    if (world->channels->a.waiting() != 0) Fail("somebody is left");
  });
}

ORDERS(CloseAsAValueIsSent) {
  auto world = std::make_shared<World>();
  flows.Add("sender", On(world->fibers[0], [world] {
              world->sent = world->channels->a.Send(7);
            }));
  flows.Add("receiver", On(world->fibers[1], [world] {
              world->received = world->channels->a.Receive();
            }));
  flows.Add("closer", [world] { world->channels->a.Close(); });
  flows.AtEnd([world] {
    ExpectMet(*world);
    if (world->sent.ok()) return;
    if (!IsClosed(world->sent)) Fail("neither sent nor closed");
    if (!IsEof(world->received.status())) Fail("no end");
  });
}

// Each value comes once, by whichever of the two calls.
void SelectAndReceive(Channels& channels) {
  std::optional<int> a, b;
  const SelectCase cases[] = {channels.a.ReceiveCase(a),
                              channels.b.ReceiveCase(b)};
  const Selected first = Select(cases);
  ExpectOk(first.status);
  if (first.index == 0) {
    ExpectValue(*a, 1);
    ExpectValue(channels.b.Receive(), 2);
  } else {
    ExpectValue(*b, 2);
    ExpectValue(channels.a.Receive(), 1);
  }
}

ORDERS(SelectOfTwoAndTheirSenders) {
  auto world = std::make_shared<World>();
  flows.Add("receiver", On(world->fibers[0], [world] {
              SelectAndReceive(*world->channels);
              world->channels.reset();
            }));
  flows.Add("sender on a", On(world->fibers[1], [world] {
              ExpectOk(world->channels->a.Send(1));
            }));
  flows.Add("sender on b", On(world->fibers[2], [world] {
              ExpectOk(world->channels->b.Send(2));
            }));
}

}  // namespace
}  // namespace interleave
}  // namespace plumb
