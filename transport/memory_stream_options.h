// What a stream in memory is made with, and what can be seen of it
// (memory_stream.h).
#ifndef PLUMB_TRANSPORT_MEMORY_STREAM_OPTIONS_H_
#define PLUMB_TRANSPORT_MEMORY_STREAM_OPTIONS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "transport/call.h"
#include "transport/clock.h"
#include "transport/stream_link.h"

namespace plumb {

// Whose ways the pair has where they differ:
//
//                                          kPipe     kUnix        kTcp
//   peer closed with unread data, Read     end       reset, end   reset, end
//   the same, Write                        EPIPE     EPIPE        reset, EPIPE
//   peer closed, first Write               EPIPE     EPIPE        lost, OK
//   peer's CloseRead, Write                EPIPE     EPIPE        goes on
//   the same after its CloseWrite          EPIPE     EPIPE        lost, reset
//   CloseWrite when reset                  OK        OK           ENOTCONN
//
// ("reset" is ECONNRESET, told once by whichever call is first.)
enum class StreamKind : uint8_t { kPipe, kUnix, kTcp };

// One end. What can wait to be read at an end is the sum of its own receive
// buffer and of the peer's send buffer.
struct StreamEndOptions {
  std::shared_ptr<const CallNames> names;  // of its errors
  size_t send_buffer = 0;                  // bytes
  size_t receive_buffer = 64 * 1024;       // bytes
};

struct MemoryStreamOptions {
  StreamKind kind = StreamKind::kPipe;
  std::array<StreamEndOptions, 2> ends;
  Clock* clock = &Clock::Real();
  std::shared_ptr<StreamLink> link;  // null: nothing is between the ends
};

enum class StreamClose : uint8_t {
  kGraceful,  // the peer reads what was written, then the end
  kReset,     // the peer reads what was written, then a reset
};

// What can be seen of an end without waiting.
struct StreamStatus {
  size_t unread = 0;      // bytes to be read here
  size_t in_flight = 0;   // bytes sent from here that are not at the peer
  bool readable = false;  // a Read would not wait
  bool sent_end = false;
  bool end_arrived = false;  // the same, at the peer
  bool got_end = false;
  bool ended_first = false;  // sent_end before the peer's end came
  bool was_reset = false;    // by the peer
  bool sent_reset = false;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_MEMORY_STREAM_OPTIONS_H_
