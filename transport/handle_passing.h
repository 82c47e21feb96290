// Open descriptors that go along with bytes from one process to another, over
// unix sockets (SCM_RIGHTS, unix(7)).
//
//   // One process:
//   auto* passing = plumb::Extension<plumb::HandlePassing>(*conn);
//   const int handles[] = {log_file};
//   RETURN_IF_ERROR(passing->WriteWithHandles("log", handles));
//
//   // Another:
//   ASSIGN_OR_RETURN(plumb::HandlePassing::Incoming got,
//                    passing->ReadWithHandles(absl::MakeSpan(buffer)));
//   plumb::Descriptor log_file = std::move(got.handles[0]);
//
// The receiver gets descriptors of its own for the same open files: file
// offsets and flags such as O_NONBLOCK belong to both, close-on-exec is set.
//
// No descriptor is lost: what was received is owned by the result, or was
// closed before an error is returned. What nobody asks for leaves no trace: a
// Read, a ReadFrom or a Close closes the descriptors that it comes across.
//
// Threads, blocking and errors: as Read and Write of the same object, with
// which they take turns.
#ifndef PLUMB_TRANSPORT_HANDLE_PASSING_H_
#define PLUMB_TRANSPORT_HANDLE_PASSING_H_

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "transport/addr.h"
#include "transport/descriptor.h"
#include "transport/packet_conn.h"

namespace plumb {

// The most descriptors that go along with one Write (SCM_MAX_FD, unix(7)).
constexpr size_t kMaxHandles = 253;

// Conns over unix, unixgram and unixpacket.
class HandlePassing {
 public:
  static constexpr char kExtensionName[] = "plumb.HandlePassing";

  struct Incoming {
    size_t size = 0;  // bytes in the buffer
    std::vector<Descriptor> handles;
  };

  // As Conn::Write of `data`; `handles`, which stay the caller's, go along with
  // its first byte. InvalidArgument, and nothing is written, when there are
  // more than kMaxHandles, when one of them is not open, and on a stream when
  // `data` is empty and `handles` is not. ResourceExhausted when the kernel has
  // too many descriptors under way already, for one user as many as
  // RLIMIT_NOFILE.
  virtual absl::Status WriteWithHandles(absl::string_view data,
                                        absl::Span<const int> handles) = 0;

  // As Conn::Read, with the descriptors that came along. On a stream it ends
  // with the bytes of the Write that had them. On unixpacket what came without
  // bytes but with descriptors is a message, not the end of the stream.
  //
  // When there are more than `max_handles`, all are closed and it is
  // InvalidArgument, "too many handles"; so they are when this process has no
  // room for them, which is ResourceExhausted. The bytes, BytesDone(status) of
  // them, have been read all the same. So are the descriptors of a message that
  // was cut.
  virtual absl::StatusOr<Incoming> ReadWithHandles(
      absl::Span<char> buffer, size_t max_handles = kMaxHandles) = 0;

 protected:
  ~HandlePassing() = default;
};

// PacketConns over unixgram.
class PacketHandlePassing {
 public:
  static constexpr char kExtensionName[] = "plumb.PacketHandlePassing";

  struct Incoming {
    Received received;
    std::vector<Descriptor> handles;
  };

  // As PacketConn::WriteTo and ReadFrom, and as above. A datagram that was cut
  // has its descriptors. An error that is about the descriptors of a datagram
  // has its sender as ErrorInfo::addr.
  virtual absl::Status WriteToWithHandles(absl::string_view data,
                                          const Addr& to,
                                          absl::Span<const int> handles) = 0;
  virtual absl::StatusOr<Incoming> ReadFromWithHandles(
      absl::Span<char> buffer, size_t max_handles = kMaxHandles) = 0;

 protected:
  ~PacketHandlePassing() = default;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_HANDLE_PASSING_H_
