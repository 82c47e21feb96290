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
// BufferControl, Peeker, ReadCloser.
#ifndef PLUMB_BACKENDS_POSIX_STREAM_CONN_H_
#define PLUMB_BACKENDS_POSIX_STREAM_CONN_H_

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/posix/descriptor.h"
#include "backends/posix/socket_conn.h"
#include "backends/posix/socket_ops.h"
#include "transport/call.h"
#include "transport/clock.h"

namespace plumb {

class StreamConn : public SocketConn {
 public:
  // `descriptor` is connected and non-blocking; `names` has the network and
  // both ends.
  StreamConn(Clock& clock, plumb::Descriptor descriptor,
             std::shared_ptr<const CallNames> names,
             StreamContent content = StreamContent::kBytes);
  ~StreamConn() override;

  using SocketConn::Write;
  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override;
  absl::StatusOr<size_t> Peek(absl::Span<char> buffer) override;
  absl::Status Write(absl::Span<const absl::string_view> pieces) override;
  void* Extension(absl::string_view name) override;

 protected:
  void TryFirst() override { wait_first_ = false; }

 private:
  // `flags` are those of recv(2).
  absl::StatusOr<size_t> Receive(absl::Span<char> buffer, int flags);
  absl::StatusOr<size_t> ReadMuch(absl::Span<char> buffer);
  absl::Status ReadClosedError() const;
  // `error` is an errno, 0 for the end of the stream.
  absl::Status ReadError(int error) const;

  const StreamContent content_;
  // Of the one who has the read turn: the last Read emptied the socket.
  bool wait_first_ = false;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_POSIX_STREAM_CONN_H_
