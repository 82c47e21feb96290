#include "backends/tcp/tcp_conn.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <utility>

#include "backends/option_seconds.h"
#include "backends/posix/socket.h"

namespace plumb {
namespace {

struct IntOption {
  int level;
  int name;
  int value;
};

template <typename Options>
absl::Status SetAll(int fd, const Options& options) {
  for (const IntOption& option : options) {
    const absl::Status status =
        SetIntOption(fd, option.level, option.name, option.value);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status SetNoDelayOption(int fd, bool on) {
  return SetIntOption(fd, IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0);
}

absl::Status SetKeepAliveOptions(int fd, const KeepAlive& keep_alive) {
  if (!keep_alive.enable) return SetIntOption(fd, SOL_SOCKET, SO_KEEPALIVE, 0);
  const IntOption options[] = {
      {SOL_SOCKET, SO_KEEPALIVE, 1},
      {IPPROTO_TCP, TCP_KEEPIDLE, OptionSeconds(keep_alive.idle)},
      {IPPROTO_TCP, TCP_KEEPINTVL, OptionSeconds(keep_alive.interval)},
      {IPPROTO_TCP, TCP_KEEPCNT, keep_alive.count},
  };
  return SetAll(fd, options);
}

}  // namespace

void* TcpConn::Extension(absl::string_view name) {
  if (void* found = FindExtension<TcpControl>(name, this)) return found;
  return StreamConn::Extension(name);
}

absl::Status TcpConn::SetNoDelay(bool on) {
  return Apply(Info("set"), [on](int fd) { return SetNoDelayOption(fd, on); });
}

absl::Status TcpConn::SetKeepAlive(const KeepAlive& keep_alive) {
  return Apply(Info("set"), [&keep_alive](int fd) {
    return SetKeepAliveOptions(fd, keep_alive);
  });
}

absl::Status TcpConn::SetLinger(absl::Duration linger) {
  return Apply(Info("set"), [this, linger](int fd) {
    absl::Status status = SetLingerOption(fd, linger);
    if (status.ok()) set_lingers(linger > absl::ZeroDuration());
    return status;
  });
}

std::unique_ptr<Conn> MakeTcpConn(Clock& clock, Descriptor descriptor,
                                  std::shared_ptr<const CallNames> names) {
  return std::make_unique<TcpConn>(clock, std::move(descriptor),
                                   std::move(names));
}

absl::Status SetTcpOptions(int fd, const TcpSocketOptions& options) {
  absl::Status status = SetNoDelayOption(fd, options.no_delay);
  if (status.ok()) status = SetKeepAliveOptions(fd, options.keep_alive);
  if (status.ok() && options.send_buffer.has_value()) {
    status = SetIntOption(fd, SOL_SOCKET, SO_SNDBUF, *options.send_buffer);
  }
  if (status.ok() && options.receive_buffer.has_value()) {
    status = SetIntOption(fd, SOL_SOCKET, SO_RCVBUF, *options.receive_buffer);
  }
  return status;
}

}  // namespace plumb
