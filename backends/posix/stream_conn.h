// A Conn on a connected stream socket, whatever its family.
//
//   auto conn = std::make_unique<StreamConn>(
//       clock, std::move(descriptor),
//       std::make_shared<CallNames>(CallNames{"unix", local, remote}));
//
// A backend whose connections can do more derives from it, answers for its own
// extensions, and calls CloseOnce in its destructor.
//
// Hot path: a Read or Write that need not wait is one system call between two
// compare-and-swaps; no lock, no allocation. After a Read that got less than it
// had room for, the next one waits before it tries.
//
// Unstable: for backends; it may change with any release.
//
// Threads, errors: as for Conn. Extensions: BlockedProbe, NativeHandle,
// ReadCloser, BufferControl.
#ifndef PLUMB_BACKENDS_POSIX_STREAM_CONN_H_
#define PLUMB_BACKENDS_POSIX_STREAM_CONN_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/posix/descriptor.h"
#include "backends/posix/socket_object.h"
#include "backends/posix/socket_ops.h"
#include "transport/call.h"
#include "transport/clock.h"
#include "transport/conn.h"
#include "transport/extensions.h"

namespace plumb {

class StreamConn : public Conn, public SocketObject, public ReadCloser {
 public:
  // `descriptor` is connected and non-blocking; `names` has the network and
  // both ends.
  StreamConn(Clock& clock, plumb::Descriptor descriptor,
             std::shared_ptr<const CallNames> names,
             StreamContent content = StreamContent::kBytes);
  ~StreamConn() override;

  using Conn::SetDeadline;
  using Conn::Write;
  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override;
  absl::Status Write(absl::Span<const absl::string_view> pieces) override;
  absl::Status WaitReadable() override;
  absl::Status CloseWrite() override;
  absl::Status Close() override;
  Addr LocalAddr() const override { return names().source; }
  Addr RemoteAddr() const override { return names().addr; }
  absl::Status SetDeadline(Direction direction, absl::Time when) override;
  void* Extension(absl::string_view name) override;

  absl::Status CloseRead() override;

 private:
  absl::Status WriteError(int error, uint64_t sent) const;

  const StreamContent content_;
  // Of the one who has the read turn: the last Read emptied the socket.
  bool wait_first_ = false;
  std::atomic<bool> write_closed_{false};
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_POSIX_STREAM_CONN_H_
