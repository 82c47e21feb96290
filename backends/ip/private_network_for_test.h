// A network of the test's own, in which it may open raw sockets, whoever runs
// it.
#ifndef PLUMB_BACKENDS_IP_PRIVATE_NETWORK_FOR_TEST_H_
#define PLUMB_BACKENDS_IP_PRIVATE_NETWORK_FOR_TEST_H_

namespace plumb {

// Moves the process into a new user namespace, in which it has every
// capability, and a new network namespace, whose loopback is up; false, with
// errno, when the system does not allow it. Before any thread is started.
bool EnterPrivateNetwork();

// Gives the loopback one more IPv6 address, which it may have already; false,
// with errno, when that fails.
bool AddLoopbackAddress(const char* ipv6);

// Takes every capability away from the calling thread alone, for good.
void DropCapabilities();

}  // namespace plumb

#endif  // PLUMB_BACKENDS_IP_PRIVATE_NETWORK_FOR_TEST_H_
