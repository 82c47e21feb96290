// A Listener on a listening socket, whatever its family.
//
//   auto listener = std::make_unique<StreamListener>(
//       clock, std::move(descriptor),
//       std::make_shared<CallNames>(CallNames{"tcp4", Addr(), local}), "tcp",
//       MakeConn);
//
// Unstable: for backends; it may change with any release.
//
// Threads, errors: as for Listener. Extensions: BlockedProbe, NativeHandle,
// BufferControl.
#ifndef PLUMB_BACKENDS_POSIX_STREAM_LISTENER_H_
#define PLUMB_BACKENDS_POSIX_STREAM_LISTENER_H_

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "backends/posix/descriptor.h"
#include "backends/posix/sockaddr.h"
#include "backends/posix/socket_object.h"
#include "transport/addr.h"
#include "transport/call.h"
#include "transport/clock.h"
#include "transport/conn.h"
#include "transport/listener.h"

namespace plumb {

class StreamListener : public Listener, public SocketObject {
 public:
  // Makes the Conn of an accepted socket.
  using MakeConn =
      std::unique_ptr<Conn> (*)(Clock& clock, plumb::Descriptor descriptor,
                                std::shared_ptr<const CallNames> names);

  // `descriptor` listens and is non-blocking; `names` has the network and the
  // address. `addr_network` is what the Addrs of its connections say, a
  // literal. `send_buffer` is that of its connections, where they do not get
  // the listener's by themselves: on unix sockets.
  StreamListener(Clock& clock, plumb::Descriptor descriptor,
                 std::shared_ptr<const CallNames> names,
                 const char* addr_network, MakeConn make_conn,
                 std::optional<int> send_buffer = std::nullopt);
  ~StreamListener() override;

  absl::StatusOr<std::unique_ptr<Conn>> Accept() override;
  absl::Status Close() override;
  Addr Address() const override { return names().addr; }
  absl::Status SetDeadline(absl::Time when) override;
  void* Extension(absl::string_view name) override;

  // Of the connections that are accepted from now on.
  absl::Status SetWriteBuffer(int bytes) override;

 private:
  static constexpr int64_t kNone = std::numeric_limits<int64_t>::min();

  std::unique_ptr<Conn> MakeAccepted(plumb::Descriptor descriptor,
                                     const SockAddr& peer) const;

  const char* const addr_network_;
  const MakeConn make_conn_;
  // An int, or kNone.
  std::atomic<int64_t> send_buffer_;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_POSIX_STREAM_LISTENER_H_
