// Tells a Capture which datagrams one socket sends and receives: udp, unixgram
// and raw IP.
//
// Threads: any method at any time.
#ifndef PLUMB_TESTING_CAPTURE_DATAGRAM_TRACER_H_
#define PLUMB_TESTING_CAPTURE_DATAGRAM_TRACER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "testing/capture/capture_state.h"
#include "testing/capture/packet_store.h"
#include "transport/addr.h"

namespace plumb {

class DatagramTracer {
 public:
  // `protocol` is that of a raw IP network.
  DatagramTracer(std::shared_ptr<CaptureState> state, HostId host, Addr local,
                 std::optional<uint8_t> protocol)
      : state_(std::move(state)),
        host_(host),
        local_(std::move(local)),
        protocol_(protocol) {}

  void Sent(const Addr& to, absl::string_view data);
  // `full_size` is more than that of `data` when the datagram was cut.
  void Received(const Addr& from, absl::string_view data, size_t full_size);
  // A call with `remote` failed.
  void Failed(const Addr& remote, const absl::Status& status);

 private:
  void Add(const Addr& from, const Addr& to, absl::string_view data,
           const Sight& sight) ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_->mutex);
  // This socket's address, as a datagram to or from `remote` has it.
  Addr LocalFor(const Addr& remote) const;

  const std::shared_ptr<CaptureState> state_;
  const HostId host_;
  const Addr local_;
  const std::optional<uint8_t> protocol_;
  std::string packet_ ABSL_GUARDED_BY(state_->mutex);  // kept for its memory
};

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_DATAGRAM_TRACER_H_
