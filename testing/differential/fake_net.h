// A new fake network with one host, as a Net.
#ifndef PLUMB_TESTING_DIFFERENTIAL_FAKE_NET_H_
#define PLUMB_TESTING_DIFFERENTIAL_FAKE_NET_H_

#include <cstdint>
#include <memory>

#include "testing/differential/net.h"

namespace plumb {

// With packets, as when there is an observer, or with bytes handed over.
enum class FakeWays { kDirect, kPackets };

std::unique_ptr<Net> MakeFakeNet(FakeWays ways);

// The ports of a network whose time is its own, both included.
constexpr uint16_t kFirstPort = 50000;
constexpr uint16_t kLastPort = 50003;

// One whose time only Pass moves, with TIME_WAIT and few ports to give out.
// What is to be lost is lost with packets alone.
std::unique_ptr<Net> MakeTimedFakeNet(FakeWays ways);

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_FAKE_NET_H_
