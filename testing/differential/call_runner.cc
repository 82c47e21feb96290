#include "testing/differential/call_runner.h"

#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "testing/wait_until_blocked.h"
#include "transport/scope.h"

namespace plumb {
namespace {

// Longer than anything takes that comes at all.
constexpr absl::Duration kPatience = absl::Seconds(5);
constexpr absl::Duration kStuck = absl::Seconds(10);
// For what should not come.
constexpr absl::Duration kSoon = absl::Milliseconds(100);

// Whether `call` was done before it waited, or while there was hope.
bool AwaitBlocked(Socket& socket, const WaitingCall& call, Direction direction,
                  bool hope) {
  if (hope) {
    return bool(WaitUntil([&] { return call.done(); }, "done", kPatience));
  }
  WaitUntil([&] { return call.done() || socket.Blocked(direction) > 0; },
            "done or blocked", kStuck);
  return call.done();
}

void Cut(Socket& socket, WaitingCall& call, Direction direction) {
  if (!socket.is_open()) {
    call.Cancel();
    call.Join();
    return;
  }
  const bool was_past = socket.past(direction);
  socket.SetDeadline(direction, absl::Time()).IgnoreError();
  // A deadline that is not kept is told as what it is.
  if (!WaitUntil([&] { return call.done(); }, "done", kStuck)) call.Cancel();
  call.Join();
  if (was_past) return;
  socket.SetDeadline(direction, absl::InfiniteFuture()).IgnoreError();
}

}  // namespace

void CallRunner::Start(Socket& socket, SplitCall call) {
  // One that will not wait may look as if it did, while it asks poll(2).
  const bool ready = socket.is_open() && call.direction == Direction::kRead &&
                     CanGo(socket, Direction::kRead) == Readiness::kReady;
  socket.waiting = std::make_unique<WaitingCall>(call.run);
  // A Dial has nothing to ask.
  if (socket.is_open()) {
    AwaitBlocked(socket, *socket.waiting, call.direction, ready);
  }
  socket.pending = std::move(call);
}

Outcome CallRunner::Finish(Socket& socket, bool hope) {
  WaitingCall& call = *socket.waiting;
  const bool done = IsDone(socket, hope ? kPatience : kSoon);
  if (done) {
    call.Join();
  } else {
    Cut(socket, call, socket.pending.direction);
  }
  socket.waiting = nullptr;
  const SplitCall pending = std::move(socket.pending);
  Outcome outcome = pending.tell();
  outcome.blocked = !done;
  return outcome;
}

bool CallRunner::Waits(Socket& socket) { return !IsDone(socket, kSoon); }

bool CallRunner::IsDone(Socket& socket, absl::Duration soon) {
  const WaitingCall& call = *socket.waiting;
  const Direction direction = socket.pending.direction;
  if (net_.WakesAtOnce() && socket.is_open()) {
    AwaitBlocked(socket, call, direction, false);
    return call.done();
  }
  return bool(WaitUntil([&] { return call.done(); }, "done", soon));
}

Readiness CallRunner::CanGo(Socket& socket, Direction direction) {
  // What has been filled is the one thing that a Write waits for.
  if (direction == Direction::kWrite) {
    return socket.filled ? Readiness::kUnknown : Readiness::kReady;
  }
  if (socket.conn != nullptr) return net_.CanRead(*socket.conn);
  if (socket.listener != nullptr) return net_.CanAccept(*socket.listener);
  return net_.CanRead(*socket.packets);
}

Outcome CallRunner::Do(Socket& socket, const SplitCall& call, bool hope) {
  if (call.at_once || !socket.is_open() || socket.past(call.direction)) {
    const DeadlineScope limit(net_.Patience());  // of a Dial
    call.run();
    return call.tell();
  }
  const Direction direction = call.direction;
  Readiness readiness = CanGo(socket, direction);
  if (readiness == Readiness::kWouldWait && hope) {
    WaitUntil(
        [&] {
          readiness = CanGo(socket, direction);
          return readiness != Readiness::kWouldWait;
        },
        "ready", kPatience);
  }
  switch (readiness) {
    case Readiness::kReady: {
      const DeadlineScope limit(net_.Patience());
      call.run();
      return call.tell();
    }
    case Readiness::kWouldWait: {
      socket.SetDeadline(direction, absl::Time()).IgnoreError();
      call.run();
      socket.SetDeadline(direction, absl::InfiniteFuture()).IgnoreError();
      Outcome outcome = call.tell();
      outcome.blocked = true;
      return outcome;
    }
    default:
      return Watch(socket, call, hope);
  }
}

Outcome CallRunner::Watch(Socket& socket, const SplitCall& call, bool hope) {
  WaitingCall running(call.run);
  const bool done = AwaitBlocked(socket, running, call.direction, hope);
  if (done) {
    running.Join();
  } else {
    Cut(socket, running, call.direction);
  }
  Outcome outcome = call.tell();
  outcome.blocked = !done;
  return outcome;
}

}  // namespace plumb
