// The networks that fault rules tell apart, and which of them a rule is about.
//
// Threads: values.
#ifndef PLUMB_TESTING_FAULT_FAULT_NETWORK_H_
#define PLUMB_TESTING_FAULT_FAULT_NETWORK_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "transport/addr.h"
#include "transport/network_name.h"

namespace plumb {

// "fake" is kTcp, and "fakegram" kUdp.
enum class FaultNetwork : uint8_t { kTcp, kUdp, kUnix, kUnixgram, kUnixpacket };
const char* FaultNetworkName(FaultNetwork network);

// Streams; the others carry messages.
bool IsStream(FaultNetwork network);

// The network of a name that Dial or Listen takes. Errors: InvalidArgument,
// `unknown network "tpc"`.
absl::StatusOr<FaultNetwork> FaultNetworkOf(absl::string_view name);

class NetworkPattern {
 public:
  // All.
  NetworkPattern() = default;

  // "" is all; a name as for FaultNetworkOf, whose 4 or 6 counts. Errors as
  // there.
  static absl::StatusOr<NetworkPattern> Parse(absl::string_view name);

  // An end without an IP address is of either family.
  bool Matches(FaultNetwork network, const Addr& addr) const {
    return Includes(network) &&
           (family_ == AddressFamily::kAny || !addr.is_ip() ||
            MatchesFamily(family_, addr.ip()));
  }

  // Some of `network` matches.
  bool Includes(FaultNetwork network) const {
    return all_ || network == network_;
  }
  bool Covers(const NetworkPattern& other) const {
    return all_ ||
           (!other.all_ && network_ == other.network_ &&
            (family_ == AddressFamily::kAny || family_ == other.family_));
  }
  // Something matches both.
  bool Meets(const NetworkPattern& other) const {
    return all_ || other.all_ ||
           (network_ == other.network_ &&
            (family_ == AddressFamily::kAny ||
             other.family_ == AddressFamily::kAny || family_ == other.family_));
  }
  bool all() const { return all_; }

  // Of these alone: no connection; messages; IP addresses; unix sockets.
  bool IsDatagrams() const {
    return !all_ && (network_ == FaultNetwork::kUdp ||
                     network_ == FaultNetwork::kUnixgram);
  }
  bool IsMessages() const { return !all_ && !IsStream(network_); }
  bool IsIp() const {
    return !all_ &&
           (network_ == FaultNetwork::kTcp || network_ == FaultNetwork::kUdp);
  }
  bool IsUnix() const { return !all_ && !IsIp(); }
  // Addresses of that family may match.
  bool TakesFamily(bool v4) const {
    return family_ == AddressFamily::kAny ||
           (family_ == AddressFamily::kV4) == v4;
  }

 private:
  bool all_ = true;
  FaultNetwork network_ = FaultNetwork::kTcp;
  AddressFamily family_ = AddressFamily::kAny;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_NETWORK_H_
