#include "testing/fault/fault_dial.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "testing/fault/fault_calls.h"
#include "testing/fault/fault_link.h"
#include "transport/call.h"
#include "transport/error.h"
#include "transport/host_port.h"
#include "transport/ip_addr.h"
#include "transport/port.h"

namespace plumb {
namespace {

// As long as Linux tries (tcp_syn_retries and tcp_syn_linear_timeouts).
constexpr absl::Duration kDialTimeout = absl::Seconds(131);

// One Dial that may wait.
class FaultedDial {
 public:
  FaultedDial(const FaultContext& context, FaultEnds ends,
              std::shared_ptr<const CallNames> names,
              const DialOptions& options)
      : context_(context),
        ends_(std::move(ends)),
        clock_(context.faults->clock()),
        state_(std::make_shared<CallState>(clock_, std::move(names))),
        link_(context.faults, ends_) {
    const absl::Time by_timeout = options.timeout == absl::InfiniteDuration()
                                      ? absl::InfiniteFuture()
                                      : clock_.TimeNow() + options.timeout;
    state_->SetDeadline(Direction::kWrite,
                        std::min(options.deadline, by_timeout));
  }

  absl::Status Run(const FaultCall& at_call);

 private:
  ErrorInfo Info() const { return NamedInfo("dial", state_->names().get()); }
  absl::Status Fail(Call& call, DialFault how, const std::string& rule);
  absl::Status AwaitWay(Call& call);

  const FaultContext& context_;
  const FaultEnds ends_;
  Clock& clock_;
  const std::shared_ptr<CallState> state_;
  FaultLink link_;
};

absl::Status FaultedDial::Run(const FaultCall& at_call) {
  Call call(*state_, Direction::kWrite, "dial");
  if (!call.ok()) return call.Error("dial");
  const FaultCallVerdict verdict = link_.AtCall(at_call, clock_.TimeNow());
  const std::string rule(verdict.rule);
  if (verdict.delay > absl::ZeroDuration() &&
      !PauseFor(call, clock_, verdict.delay)) {
    return call.Error("dial");
  }
  if (verdict.dial.has_value()) return Fail(call, *verdict.dial, rule);
  if (verdict.error != 0) {
    return InjectedError(Info(), "connect", verdict.error, rule);
  }
  const bool connects = ends_.network != FaultNetwork::kUdp &&
                        ends_.network != FaultNetwork::kUnixgram;
  return connects ? AwaitWay(call) : absl::OkStatus();
}

absl::Status FaultedDial::Fail(Call& call, DialFault how,
                               const std::string& rule) {
  switch (how) {
    case DialFault::kRefused:
      return InjectedError(Info(), "connect", ECONNREFUSED, rule);
    case DialFault::kTimeout:
      if (!PauseFor(call, clock_, kDialTimeout)) return call.Error("dial");
      return InjectedError(Info(), "connect", ETIMEDOUT, rule);
    case DialFault::kHang: {
      PauseFor(call, clock_, absl::InfiniteDuration());
      ErrorInfo info;
      info.injected_by = rule;
      return call.Error("dial", std::move(info));
    }
    case DialFault::kNoSuchHost:
      break;
  }
  const bool path = ends_.network != FaultNetwork::kTcp &&
                    ends_.network != FaultNetwork::kUdp;
  if (path) return InjectedError(Info(), "connect", ENOENT, rule);
  ErrorInfo info = Info();
  info.addr = Addr();
  info.kind = ErrorKind::kNoSuchHost;
  info.injected_by = rule;
  info.detail =
      ends_.to.host.empty() ? ends_.to.addr.ip().ToString() : ends_.to.host;
  const std::string cause =
      absl::StrCat("lookup ", info.detail, ": no such host");
  return OpError(absl::StatusCode::kNotFound, std::move(info), cause);
}

// Partitions, holds and crashes are there for who dials, too.
absl::Status FaultedDial::AwaitWay(Call& call) {
  Faults& faults = *context_.faults;
  const std::weak_ptr<CallState> weak = state_;
  const uint64_t subscription = faults.Subscribe([weak] {
    if (auto state = weak.lock()) state->Signal(Direction::kWrite);
  });
  FaultPacket open;
  open.segment = FaultSegment::kOpen;
  const absl::Time give_up = clock_.TimeNow() + kDialTimeout;
  absl::Status status;
  std::string held_by;
  for (;;) {
    const absl::Time now = clock_.TimeNow();
    const std::optional<FaultVerdict> verdict =
        // A restart resets no dial that comes after it.
        FaultLink(context_.faults, ends_).InFlight(open, held_by, now);
    if (!verdict.has_value()) break;
    const bool holds = verdict->action == FaultVerdict::Action::kHold;
    held_by = holds ? std::string(verdict->rule) : std::string();
    if (!holds && now >= give_up) {
      const std::string rule(verdict->rule);
      status = InjectedError(Info(), "connect", ETIMEDOUT, rule);
      break;
    }
    const absl::Time edge = faults.NextEdge(now);
    const absl::Time until = holds ? edge : std::min(edge, give_up);
    if (call.WaitUntil(clock_.ToMonotonic(until))) continue;
    status = call.Error("dial");
    break;
  }
  faults.Unsubscribe(subscription);
  return status;
}

// As addresses of `name` have it.
const char* AddrNetwork(FaultNetwork network, absl::string_view name) {
  if (!absl::StartsWith(name, "fake")) return FaultNetworkName(network);
  return network == FaultNetwork::kTcp ? "fake" : "fakegram";
}

}  // namespace

FaultEnd DialledEnd(FaultNetwork network, absl::string_view name,
                    absl::string_view address) {
  const char* const word = AddrNetwork(network, name);
  FaultEnd end;
  if (network != FaultNetwork::kTcp && network != FaultNetwork::kUdp) {
    end.addr = Addr::Named(word, address);
    return end;
  }
  const absl::StatusOr<HostPort> parts = SplitHostPort(address);
  if (!parts.ok()) return end;
  end.port = ParsePort(FaultNetworkName(network), parts->port).value_or(0);
  const absl::StatusOr<IpAddr> ip = IpAddr::Parse(parts->host);
  if (ip.ok()) {
    end.addr = Addr::Ip(word, {*ip, end.port});
  } else {
    end.host = parts->host;
  }
  return end;
}

absl::Status EnterDial(const FaultContext& context, FaultNetwork fault_network,
                       absl::string_view network, absl::string_view address,
                       const DialOptions& options) {
  if (context.Plain()) return absl::OkStatus();
  FaultEnds ends;
  ends.network = fault_network;
  ends.from = context.Here(Addr());
  ends.to = DialledEnd(fault_network, network, address);
  if (ends.to.host.empty()) {
    ends.to = {context.There(ends.to.addr).host, ends.to.addr};
  }
  auto names = std::make_shared<CallNames>();
  names->network = std::string(network);
  names->addr = ends.to.addr.has_value()
                    ? ends.to.addr
                    : Addr::Named(AddrNetwork(fault_network, network), address);
  FaultCall call;
  call.operation = FaultOperation::kDial;
  call.ordinal = context.ordinals->Next(absl::StrCat(network, "|", address));
  return FaultedDial(context, std::move(ends), std::move(names), options)
      .Run(call);
}

}  // namespace plumb
