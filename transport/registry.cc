#include "transport/registry.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "transport/error.h"

namespace plumb {
namespace {

absl::Status RegisterError(absl::StatusCode code, absl::string_view name,
                           absl::string_view cause) {
  ErrorInfo info;
  info.op = "register";
  info.network = std::string(name);
  return OpError(code, std::move(info), cause);
}

absl::Status CheckRegistration(absl::string_view name,
                               const std::shared_ptr<Transport>& transport) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  if (name.empty()) return RegisterError(kInvalid, name, "empty network name");
  if (name.find(':') != absl::string_view::npos) {
    return RegisterError(kInvalid, name, "network name contains ':'");
  }
  if (transport == nullptr) {
    return RegisterError(kInvalid, name, "null transport");
  }
  return absl::OkStatus();
}

absl::Status UnknownNetworkError(absl::string_view op,
                                 absl::string_view network,
                                 const std::vector<std::string>& known) {
  ErrorInfo info;
  info.op = std::string(op);
  info.network = std::string(network);
  info.detail = absl::StrJoin(known, ", ");
  return OpError(absl::StatusCode::kInvalidArgument, std::move(info),
                 absl::StrCat("unknown network ", network));
}

}  // namespace

Registry::Registry(Registry&& other) noexcept {
  absl::MutexLock lock(&other.mutex_);
  transports_ = std::move(other.transports_);
  fallbacks_ = std::move(other.fallbacks_);
}

absl::Status Registry::Register(absl::string_view name,
                                std::shared_ptr<Transport> transport) {
  absl::Status status = CheckRegistration(name, transport);
  if (!status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  // Not emplace, which may destroy a Transport that it has no room for, here
  // under the lock.
  if (!transports_.try_emplace(std::string(name), std::move(transport))
           .second) {
    return RegisterError(absl::StatusCode::kAlreadyExists, name,
                         "network already registered");
  }
  return absl::OkStatus();
}

absl::Status Registry::Replace(absl::string_view name,
                               std::shared_ptr<Transport> transport) {
  absl::Status status = CheckRegistration(name, transport);
  if (!status.ok()) return status;
  // What was there before is destroyed without the lock: its destructor is not
  // ours.
  absl::MutexLock lock(&mutex_);
  transports_[std::string(name)].swap(transport);
  return absl::OkStatus();
}

absl::Status Registry::RegisterFallback(absl::string_view name,
                                        std::shared_ptr<Transport> transport) {
  absl::Status status = CheckRegistration(name, transport);
  if (!status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  fallbacks_[std::string(name)].swap(transport);
  return absl::OkStatus();
}

Registry Registry::Copy() const {
  Registry copy;
  {
    absl::MutexLock lock(&mutex_);
    absl::MutexLock copy_lock(&copy.mutex_);
    copy.transports_ = transports_;
    copy.fallbacks_ = fallbacks_;
  }
  return copy;
}

std::vector<std::string> Registry::Names() const {
  std::vector<std::string> names;
  absl::MutexLock lock(&mutex_);
  for (const auto& entry : transports_) names.push_back(entry.first);
  return names;
}

absl::StatusOr<std::unique_ptr<Conn>> Registry::Dial(
    absl::string_view network, absl::string_view address,
    const DialOptions& options) {
  auto transport = Find("dial", network);
  if (!transport.ok()) return transport.status();
  return (*transport)->Dial(network, address, options);
}

absl::StatusOr<std::unique_ptr<Listener>> Registry::Listen(
    absl::string_view network, absl::string_view address,
    const ListenOptions& options) {
  auto transport = Find("listen", network);
  if (!transport.ok()) return transport.status();
  return (*transport)->Listen(network, address, options);
}

absl::StatusOr<std::unique_ptr<PacketConn>> Registry::ListenPacket(
    absl::string_view network, absl::string_view address,
    const ListenOptions& options) {
  auto transport = Find("listen", network);
  if (!transport.ok()) return transport.status();
  return (*transport)->ListenPacket(network, address, options);
}

absl::StatusOr<std::shared_ptr<Transport>> Registry::Find(
    absl::string_view op, absl::string_view network) const {
  const std::string name(network.substr(0, network.find(':')));
  {
    absl::MutexLock lock(&mutex_);
    for (const Map* map : {&transports_, &fallbacks_}) {
      auto it = map->find(name);
      if (it != map->end()) return it->second;
    }
  }
  return UnknownNetworkError(op, network, Names());
}

}  // namespace plumb
