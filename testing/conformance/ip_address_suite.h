// The conformance suite of networks with IP addresses and ports that have the
// three names "tcp", "tcp4" and "tcp6", or one that takes both families.
// transport_backend.h says how to run it; `network` is the name without a
// number.
#ifndef PLUMB_TESTING_CONFORMANCE_IP_ADDRESS_SUITE_H_
#define PLUMB_TESTING_CONFORMANCE_IP_ADDRESS_SUITE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "testing/conformance/transport_backend.h"
#include "testing/conformance/transport_fixture.h"
#include "transport/addr.h"

namespace plumb {

class IpAddressConformance : public TransportFixture {
 protected:
  template <typename Name>
  void Case();

  // "tcp4" for "4".
  std::string Named(absl::string_view family) const {
    return absl::StrCat(network(), family);
  }

  // That `address` cannot be bound, by a Listen or ListenPacket, or by a Dial
  // from there.
  void CannotListen(const std::string& address, absl::StatusCode code,
                    absl::string_view cause);
  void CannotDialFrom(const std::string& address, absl::StatusCode code,
                      absl::string_view cause);
};

}  // namespace plumb

#define PLUMB_INSTANTIATE_IP_ADDRESS_CONFORMANCE(Name, backend)              \
  PLUMB_INSTANTIATE_SUITE_ON_TRANSPORT_(IpAddressConformance, Name, backend, \
                                        ::plumb::Kind::kIpAddresses)

#endif  // PLUMB_TESTING_CONFORMANCE_IP_ADDRESS_SUITE_H_
