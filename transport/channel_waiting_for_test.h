// Tells the tests of channels and of Select that others wait on a channel.
//
// Threads: any.
#ifndef PLUMB_TRANSPORT_CHANNEL_WAITING_FOR_TEST_H_
#define PLUMB_TRANSPORT_CHANNEL_WAITING_FOR_TEST_H_

#include <cstddef>

#include "gtest/gtest.h"
#include "testing/wait_until_blocked.h"
#include "transport/channel_base.h"

namespace plumb {

// Until `count` calls and cases wait on `channel`.
inline ::testing::AssertionResult WaitUntilWaiting(const ChannelBase& channel,
                                                   size_t count) {
  return WaitUntil([&] { return channel.waiting() == count; },
                   "so many wait on the channel");
}

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_CHANNEL_WAITING_FOR_TEST_H_
