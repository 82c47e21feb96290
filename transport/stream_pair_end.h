// What a stream in memory keeps of one of its ends. For stream_pair.h.
//
// Threads: a CallState looks after itself; the rest is guarded by the mutex of
// the pair.
#ifndef PLUMB_TRANSPORT_STREAM_PAIR_END_H_
#define PLUMB_TRANSPORT_STREAM_PAIR_END_H_

#include <cstddef>
#include <utility>

#include "absl/strings/string_view.h"
#include "transport/byte_queue.h"
#include "transport/call.h"
#include "transport/error.h"
#include "transport/memory_stream_options.h"
#include "transport/stream_sleeper.h"

namespace plumb {

struct StreamPairEnd {
  StreamPairEnd(const MemoryStreamOptions& options, int side)
      : state(*options.clock, options.ends[side].names),
        in(options.ends[side].receive_buffer +
           options.ends[1 - side].send_buffer),
        send_buffer(options.ends[side].send_buffer),
        kind(options.kind) {}

  ErrorInfo Info(absl::string_view op) const {
    return NamedInfo(op, state.names().get());
  }

  // As Go has it: this end alone.
  ErrorInfo SetInfo() const {
    ErrorInfo info = Info("set");
    info.addr = std::exchange(info.source, Addr());
    return info;
  }

  CallState state;

  ByteQueue in;                      // what can be read here
  StreamSleeper* sleeper = nullptr;  // who waits for it without a Call
  size_t in_flight = 0;              // sent from here, and not at the peer yet
  size_t send_buffer;         // the rest of what `in` holds is the peer's
  int error = 0;              // to be told once
  const StreamKind kind;      // the pair's, where there is room for it
  bool reader_waits = false;  // for `in` to be not empty; has made a Call
  bool writer_waits = false;  // for room in `in`; the peer's
  bool closing = false;       // nothing is lent or taken any more
  bool closed = false;
  bool sent_end = false;      // no more comes from here
  bool got_end = false;       // the peer's sent_end has arrived
  bool stopped_read = false;  // CloseRead
  bool ended_first = false;   // sent_end before got_end
  bool was_reset = false;     // by the peer
  bool sent_reset = false;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_STREAM_PAIR_END_H_
