// The two halves of a connection, each with its own deadline and its own turn.
#ifndef PLUMB_TRANSPORT_DIRECTION_H_
#define PLUMB_TRANSPORT_DIRECTION_H_

#include <cstdint>

namespace plumb {

enum class Direction : uint8_t {
  kRead,   // Read, WaitReadable, Accept, ReadBatch
  kWrite,  // Write, WriteBatch
  kBoth,   // for SetDeadline
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_DIRECTION_H_
