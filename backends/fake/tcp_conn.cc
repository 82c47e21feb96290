#include "backends/fake/tcp_conn.h"

#include <algorithm>
#include <cerrno>

#include "backends/fake/tcp_ports.h"
#include "backends/option_seconds.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/system_mutex.h"

namespace plumb {
namespace {

// Less than 0 for no linger.
int LingerSeconds(absl::Duration linger) {
  return linger < absl::ZeroDuration() ? -1 : OptionSeconds(linger);
}

}  // namespace

int KeepAliveError(const KeepAlive& keep_alive) {
  // Linux's MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL and MAX_TCP_KEEPCNT.
  constexpr int kMaxSeconds = 32767, kMaxCount = 127;
  const auto is_from_1_to = [](int value, int max) {
    return value >= 1 && value <= max;
  };
  const bool taken =
      !keep_alive.enable ||
      (is_from_1_to(OptionSeconds(keep_alive.idle), kMaxSeconds) &&
       is_from_1_to(OptionSeconds(keep_alive.interval), kMaxSeconds) &&
       is_from_1_to(keep_alive.count, kMaxCount));
  return taken ? 0 : EINVAL;
}

absl::Status FakeTcpConn::Close() {
  const int seconds = linger_seconds_.load(std::memory_order_relaxed);
  if (seconds == 0) return CloseAs(StreamClose::kReset);
  return CloseAs(StreamClose::kGraceful, absl::Seconds(std::max(seconds, 0)));
}

void* FakeTcpConn::Extension(absl::string_view name) {
  if (void* found = FindExtension<TcpControl>(name, this)) return found;
  return FakeStreamConn::Extension(name);
}

// Who ends first keeps the port for a while, if that is asked for, and so lets
// the peer's side go.
void FakeTcpConn::Release() {
  if (port_ == Port::kOthers) return;
  const CallNames& names = end().names();
  const TcpPorts::Ends ends(*names.source.ip_port(), *names.addr.ip_port());
  const bool dialled = port_ == Port::kDialled;
  const MonotonicNanos now = host().clock().MonotonicNow();
  SystemMutexLock lock(&host().network->mutex);
  // Under the lock, for the peer may be closing as well.
  const StreamStatus status = end().Status();
  TcpPorts& ports = host().host->tcp;
  if (!ports.Lingers()) return ports.Release(ends, dialled);
  const bool reset = status.was_reset || status.sent_reset;
  if (!reset && status.ended_first) {
    ports.Linger(ends, {names.network, status.got_end, dialled, now});
  } else {
    ports.Release(ends, dialled);
  }
  HostState* const there = host().FindHost(ends.second.ip);
  const TcpPorts::Ends theirs(ends.second, ends.first);
  if (reset) return there->tcp.PeerReset(theirs);
  there->tcp.PeerEnded(theirs, now);
}

absl::Status FakeTcpConn::CheckOpen() {
  if (!end().state().closed()) return absl::OkStatus();
  return ClosedError(NamedInfo("set", &end().names()));
}

// Nothing in memory is delayed or needs to be kept alive.
absl::Status FakeTcpConn::SetNoDelay(bool) { return CheckOpen(); }

absl::Status FakeTcpConn::SetKeepAlive(const KeepAlive& keep_alive) {
  const absl::Status open = CheckOpen();
  const int error = KeepAliveError(keep_alive);
  if (!open.ok() || error == 0) return open;
  return ErrnoError(NamedInfo("set", &end().names()), "setsockopt", error);
}

absl::Status FakeTcpConn::SetLinger(absl::Duration linger) {
  const absl::Status open = CheckOpen();
  if (open.ok()) linger_seconds_ = LingerSeconds(linger);
  return open;
}

}  // namespace plumb
