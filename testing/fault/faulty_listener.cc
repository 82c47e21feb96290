#include "testing/fault/faulty_listener.h"

#include <string>
#include <utility>

#include "backends/fake/probes.h"
#include "testing/fault/fault_calls.h"
#include "testing/fault/faulty_conn.h"
#include "transport/scope.h"
#include "transport/udp_options.h"

namespace plumb {
namespace {

std::shared_ptr<const CallNames> NamesOf(Listener& inner) {
  CancelScope ended;
  ended.Cancel();
  const ErrorInfo info =
      GetErrorInfo(inner.Accept().status()).value_or(ErrorInfo());
  return std::make_shared<CallNames>(
      CallNames{info.network, info.source, info.addr});
}

}  // namespace

FaultyListener::FaultyListener(FaultContext context, FaultNetwork network,
                               std::unique_ptr<Listener> listener)
    : ForwardingListener(std::move(listener), {UdpListenerStats::kExtensionName,
                                               ListenerProbe::kExtensionName}),
      context_(std::move(context)),
      network_(network),
      state_(context_.faults->clock(), NamesOf(inner())),
      entry_(context_.faults,
             context_.Ends(network_, inner().Address(), Addr())) {}

absl::Status FaultyListener::EnterAccept() {
  Call call(state_, Direction::kRead, "accept");
  if (!call.ok()) return call.Error("accept");
  int64_t unlimited;
  return entry_.Enter(call, state_.names(), FaultOperation::kAccept, 0,
                      &unlimited);
}

absl::StatusOr<std::unique_ptr<Conn>> FaultyListener::DoAccept() {
  if (!context_.Plain()) {
    if (absl::Status s = EnterAccept(); !s.ok()) return s;
  }
  absl::StatusOr<std::unique_ptr<Conn>> conn = inner().Accept();
  if (!conn.ok()) return conn;
  FaultEnds ends =
      context_.Ends(network_, (*conn)->LocalAddr(), (*conn)->RemoteAddr());
  return std::make_unique<FaultyConn>(context_, std::move(ends),
                                      *std::move(conn));
}

absl::Status FaultyListener::DoSetDeadline(absl::Time when) {
  state_.SetDeadline(Direction::kRead, when);
  return inner().SetDeadline(when);
}

absl::Status FaultyListener::DoClose() {
  absl::Status status = inner().Close();
  state_.Close();
  state_.Done();
  return status;
}

int FaultyListener::BlockedCalls(Direction direction) const {
  return BlockedInside(inner(), direction) + state_.Blocked(direction);
}

void* FaultyListener::Extension(absl::string_view name) {
  if (name == BlockedProbe::kExtensionName) {
    return static_cast<BlockedProbe*>(this);
  }
  return ForwardingListener::Extension(name);
}

}  // namespace plumb
