// What a Capture shares with the Conns and Listeners that it sees, which may
// outlive it.
#ifndef PLUMB_TESTING_CAPTURE_CAPTURE_STATE_H_
#define PLUMB_TESTING_CAPTURE_CAPTURE_STATE_H_

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "testing/capture/capture_options.h"
#include "testing/capture/datagram_matcher.h"
#include "testing/capture/packet_store.h"
#include "testing/capture/stream_table.h"
#include "transport/system_mutex.h"

namespace plumb {

struct CaptureState {
  explicit CaptureState(const CaptureOptions& options)
      : clock(*options.clock),
        store(options.max_bytes),
        streams(store, options.tcp_mss) {}

  // Never under the mutex: the clock may be anybody's.
  int64_t Now() const { return absl::ToUnixNanos(clock.TimeNow()); }

  Clock& clock;
  SystemMutex mutex;
  PacketStore store ABSL_GUARDED_BY(mutex);
  StreamTable streams ABSL_GUARDED_BY(mutex);
  DatagramMatcher datagrams ABSL_GUARDED_BY(mutex);
};

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_CAPTURE_STATE_H_
