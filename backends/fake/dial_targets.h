// What the dials of tcp and udp on a fake network have in common: where to,
// where from, and for how long.
#ifndef PLUMB_BACKENDS_FAKE_DIAL_TARGETS_H_
#define PLUMB_BACKENDS_FAKE_DIAL_TARGETS_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "backends/fake/address_set.h"
#include "backends/fake/listen_queue.h"
#include "backends/fake/network_state.h"
#include "transport/addr.h"
#include "transport/error.h"
#include "transport/options.h"

namespace plumb {

// Where a socket that dials is bound at first, and the address that it sends
// from: another one when it is bound to a wildcard, a group or a broadcast.
struct DialSource {
  AddressSet bound = AddressSet::AnyV4();
  IpPort ip_port;
};

struct DialTargets {
  std::vector<IpPort> to;      // as asked for, at least one, in the order in
                               // which to try
  std::optional<IpPort> from;  // DialOptions::local_address

  // Errors are causes.
  static absl::StatusOr<DialTargets> Resolve(const HostRef& host,
                                             absl::string_view network,
                                             absl::string_view address,
                                             const DialOptions& options);

  // Where `target` leads: a wildcard or no host is this host.
  IpPort Destination(absl::string_view network, const IpPort& target) const;

  // Of the errors of a try of `target`.
  ErrorInfo Info(absl::string_view network, const IpPort& target) const;

  // From where on `host` to dial `target`, a destination. Errors: why that
  // cannot be bound, complete with `info`.
  absl::StatusOr<DialSource> SourceFor(const HostRef& host,
                                       absl::string_view network,
                                       SocketKind kind, const IpPort& target,
                                       const ErrorInfo& info) const;
};

// When a Dial with `options` that begins now is over.
absl::Time DialDeadline(Clock& clock, const DialOptions& options);

// The state of one try of it.
std::shared_ptr<Dialing> StartDialing(Clock& clock, absl::Time deadline);

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_DIAL_TARGETS_H_
