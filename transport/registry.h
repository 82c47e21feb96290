// A Registry is a Transport that picks another Transport by the network's name,
// up to a ':' ("ip4:icmp" goes to "ip4").
//
//   plumb::Registry registry;
//   RETURN_IF_ERROR(plumb::RegisterTcp(registry));
//   RETURN_IF_ERROR(registry.Register("vsock", MakeVsock()));
//   auto conn = registry.Dial("tcp", "localhost:80");
//
// An ordinary object: there is no global one here (backends/all.h has one).
// In a test, copy it and replace names:
//
//   plumb::Registry registry = production.Copy();
//   RETURN_IF_ERROR(registry.Replace("tcp", fake_host));
//
// Threads: any method at any time. A Transport that is replaced lives until the
// calls inside it have returned.
//
// Errors: a duplicate name is AlreadyExists, `register tcp: network already
// registered`; an unknown one is InvalidArgument, `dial foo: unknown network
// foo`, with the known names in ErrorInfo::detail ("tcp, udp").
#ifndef PLUMB_TRANSPORT_REGISTRY_H_
#define PLUMB_TRANSPORT_REGISTRY_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "transport/transport.h"

namespace plumb {

class Registry : public Transport {
 public:
  Registry() = default;
  Registry(Registry&& other) noexcept;

  // `name` has no ':' and is not empty: otherwise, and for a null `transport`,
  // InvalidArgument.
  absl::Status Register(absl::string_view name,
                        std::shared_ptr<Transport> transport);

  // Registers `transport`, whether or not `name` is taken.
  absl::Status Replace(absl::string_view name,
                       std::shared_ptr<Transport> transport);

  // `transport` stands in for `name` for as long as nobody has registered that:
  // Register finds the name free, and Names does not list it. With it a program
  // says in its own words what is missing (registry_for_test.h).
  absl::Status RegisterFallback(absl::string_view name,
                                std::shared_ptr<Transport> transport);

  // A registry of the same names and Transports. What is registered in one
  // later does not show in the other.
  Registry Copy() const;

  // The registered names in order.
  std::vector<std::string> Names() const;

  using Transport::Dial;
  using Transport::Listen;
  using Transport::ListenPacket;
  absl::StatusOr<std::unique_ptr<Conn>> Dial(
      absl::string_view network, absl::string_view address,
      const DialOptions& options) override;
  absl::StatusOr<std::unique_ptr<Listener>> Listen(
      absl::string_view network, absl::string_view address,
      const ListenOptions& options) override;
  absl::StatusOr<std::unique_ptr<PacketConn>> ListenPacket(
      absl::string_view network, absl::string_view address,
      const ListenOptions& options) override;

 private:
  using Map = std::map<std::string, std::shared_ptr<Transport>, std::less<>>;

  // The Transport of `network`, or the error of `op`.
  absl::StatusOr<std::shared_ptr<Transport>> Find(
      absl::string_view op, absl::string_view network) const;

  mutable absl::Mutex mutex_;
  Map transports_ ABSL_GUARDED_BY(mutex_);
  Map fallbacks_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_REGISTRY_H_
