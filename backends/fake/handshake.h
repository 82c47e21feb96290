// The opening of a tcp connection on a fake network that has a Wire: SYN,
// SYN-ACK and ACK are packets, and a SYN that nobody answers is repeated.
//
// Threads: Run, who dials, once.
#ifndef PLUMB_BACKENDS_FAKE_HANDSHAKE_H_
#define PLUMB_BACKENDS_FAKE_HANDSHAKE_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "backends/fake/listen_queue.h"
#include "backends/fake/packet.h"
#include "backends/fake/shown_row.h"
#include "backends/fake/wire.h"
#include "backends/fake/wire_link.h"
#include "transport/call.h"
#include "transport/clock.h"
#include "transport/error.h"
#include "transport/system_mutex.h"

namespace plumb {

// When a SYN is given up that was first sent at `start`: 131 s later, after 10
// repetitions.
MonotonicNanos GiveUpSyn(MonotonicNanos start);

class Handshake final : public std::enable_shared_from_this<Handshake> {
 public:
  struct Steps {
    // Who listens there now; null for nobody.
    std::function<std::shared_ptr<ListenQueue>()> find;
    // Of the ends that are made for it.
    std::function<size_t(const ListenQueue&)> receive_buffer;
    // Shows, as long as it is there, that the far end has answered.
    std::function<std::shared_ptr<ShownRow>(const ListenQueue&)> answer;
    // Makes the two ends, and leaves the far one with the queue.
    std::function<Dialing::Result(ListenQueue&)> connect;
  };

  Handshake(std::shared_ptr<Wire> wire, std::shared_ptr<WireLink> link,
            std::shared_ptr<Dialing> dialing, Steps steps)
      : wire_(std::move(wire)),
        link_(std::move(link)),
        dialing_(std::move(dialing)),
        steps_(std::move(steps)) {}

  // Suspends `call`, which is on the dialing's state, until it is decided.
  // `info` is of the errors.
  absl::Status Run(Call& call, const ErrorInfo& info);

 private:
  // What its packets go to; a dial that is over does not hold up the Wire.
  class Arrival;

  std::shared_ptr<Wire::Target> MakeArrival();
  absl::string_view LandSyn();
  absl::string_view LandSynAck();
  Dialing::Result result();
  void ShowAnswer();
  void HideAnswer();
  // A policy lost a packet: who is to blame when no other comes through.
  void Lose(absl::string_view rule);
  void Finish(Dialing::Result result, absl::string_view rule);

  const std::shared_ptr<Wire> wire_;
  const std::shared_ptr<WireLink> link_;
  const std::shared_ptr<Dialing> dialing_;
  Steps steps_;
  std::shared_ptr<ListenQueue> queue_;  // the Wire guards it

  SystemMutex mutex_;
  std::shared_ptr<ShownRow> answer_ ABSL_GUARDED_BY(mutex_);
  Dialing::Result result_ ABSL_GUARDED_BY(mutex_) = Dialing::kWaiting;
  std::string rule_ ABSL_GUARDED_BY(mutex_);
  bool abandoned_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_HANDSHAKE_H_
