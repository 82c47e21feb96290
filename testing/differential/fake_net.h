// The fake as a Net: one host on a network of its own.
#ifndef PLUMB_TESTING_DIFFERENTIAL_FAKE_NET_H_
#define PLUMB_TESTING_DIFFERENTIAL_FAKE_NET_H_

#include <memory>

#include "testing/differential/net.h"

namespace plumb {

// Whether bytes go over packets, as they do for who looks on.
enum class FakeWays { kDirect, kPackets };

std::unique_ptr<Net> MakeFakeNet(FakeWays ways);

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_FAKE_NET_H_
