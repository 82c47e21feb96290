// The conformance suite of Transport: Dial, and the errors of all three
// methods. transport_backend.h says how to run it.
#ifndef PLUMB_TESTING_CONFORMANCE_TRANSPORT_SUITE_H_
#define PLUMB_TESTING_CONFORMANCE_TRANSPORT_SUITE_H_

#include <memory>
#include <string>

#include "testing/conformance/transport_backend.h"
#include "testing/conformance/transport_fixture.h"
#include "transport/addr.h"
#include "transport/listener.h"
#include "transport/packet_conn.h"

namespace plumb {

class TransportConformance : public TransportFixture {
 protected:
  template <typename Name>
  void Case();

  // Something that can be dialled.
  struct Target {
    std::unique_ptr<Listener> listener;
    std::unique_ptr<PacketConn> packets;

    Addr address() const {
      return listener != nullptr ? listener->Address() : packets->LocalAddr();
    }
  };
  Target MakeTarget() {
    Target target;
    if (backend().listens) {
      target.listener = Listen();
    } else {
      target.packets = ListenPacket();
    }
    return target;
  }
  // One that is gone again.
  Addr NobodysAddress() { return MakeTarget().address(); }

  // Of "dial", with the cause, for what a Dial of `addr` failed with.
  ::testing::AssertionResult FailsToDial(const absl::Status& status,
                                         const Addr& addr,
                                         absl::StatusCode code,
                                         absl::string_view cause) const {
    return HasError(status, code, "dial", Addr(), addr, cause);
  }
};

}  // namespace plumb

#define PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Name, backend)               \
  PLUMB_INSTANTIATE_SUITE_ON_TRANSPORT_(TransportConformance, Name, backend, \
                                        ::plumb::Kind::kTransport)

#endif  // PLUMB_TESTING_CONFORMANCE_TRANSPORT_SUITE_H_
