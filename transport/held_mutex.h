// Tells in debug builds (without NDEBUG) of a Mutex (mutex.h) that is held
// while its owner is suspended. In others all of it is nothing. What is brief
// is not told of: a Yield, the wait for another Mutex, and that of a Close for
// the calls that it ends.
//
// For those who write blocking primitives.
#ifndef PLUMB_TRANSPORT_HELD_MUTEX_H_
#define PLUMB_TRANSPORT_HELD_MUTEX_H_

#include "transport/waiter.h"

namespace plumb {

#ifdef NDEBUG

inline void CountHeldMutexes(int change) {}
inline void ReportHeldMutex(const Waiter& waiter) {}

#else

// The calling thread or fiber holds `change` more.
void CountHeldMutexes(int change);

// Says on stderr where the owner of `waiter`, the caller, is about to be
// suspended and how it is called, if it holds a Mutex; once for each place.
void ReportHeldMutex(const Waiter& waiter);

#endif

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_HELD_MUTEX_H_
