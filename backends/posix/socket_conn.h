// What Conns on a connected socket have in common, whether it carries a stream
// or messages: everything but Read, Peek and Write.
//
//   class StreamConn : public SocketConn { ... };
//
// The most derived class calls CloseOnce in its destructor.
//
// Unstable: for backends; it may change with any release.
//
// Threads, errors: as for Conn. Extensions: BlockedProbe, NativeHandle,
// BufferControl, Peeker; ReadCloser where the derived class says so.
#ifndef PLUMB_BACKENDS_POSIX_SOCKET_CONN_H_
#define PLUMB_BACKENDS_POSIX_SOCKET_CONN_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "backends/posix/descriptor.h"
#include "backends/posix/socket_object.h"
#include "transport/call.h"
#include "transport/clock.h"
#include "transport/conn.h"
#include "transport/extensions.h"

namespace plumb {

class SocketConn : public Conn,
                   public SocketObject,
                   public ReadCloser,
                   public Peeker {
 public:
  using Conn::SetDeadline;
  using Conn::Write;
  absl::Status WaitReadable() override;
  absl::Status CloseWrite() override;
  absl::Status Close() override;
  Addr LocalAddr() const override { return names().source; }
  Addr RemoteAddr() const override { return names().addr; }
  absl::Status SetDeadline(Direction direction, absl::Time when) override;
  void* Extension(absl::string_view name) override;

  absl::Status CloseRead() override;

 protected:
  // `descriptor` is connected and non-blocking; `names` has the network and
  // both ends.
  using SocketObject::SocketObject;

  // CloseWrite was called, and every Write is WriteError(EPIPE).
  bool write_closed() const {
    return write_closed_.load(std::memory_order_relaxed);
  }
  // The error of a Write that failed with errno `error` after `sent` bytes:
  // FailedPrecondition where it is the doing of one's own CloseWrite.
  absl::Status WriteError(int error, uint64_t sent) const;
  // Called by who has the read turn and is about to wait or to receive by other
  // means than Read: the next Read tries before it waits, since that wait may
  // have heard of what is there then.
  virtual void TryFirst() {}

 private:
  std::atomic<bool> write_closed_{false};
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_POSIX_SOCKET_CONN_H_
