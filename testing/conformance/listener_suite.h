// The conformance suite of Listener. transport_backend.h says how to run it.
#ifndef PLUMB_TESTING_CONFORMANCE_LISTENER_SUITE_H_
#define PLUMB_TESTING_CONFORMANCE_LISTENER_SUITE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "testing/conformance/transport_backend.h"
#include "testing/conformance/transport_fixture.h"
#include "transport/addr.h"
#include "transport/clock.h"
#include "transport/conn.h"
#include "transport/listener.h"
#include "transport/options.h"

namespace plumb {

class ListenerConformance : public TransportFixture {
 protected:
  template <typename Name>
  void Case();

  // A blocked Accept.
  struct Accepter {
    absl::StatusOr<std::unique_ptr<Conn>> result;
    std::unique_ptr<Task> task;

    const absl::Status& Join() {
      task->Join();
      return result.status();
    }
  };

  void SetUpCase() override;
  void TearDownCase() override { listener_ = nullptr; }
  // Listens again, on `clock`.
  void ListenOn(Clock& clock);
  void ListenOnManualClock() { ListenOn(manual_clock()); }

  Listener& listener() { return *listener_; }
  Addr address() const { return listener_->Address(); }
  std::unique_ptr<Listener> TakeListener() { return std::move(listener_); }

  // Starts an Accept, and waits until `count` wait in all.
  std::unique_ptr<Accepter> StartAccept(int count = 1);

 private:
  std::unique_ptr<Listener> listener_;
};

}  // namespace plumb

#define PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Name, backend)               \
  PLUMB_INSTANTIATE_SUITE_ON_TRANSPORT_(ListenerConformance, Name, backend, \
                                        ::plumb::Kind::kListener)

#endif  // PLUMB_TESTING_CONFORMANCE_LISTENER_SUITE_H_
