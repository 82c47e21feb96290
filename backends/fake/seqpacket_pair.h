// What the two ends of a unixpacket connection in memory share.
//
// Threads: any at any time, with the mutex but for RunTap.
#ifndef PLUMB_BACKENDS_FAKE_SEQPACKET_PAIR_H_
#define PLUMB_BACKENDS_FAKE_SEQPACKET_PAIR_H_

#include <array>
#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "backends/fake/datagram_sink.h"
#include "backends/fake/lease.h"
#include "backends/fake/network_state.h"
#include "backends/fake/seqpacket_tap.h"
#include "transport/call.h"
#include "transport/clock.h"
#include "transport/system_mutex.h"

namespace plumb {

// What one end is made with.
struct SeqpacketEnd {
  std::shared_ptr<const CallNames> names;
  size_t send_buffer;  // what it may have sent that is not read yet, in bytes
  Lease lease;         // held until Close
};

// What of one end both ends see. The pair's mutex guards all but the state.
struct SeqpacketState {
  SeqpacketState(Clock& clock, const SeqpacketEnd& options)
      : state(clock, options.names), send_buffer(options.send_buffer) {}

  CallState state;
  size_t send_buffer;
  std::deque<Datagram> queue;  // to be read here
  size_t queued_bytes = 0;
  bool closed = false;
  bool sent_end = false;
  bool stopped_read = false;
  int error = 0;  // to be told once
};

struct SeqpacketPair {
  SeqpacketPair(Clock& clock, const SeqpacketEnd& near, const SeqpacketEnd& far,
                std::unique_ptr<SeqpacketTap> one_who_looks_on)
      : ends{{{clock, near}, {clock, far}}}, tap(std::move(one_who_looks_on)) {}

  int side_of(const SeqpacketState& end) const {
    return &end == &ends[0] ? 0 : 1;
  }
  // For who looks on: what `end` sends; that it ends, or resets, before that
  // shows in it.
  void NoteMessage(const SeqpacketState& end, absl::string_view message)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (tap != nullptr) tap->Data(side_of(end), message);
  }
  void NoteEnd(const SeqpacketState& end, bool reset)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (tap == nullptr) return;
    if (reset) {
      tap->Reset(side_of(end));
    } else if (!end.sent_end) {
      tap->End(side_of(end));
    }
  }
  // Tells them. Without the mutex.
  void RunTap() {
    if (tap != nullptr) tap->Run();
  }

  SystemMutex mutex;
  std::array<SeqpacketState, 2> ends;
  const std::unique_ptr<SeqpacketTap> tap;  // null: nobody looks on
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_SEQPACKET_PAIR_H_
