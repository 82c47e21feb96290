// An Ethernet of the test's own with nobody else on it, for tests in a network
// of their own (private_network_for_test.h).
//
//   const EthernetForTest ethernet("10.0.0.1");    // on 10/8
//   ASSERT_TRUE(ethernet.ok());
//
// Threads: none of its own.
#ifndef PLUMB_TESTING_DIFFERENTIAL_ETHERNET_FOR_TEST_H_
#define PLUMB_TESTING_DIFFERENTIAL_ETHERNET_FOR_TEST_H_

#include "transport/descriptor.h"

namespace plumb {

// The interface is there as long as this is.
class EthernetForTest {
 public:
  explicit EthernetForTest(const char* address);

  // False, with errno, when the system has no /dev/net/tun or does not allow
  // it.
  bool ok() const { return ok_; }

 private:
  Descriptor tap_;
  bool ok_ = false;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_ETHERNET_FOR_TEST_H_
