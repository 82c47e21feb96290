// A TCP connection, and the options of TCP sockets.
//
// Threads: as for Conn.
#ifndef PLUMB_BACKENDS_TCP_TCP_CONN_H_
#define PLUMB_BACKENDS_TCP_TCP_CONN_H_

#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "backends/posix/descriptor.h"
#include "backends/posix/stream_conn.h"
#include "transport/call.h"
#include "transport/clock.h"
#include "transport/conn.h"
#include "transport/extensions.h"
#include "transport/options.h"

namespace plumb {

class TcpConn final : public StreamConn, public TcpControl {
 public:
  using StreamConn::StreamConn;
  ~TcpConn() override { CloseOnce(); }

  void* Extension(absl::string_view name) override;

  absl::Status SetNoDelay(bool on) override;
  absl::Status SetKeepAlive(const KeepAlive& keep_alive) override;
  absl::Status SetLinger(absl::Duration linger) override;
};

std::unique_ptr<Conn> MakeTcpConn(Clock& clock, Descriptor descriptor,
                                  std::shared_ptr<const CallNames> names);

// What Dial and Listen set on a socket before they use it; accepted sockets
// have it from the listener. Errors: causes for ForOp.
struct TcpSocketOptions {
  bool no_delay = true;
  KeepAlive keep_alive;
  std::optional<int> send_buffer;
  std::optional<int> receive_buffer;
};
absl::Status SetTcpOptions(int fd, const TcpSocketOptions& options);

}  // namespace plumb

#endif  // PLUMB_BACKENDS_TCP_TCP_CONN_H_
