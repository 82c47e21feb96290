// The interfaces of a network of the test's own (private_network_for_test.h).
//
// Threads: the calling thread's network is meant. Errors: false, with errno.
#ifndef PLUMB_BACKENDS_IP_INTERFACE_FOR_TEST_H_
#define PLUMB_BACKENDS_IP_INTERFACE_FOR_TEST_H_

namespace plumb {

bool BringUp(const char* interface);

// Whether it can send: of a pair, both are up and the kernel has taken notice.
bool IsRunning(const char* interface);

// Of a network with `bits` bits.
bool SetIpv4Address(const char* interface, const char* address, int bits);

// One more, which it may have already. When this returns the address is usable;
// that takes a second where others are first asked whether it is theirs
// (accept_dad).
bool AddIpv6Address(const char* interface, const char* address, int bits);

// What is for no network that is known goes out there: with IPv4 all of it,
// with IPv6 multicast alone, which needs it on "lo".
bool RouteIpv4Through(const char* interface);
bool RouteIpv6MulticastThrough(const char* interface);

}  // namespace plumb

#endif  // PLUMB_BACKENDS_IP_INTERFACE_FOR_TEST_H_
