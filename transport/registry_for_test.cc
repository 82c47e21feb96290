#include "transport/registry_for_test.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "transport/error.h"
#include "transport/transport.h"

namespace plumb {
namespace {

absl::Status NoSocketsError(absl::string_view op, absl::string_view network,
                            absl::string_view address) {
  ErrorInfo info;
  info.op = std::string(op);
  info.network = std::string(network);
  info.detail = std::string(address);
  return OpError(
      absl::StatusCode::kFailedPrecondition, std::move(info),
      absl::StrCat("no real sockets in unit tests (address \"", address,
                   "\"); put a fake there with Registry::Register or Replace"));
}

class NoSockets : public Transport {
 public:
  absl::StatusOr<std::unique_ptr<Conn>> Dial(absl::string_view network,
                                             absl::string_view address,
                                             const DialOptions&) override {
    return NoSocketsError("dial", network, address);
  }
  absl::StatusOr<std::unique_ptr<Listener>> Listen(
      absl::string_view network, absl::string_view address,
      const ListenOptions&) override {
    return NoSocketsError("listen", network, address);
  }
  absl::StatusOr<std::unique_ptr<PacketConn>> ListenPacket(
      absl::string_view network, absl::string_view address,
      const ListenOptions&) override {
    return NoSocketsError("listen", network, address);
  }
};

}  // namespace

Registry RegistryForTest() {
  const auto no_sockets = std::make_shared<NoSockets>();
  Registry registry;
  for (const char* name : {"tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "ip",
                           "ip4", "ip6", "unix", "unixgram", "unixpacket"}) {
    // Cannot fail: the names are well formed.
    registry.RegisterFallback(name, no_sockets).IgnoreError();
  }
  return registry;
}

}  // namespace plumb
