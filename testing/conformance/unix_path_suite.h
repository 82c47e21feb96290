// The conformance suite of unix networks: paths, abstract names, and what
// becomes of files. transport_backend.h says how to run it; `directory` must be
// set.
#ifndef PLUMB_TESTING_CONFORMANCE_UNIX_PATH_SUITE_H_
#define PLUMB_TESTING_CONFORMANCE_UNIX_PATH_SUITE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "testing/conformance/transport_backend.h"
#include "testing/conformance/transport_fixture.h"
#include "transport/addr.h"
#include "transport/unix_options.h"

namespace plumb {

class UnixPathConformance : public TransportFixture {
 protected:
  template <typename Name>
  void Case();

  // A Listener, or what there is in its place.
  struct Bound {
    absl::Status status;
    std::unique_ptr<Listener> listener;
    std::unique_ptr<PacketConn> packets;

    Addr address() const {
      return listener != nullptr ? listener->Address() : packets->LocalAddr();
    }
    absl::Status Close() {
      return listener != nullptr ? listener->Close() : packets->Close();
    }
  };
  Bound Bind(absl::string_view name,
             const UnixListenOptions& options = UnixListenOptions());

  // A path of no file: another one with each call.
  std::string NewPath() const;
  Addr Named(absl::string_view name) const;
};

}  // namespace plumb

#define PLUMB_INSTANTIATE_UNIX_PATH_CONFORMANCE(Name, backend)              \
  PLUMB_INSTANTIATE_SUITE_ON_TRANSPORT_(UnixPathConformance, Name, backend, \
                                        ::plumb::Kind::kUnixPaths)

#endif  // PLUMB_TESTING_CONFORMANCE_UNIX_PATH_SUITE_H_
