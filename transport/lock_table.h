// One of a few locks for each address, for objects of which there are very many
// and whose lock is rarely wanted by two at once: absl::Mutex is 8 bytes, but
// in builds that detect deadlocks it takes half a KiB more.
//
// No two locks of the table are ever held at once.
//
// Threads: any.
#ifndef PLUMB_TRANSPORT_LOCK_TABLE_H_
#define PLUMB_TRANSPORT_LOCK_TABLE_H_

#include "absl/synchronization/mutex.h"

namespace plumb {

absl::Mutex& LockFor(const void* object);

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_LOCK_TABLE_H_
