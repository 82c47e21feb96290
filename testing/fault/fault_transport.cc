#include "testing/fault/fault_transport.h"

#include <utility>

#include "testing/fault/fault_dial.h"
#include "testing/fault/fault_network.h"
#include "testing/fault/faulty_conn.h"
#include "testing/fault/faulty_listener.h"
#include "testing/fault/faulty_packet_conn.h"
#include "testing/fault/make_faults.h"

namespace plumb {
namespace {

FaultContext ContextOf(std::shared_ptr<Faults> faults,
                       FaultTransportOptions options) {
  FaultContext context;
  context.faults = std::move(faults);
  context.host = std::move(options.host);
  context.names = std::move(options.names);
  context.judge_received = options.judge_received;
  context.remark = std::move(options.remark);
  context.linger = std::make_shared<FaultLinger>();
  return context;
}

// Owns nothing.
std::shared_ptr<Transport> Borrow(Transport& transport) {
  return std::shared_ptr<Transport>(std::shared_ptr<void>(), &transport);
}

FaultSetting SettingOf(const FaultTransportOptions& options) {
  FaultSetting setting;
  setting.targets = {FaultTarget::kTcp, FaultTarget::kUdp, FaultTarget::kUnix};
  setting.hosts = options.hosts;
  if (setting.hosts.empty()) return setting;
  if (!options.host.empty()) setting.hosts.push_back(options.host);
  for (const auto& [address, name] : options.names) {
    setting.hosts.push_back(name);
  }
  return setting;
}

template <typename Plan>
absl::StatusOr<std::unique_ptr<FaultTransport>> Make(
    std::shared_ptr<Transport> inner, const Plan& plan,
    FaultTransportOptions options, Clock& clock) {
  absl::StatusOr<std::shared_ptr<Faults>> faults =
      MakeFaults(plan, SettingOf(options), clock);
  if (!faults.ok()) return faults.status();
  return std::make_unique<FaultTransport>(std::move(inner), *std::move(faults),
                                          std::move(options));
}

}  // namespace

FaultTransport::FaultTransport(std::shared_ptr<Transport> inner,
                               std::shared_ptr<Faults> faults,
                               FaultTransportOptions options)
    : inner_(std::move(inner)),
      context_(ContextOf(std::move(faults), std::move(options))) {}

FaultTransport::FaultTransport(Transport& inner, std::shared_ptr<Faults> faults,
                               FaultTransportOptions options)
    : FaultTransport(Borrow(inner), std::move(faults), std::move(options)) {}

FaultTransport::~FaultTransport() { context_.linger->End(); }

absl::StatusOr<std::unique_ptr<Conn>> FaultTransport::Dial(
    absl::string_view network, absl::string_view address,
    const DialOptions& options) {
  const absl::StatusOr<FaultNetwork> known = FaultNetworkOf(network);
  if (!known.ok()) return inner_->Dial(network, address, options);
  const absl::Time start = context_.faults->clock().TimeNow();
  absl::Status status = EnterDial(context_, *known, network, address, options);
  if (!status.ok()) return status;
  DialOptions rest = options;
  if (rest.timeout != absl::InfiniteDuration()) {
    rest.timeout -= context_.faults->clock().TimeNow() - start;
  }
  absl::StatusOr<std::unique_ptr<Conn>> conn =
      inner_->Dial(network, address, rest);
  if (!conn.ok()) return conn;
  FaultEnds ends =
      context_.Ends(*known, (*conn)->LocalAddr(), (*conn)->RemoteAddr());
  const FaultEnd dialled = DialledEnd(*known, network, address);
  if (!dialled.host.empty()) ends.to.host = dialled.host;
  return std::make_unique<FaultyConn>(context_, std::move(ends),
                                      *std::move(conn));
}

absl::StatusOr<std::unique_ptr<Listener>> FaultTransport::Listen(
    absl::string_view network, absl::string_view address,
    const ListenOptions& options) {
  absl::StatusOr<std::unique_ptr<Listener>> listener =
      inner_->Listen(network, address, options);
  const absl::StatusOr<FaultNetwork> known = FaultNetworkOf(network);
  if (!listener.ok() || !known.ok()) return listener;
  return std::make_unique<FaultyListener>(context_, *known,
                                          *std::move(listener));
}

absl::StatusOr<std::unique_ptr<PacketConn>> FaultTransport::ListenPacket(
    absl::string_view network, absl::string_view address,
    const ListenOptions& options) {
  absl::StatusOr<std::unique_ptr<PacketConn>> packets =
      inner_->ListenPacket(network, address, options);
  const absl::StatusOr<FaultNetwork> known = FaultNetworkOf(network);
  if (!packets.ok() || !known.ok()) return packets;
  return std::make_unique<FaultyPacketConn>(context_, *known,
                                            *std::move(packets));
}

absl::StatusOr<std::unique_ptr<FaultTransport>> MakeFaultTransport(
    std::shared_ptr<Transport> inner, absl::string_view plan,
    FaultTransportOptions options, Clock& clock) {
  return Make(std::move(inner), plan, std::move(options), clock);
}

absl::StatusOr<std::unique_ptr<FaultTransport>> MakeFaultTransport(
    std::shared_ptr<Transport> inner, const FaultPlan& plan,
    FaultTransportOptions options, Clock& clock) {
  return Make(std::move(inner), plan, std::move(options), clock);
}

absl::StatusOr<std::unique_ptr<FaultTransport>> MakeFaultTransport(
    Transport& inner, absl::string_view plan, FaultTransportOptions options,
    Clock& clock) {
  return Make(Borrow(inner), plan, std::move(options), clock);
}

absl::StatusOr<std::unique_ptr<FaultTransport>> MakeFaultTransport(
    Transport& inner, const FaultPlan& plan, FaultTransportOptions options,
    Clock& clock) {
  return Make(Borrow(inner), plan, std::move(options), clock);
}

}  // namespace plumb
