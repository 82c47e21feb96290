#include "transport/lock_table.h"

#include <cstdint>

namespace plumb {

SystemMutex& LockFor(const void* object) {
  static SystemMutex* const locks = new SystemMutex[64];
  // Fibonacci hashing: the low bits of addresses are all alike.
  const uint64_t hash =
      reinterpret_cast<uintptr_t>(object) * uint64_t{0x9e3779b97f4a7c15};
  return locks[hash >> 58];
}

}  // namespace plumb
