// Counts a test's calls of epoll_wait(2). Linking it is what counts them.
//
// Threads: any.
#ifndef PLUMB_TRANSPORT_FIBER_EPOLL_WAITS_FOR_TEST_H_
#define PLUMB_TRANSPORT_FIBER_EPOLL_WAITS_FOR_TEST_H_

#include <atomic>

namespace plumb {

// Those that only look, and those that wait for an event.
extern std::atomic<int> epoll_looks;
extern std::atomic<int> epoll_waits;

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_EPOLL_WAITS_FOR_TEST_H_
