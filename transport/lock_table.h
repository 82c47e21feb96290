// One of a few locks for each address, for objects of which there are very many
// and whose lock is rarely wanted by two at once.
//
// No two locks of the table are ever held at once.
//
// Threads: any.
#ifndef PLUMB_TRANSPORT_LOCK_TABLE_H_
#define PLUMB_TRANSPORT_LOCK_TABLE_H_

#include "transport/system_mutex.h"

namespace plumb {

SystemMutex& LockFor(const void* object);

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_LOCK_TABLE_H_
