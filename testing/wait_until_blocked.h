// Waiting in a test for what happens elsewhere, without a sleep that is too
// long on one machine and too short on another.
//
//   std::thread reader([&] { got = conn->Read(buffer); });
//   ASSERT_TRUE(plumb::WaitUntilBlocked(*conn, 1));   // it waits now
//   conn->Close();
//
// WaitUntilBlocked works on every backend and decorator, as they answer for the
// BlockedProbe extension. What it waits for need not stay so: a call that it
// counts may be about to return.
//
// Both give up, unless told otherwise, after a time that is far longer than
// anything takes, and then say what was missing. Scopes do not end them. On
// fibers they let others run.
//
// Threads: any.
#ifndef PLUMB_TESTING_WAIT_UNTIL_BLOCKED_H_
#define PLUMB_TESTING_WAIT_UNTIL_BLOCKED_H_

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "transport/direction.h"
#include "transport/extension.h"
#include "transport/extensions.h"

namespace plumb {

// Suspends until `condition`, of which nobody tells, holds; `limit` at most.
::testing::AssertionResult WaitUntil(absl::FunctionRef<bool()> condition,
                                     absl::string_view what,
                                     absl::Duration limit = absl::Seconds(60));

// Suspends until at least `count` calls wait in `probe`; with kBoth, in both
// directions together.
::testing::AssertionResult WaitUntilBlocked(BlockedProbe* probe, int count,
                                            Direction direction);

// The same for a Conn, Listener or PacketConn.
template <typename Endpoint>
::testing::AssertionResult WaitUntilBlocked(
    Endpoint& endpoint, int count, Direction direction = Direction::kBoth) {
  return WaitUntilBlocked(Extension<BlockedProbe>(endpoint), count, direction);
}

// How many calls wait in `probe`.
int CountBlocked(const BlockedProbe& probe, Direction direction);

}  // namespace plumb

#endif  // PLUMB_TESTING_WAIT_UNTIL_BLOCKED_H_
