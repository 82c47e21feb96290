// What a Dial of any IP network does besides making its kind of socket: resolve
// the address and the local one, try one target after the other within the
// limits, and name what comes out.
//
//   IpDialer dialer(clock, network, "udp", options);
//   return dialer.Dial(address, [&](const IpPort& target, MonotonicNanos
//   deadline)
//   {
//     ... MakeIpSocket, dialer.BindLocal, dialer.Connect ...
//   });
//
// Unstable: for backends; it may change with any release.
//
// Threads: one at a time; Dial suspends the caller.
#ifndef PLUMB_BACKENDS_POSIX_IP_DIALER_H_
#define PLUMB_BACKENDS_POSIX_IP_DIALER_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "backends/posix/connector.h"
#include "transport/addr.h"
#include "transport/call.h"
#include "transport/clock.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/ip_addr.h"
#include "transport/options.h"

namespace plumb {

class IpDialer {
 public:
  // Makes a Conn to one target by `deadline`.
  using DialOne = absl::FunctionRef<absl::StatusOr<std::unique_ptr<Conn>>(
      const IpPort& target, MonotonicNanos deadline)>;

  // `addr_network`, a literal, is what the Addrs say, and the network without a
  // family: "udp" of "udp6". The timeout begins now.
  IpDialer(Clock& clock, absl::string_view network, const char* addr_network,
           const DialOptions& options);

  // The first Conn that can be had. When there is none, the first target's
  // error; all of them complete.
  absl::StatusOr<std::unique_ptr<Conn>> Dial(absl::string_view address,
                                             DialOne dial_one);

  // For DialOne:

  // Where to dial from; an invalid IP for anywhere.
  IpAddr local_ip() const { return local_ ? local_->ip : IpAddr(); }
  std::optional<IpPort> local() const { return local_; }
  // Binds `fd` to the local address, if one was asked for. The error is a
  // cause.
  absl::Status BindLocal(int fd, int family) const;
  // The error is complete.
  absl::Status Connect(int fd, int family, const IpPort& target,
                       MonotonicNanos deadline) const;
  // Both ends of the connected `fd`, as the kernel has them.
  std::shared_ptr<CallNames> NamesOf(int fd, const IpPort& target) const;
  // Of an error with `target`.
  ErrorInfo InfoOf(const IpPort& target) const;

 private:
  absl::Status Resolve(absl::string_view address);
  Addr ToAddr(const IpPort& place) const;

  const std::string network_;
  const char* const addr_network_;
  const Connector connector_;
  const std::optional<std::string> local_address_;
  std::vector<IpPort> targets_;
  std::optional<IpPort> local_;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_POSIX_IP_DIALER_H_
