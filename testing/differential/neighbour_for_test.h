// A second host on an Ethernet, for tests in a network of their own
// (private_network_for_test.h): a network namespace at the other end of a veth
// pair.
//
//   NeighbourForTest neighbour;
//   ASSERT_TRUE(neighbour.ok());
//   neighbour.Run([&] { socket = udp->ListenPacket("udp4", "10.0.0.2:53"); });
//   udp->Dial("udp4", "10.0.0.2:53");
//
// As the hosts of a fake network these have 10.0.0.1 and fd00::1, and 10.0.0.2
// and fd00::2, on "eth0", to which all goes that is for nobody else; and, as
// Linux will have it, fe80::1 and fe80::2.
#ifndef PLUMB_TESTING_DIFFERENTIAL_NEIGHBOUR_FOR_TEST_H_
#define PLUMB_TESTING_DIFFERENTIAL_NEIGHBOUR_FOR_TEST_H_

#include "absl/functional/function_ref.h"
#include "transport/descriptor.h"

namespace plumb {

// Lives as long as the process: one in each.
//
// Threads: any method on any thread.
class NeighbourForTest {
 public:
  NeighbourForTest();

  // False when the system has no veth(4) or does not allow it.
  bool ok() const { return ok_; }

  // On a thread that belongs to the neighbour, as do all sockets that are made
  // there.
  void Run(absl::FunctionRef<void()> what) const;

 private:
  Descriptor namespace_;
  bool ok_ = false;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_NEIGHBOUR_FOR_TEST_H_
