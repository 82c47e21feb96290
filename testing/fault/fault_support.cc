#include "testing/fault/fault_support.h"

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"

namespace plumb {
namespace {

constexpr FaultNetwork kFakeNetworks[] = {
    FaultNetwork::kTcp, FaultNetwork::kUdp, FaultNetwork::kUnix};
constexpr FaultNetwork kUnixNetworks[] = {
    FaultNetwork::kUnix, FaultNetwork::kUnixgram, FaultNetwork::kUnixpacket};

absl::string_view WhyNotOnFake(const FaultSpec& spec, FaultNetwork network) {
  if (spec.action == FaultAction::kFailDial) {
    if (network != FaultNetwork::kTcp) return "no packet opens a connection";
    if (spec.dial == DialFault::kHang || spec.dial == DialFault::kNoSuchHost) {
      return "a packet can make a dial fail with REFUSED and TIMEOUT only";
    }
    return absl::string_view();
  }
  if (!spec.Has(FaultOperation::kPacket)) {
    return "packets are judged there, and not calls";
  }
  return absl::string_view();
}

// A decorator carries what is written, and its end.
bool IsOfAHandshake(FaultSegment segment) {
  return segment == FaultSegment::kOpen || segment == FaultSegment::kAnswer ||
         segment == FaultSegment::kAbort;
}

absl::string_view WhyNotOnCalls(const FaultSpec& spec, FaultNetwork network) {
  if (spec.Has(FaultOperation::kPacket) && IsOfAHandshake(spec.segment)) {
    return "calls carry segments of DATA and END only";
  }
  switch (spec.action) {
    case FaultAction::kLoss:
    case FaultAction::kDuplicate:
    case FaultAction::kReorder:
      return IsStream(network) ? "the kernel's stream would not be one"
                               : absl::string_view();
    case FaultAction::kChunk:
      return IsStream(network) ? absl::string_view()
                               : "a message is not read in pieces";
    case FaultAction::kReset:
      return network == FaultNetwork::kTcp || network == FaultNetwork::kUdp
                 ? absl::string_view()
                 : "no call resets the other end of a unix socket";
    default:
      return absl::string_view();
  }
}

// Only who listens accepts.
bool IsNeverCalled(const FaultSpec& spec, FaultNetwork network) {
  return spec.operations == FaultSpec::Bit(FaultOperation::kAccept) &&
         network == FaultNetwork::kUnixgram;
}

}  // namespace

bool IsOnFake(const FaultSetting& setting) {
  return absl::c_linear_search(setting.targets, FaultTarget::kFake);
}

bool TakesAnyHost(const FaultSetting& setting) {
  if (setting.any_host) return true;
  return setting.hosts.empty() && !IsOnFake(setting);
}

absl::Span<const FaultNetwork> NetworksOf(FaultTarget target) {
  static constexpr FaultNetwork kTcp[] = {FaultNetwork::kTcp};
  static constexpr FaultNetwork kUdp[] = {FaultNetwork::kUdp};
  switch (target) {
    case FaultTarget::kFake:
      return kFakeNetworks;
    case FaultTarget::kTcp:
      return kTcp;
    case FaultTarget::kUdp:
      return kUdp;
    case FaultTarget::kUnix:
      return kUnixNetworks;
  }
  return {};
}

absl::string_view WhyUnsupported(const FaultSpec& spec, FaultTarget target,
                                 FaultNetwork network) {
  return target == FaultTarget::kFake ? WhyNotOnFake(spec, network)
                                      : WhyNotOnCalls(spec, network);
}

absl::Status CheckSupport(const FaultSpec& spec,
                          absl::Span<const FaultTarget> targets) {
  bool concerned = targets.empty();
  for (FaultTarget target : targets) {
    for (FaultNetwork network : NetworksOf(target)) {
      if (!spec.network.Includes(network)) continue;
      if (IsNeverCalled(spec, network)) continue;
      concerned = true;
      const absl::string_view why = WhyUnsupported(spec, target, network);
      if (why.empty()) continue;
      const bool fake = target == FaultTarget::kFake;
      return absl::UnimplementedError(absl::StrCat(
          FaultActionName(spec.action), ": not on ", FaultNetworkName(network),
          fake ? " of a fake network: " : ": ", why,
          spec.network.all() ? " (match.network says which it is for)" : ""));
    }
  }
  if (concerned) return absl::OkStatus();
  return absl::UnimplementedError(
      "match.network: nothing of that network is judged here");
}

}  // namespace plumb
