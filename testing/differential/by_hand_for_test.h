// What tests have in common that do the same by hand on the kernel and on the
// fake, and pin where they differ.
#ifndef PLUMB_TESTING_DIFFERENTIAL_BY_HAND_FOR_TEST_H_
#define PLUMB_TESTING_DIFFERENTIAL_BY_HAND_FOR_TEST_H_

#include <sys/socket.h>

#include <array>
#include <memory>
#include <string>

#include "backends/all.h"
#include "backends/fake/fake.h"
#include "backends/fake/fake_test_util.h"
#include "gtest/gtest.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/manual_clock.h"

namespace plumb {

inline Connected ConnectAt(Transport& transport, const std::string& network,
                           const std::string& address) {
  const auto listener = Must(transport.Listen(network, address));
  return Connect(transport, *listener, network, listener->Address().ToString());
}

inline int DescriptorOf(Conn& conn) {
  return Extension<NativeHandle>(conn)->Descriptor();
}

inline int OptionOf(Conn& conn, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(getsockopt(DescriptorOf(conn), level, name, &value, &size), 0);
  return value;
}

class PinnedByHandTest : public testing::Test {
 protected:
  PinnedByHandTest() : PinnedByHandTest(FakeNetworkOptions()) {}
  explicit PinnedByHandTest(FakeNetworkOptions options)
      : fake_network_((options.clock = &clock_, options)),
        fake_(fake_network_.Host("host")) {}

  Transport& kernel() { return DefaultRegistry(); }
  FakeHost& fake() { return *fake_; }
  std::array<Transport*, 2> both() { return {&kernel(), &fake()}; }

  ManualClock clock_;
  FakeNetwork fake_network_;
  const std::shared_ptr<FakeHost> fake_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_BY_HAND_FOR_TEST_H_
