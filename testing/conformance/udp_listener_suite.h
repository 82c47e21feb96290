// The conformance suite of Listeners that make one Conn for each remote peer,
// as Listen("udp", ...) does, beside that of listener_suite.h.
// transport_backend.h says how to run it.
#ifndef PLUMB_TESTING_CONFORMANCE_UDP_LISTENER_SUITE_H_
#define PLUMB_TESTING_CONFORMANCE_UDP_LISTENER_SUITE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "testing/conformance/transport_backend.h"
#include "testing/conformance/transport_fixture.h"
#include "transport/listener.h"
#include "transport/scope.h"
#include "transport/udp_options.h"

namespace plumb {

class UdpListenerConformance : public TransportFixture {
 protected:
  template <typename Name>
  void Case();

  void TearDownCase() override { listener_ = nullptr; }

  // A Read that waits.
  struct Reader {
    absl::StatusOr<std::string> result;
    std::unique_ptr<Task> task;

    const absl::StatusOr<std::string>& Join() {
      task->Join();
      return result;
    }
  };

  // Listens with these limits.
  void Start(const UdpListenOptions& limits = UdpListenOptions());
  std::unique_ptr<Conn> Dial(absl::string_view first_write);
  // A peer that is accepted and has nothing queued.
  Ends Connected();

  Listener& listener() { return *listener_; }
  std::unique_ptr<Listener> TakeListener() { return std::move(listener_); }
  UdpListenerCounters Counters();

  std::unique_ptr<Reader> StartRead(Conn& conn);
  std::unique_ptr<Reader> StartRead(Conn& conn, CancelSource stop);

 private:
  std::unique_ptr<Listener> listener_;
};

}  // namespace plumb

#define PLUMB_INSTANTIATE_UDP_LISTENER_CONFORMANCE(Name, backend)              \
  PLUMB_INSTANTIATE_SUITE_ON_TRANSPORT_(UdpListenerConformance, Name, backend, \
                                        ::plumb::Kind::kUdpListener)

#endif  // PLUMB_TESTING_CONFORMANCE_UDP_LISTENER_SUITE_H_
