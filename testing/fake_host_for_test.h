// A host on a fake network of its own, for suites that want a Transport.
#ifndef PLUMB_TESTING_FAKE_HOST_FOR_TEST_H_
#define PLUMB_TESTING_FAKE_HOST_FOR_TEST_H_

#include <memory>

#include "backends/fake/fake.h"
#include "transport/clock.h"
#include "transport/transport.h"

namespace plumb {

inline std::shared_ptr<Transport> MakeFakeHost(Clock& clock) {
  FakeNetworkOptions options;
  options.clock = &clock;
  return FakeNetwork(options).Host("host");
}

}  // namespace plumb

#endif  // PLUMB_TESTING_FAKE_HOST_FOR_TEST_H_
