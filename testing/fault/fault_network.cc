#include "testing/fault/fault_network.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace plumb {
namespace {

struct Named {
  const char* name;
  FaultNetwork network;
};

constexpr Named kNetworks[] = {
    {"tcp", FaultNetwork::kTcp},
    {"udp", FaultNetwork::kUdp},
    {"unix", FaultNetwork::kUnix},
    {"unixgram", FaultNetwork::kUnixgram},
    {"unixpacket", FaultNetwork::kUnixpacket},
    {"fake", FaultNetwork::kTcp},
    {"fakegram", FaultNetwork::kUdp},
};

}  // namespace

const char* FaultNetworkName(FaultNetwork network) {
  for (const Named& one : kNetworks) {
    if (one.network == network) return one.name;
  }
  return "";
}

bool IsStream(FaultNetwork network) {
  return network == FaultNetwork::kTcp || network == FaultNetwork::kUnix;
}

absl::StatusOr<FaultNetwork> FaultNetworkOf(absl::string_view name) {
  const NetworkName parsed = ParseNetworkName(name);
  for (const Named& one : kNetworks) {
    const bool ip =
        one.network == FaultNetwork::kTcp || one.network == FaultNetwork::kUdp;
    if (!parsed.protocol.has_value() && (ip ? parsed.base : name) == one.name) {
      return one.network;
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("unknown network \"", name, "\""));
}

absl::StatusOr<NetworkPattern> NetworkPattern::Parse(absl::string_view name) {
  NetworkPattern pattern;
  if (name.empty()) return pattern;
  const absl::StatusOr<FaultNetwork> network = FaultNetworkOf(name);
  if (!network.ok()) return network.status();
  pattern.all_ = false;
  pattern.network_ = *network;
  pattern.family_ = ParseNetworkName(name).family;
  return pattern;
}

}  // namespace plumb
