// A Registry for unit tests, in which no real socket can be opened by accident:
// every network of the kernel fails until the test puts a fake there.
//
//   plumb::Registry registry = plumb::RegistryForTest();
//   RETURN_IF_ERROR(registry.Register("tcp", fake_host));
//   Store store(registry);      // dials "tcp", gets the fake
//
// Anything else that the code dials is FailedPrecondition and names the cure:
//
//   dial udp: no real sockets in unit tests (address "ns:53"); put a fake there
//   with Registry::Register or Replace
//
// The address is in ErrorInfo::detail. The networks are tcp, udp and ip, each
// also with 4 and 6, unix, unixgram and unixpacket. They count as not
// registered: Register works, and Names does not list them.
//
// Links no backend, and no test framework. Threads: any.
#ifndef PLUMB_TRANSPORT_REGISTRY_FOR_TEST_H_
#define PLUMB_TRANSPORT_REGISTRY_FOR_TEST_H_

#include "transport/registry.h"

namespace plumb {

Registry RegistryForTest();

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_REGISTRY_FOR_TEST_H_
