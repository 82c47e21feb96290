#include "backends/all.h"

#include <cassert>

#include "backends/fake/fake.h"
#include "backends/ip/ip.h"
#include "backends/tcp/tcp.h"
#include "backends/udp/udp.h"
#include "backends/unix/unix.h"

namespace plumb {

absl::Status RegisterAll(Registry& registry) {
  absl::Status status = RegisterTcp(registry);
  if (status.ok()) status = RegisterUdp(registry);
  if (status.ok()) status = RegisterUnix(registry);
  if (status.ok()) status = RegisterIp(registry);
  if (status.ok()) status = RegisterFake(registry);
  return status;
}

Registry& DefaultRegistry() {
  static Registry* const registry = [] {
    auto* const made = new Registry;
    const absl::Status status = RegisterAll(*made);
    assert(status.ok());
    (void)status;
    return made;
  }();
  return *registry;
}

absl::StatusOr<std::unique_ptr<Conn>> Dial(absl::string_view network,
                                           absl::string_view address,
                                           const DialOptions& options) {
  return DefaultRegistry().Dial(network, address, options);
}

absl::StatusOr<std::unique_ptr<Listener>> Listen(absl::string_view network,
                                                 absl::string_view address,
                                                 const ListenOptions& options) {
  return DefaultRegistry().Listen(network, address, options);
}

absl::StatusOr<std::unique_ptr<PacketConn>> ListenPacket(
    absl::string_view network, absl::string_view address,
    const ListenOptions& options) {
  return DefaultRegistry().ListenPacket(network, address, options);
}

}  // namespace plumb
