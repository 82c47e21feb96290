// A Conn is one connection: bytes go in at this end and come out at the other,
// whatever carries them.
//
//   ASSIGN_OR_RETURN(std::unique_ptr<plumb::Conn> conn,
//                    transport.Dial("tcp", "db:5432"));
//   RETURN_IF_ERROR(conn->SetDeadline(absl::Now() + absl::Seconds(5)));
//   RETURN_IF_ERROR(conn->Write("ping\n"));
//   char buffer[64];
//   ASSIGN_OR_RETURN(size_t n, conn->Read(absl::MakeSpan(buffer)));
//
// Who makes one: Transport::Dial, Listener::Accept, Pipe. The caller owns it.
// It outlives the Transport and Listener that it came from.
//
// Threads: any method, on any thread or fiber, at any time. Reads take turns
// with Reads, Writes with Writes; a Read and a Write run in parallel. The bytes
// of one Write are never mixed with another's. Destroying a Conn that others
// may still enter is the caller's bug; destroying one that others are blocked
// in is not: it closes, and they return.
//
// Blocking: Read, Write and WaitReadable suspend the calling thread or fiber.
// They end early, in this order of precedence, checked at the start and again
// after every wake-up:
//   closed     Close was called                        IsClosed
//   cancelled  a CancelScope around the call           IsCancelledCall
//   deadline   SetDeadline, or a DeadlineScope         IsTimeout
// A Read that ends so has consumed nothing. A Write that ends so has written
// BytesDone(status) bytes.
//
// Errors: error.h has the table. The text is Go's:
// "read tcp 127.0.0.1:9->127.0.0.1:80: i/o timeout".
//
// Streams and datagrams: over tcp and unix a Conn is a stream and a Read may
// return any part of what was written. Over udp, ip, unixgram and unixpacket
// each Write is one datagram and each Read takes one (MessageTraits tells them
// apart).
#ifndef PLUMB_TRANSPORT_CONN_H_
#define PLUMB_TRANSPORT_CONN_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "transport/addr.h"
#include "transport/chars.h"
#include "transport/direction.h"
#include "transport/extension.h"

namespace plumb {

class Conn {
 public:
  Conn() = default;
  Conn(const Conn&) = delete;
  Conn& operator=(const Conn&) = delete;

  // Closes. Each most-derived class calls Close in its own destructor, while
  // what the blocked calls use is still there.
  virtual ~Conn() = default;

  // Suspends until at least one byte is there and returns how many were put at
  // the start of `buffer`. The end of the stream is an error, IsEof, after all
  // data, and again at every later Read. An empty `buffer` returns 0 at once,
  // unless the Conn is closed, and consumes nothing.
  //
  // Of datagrams takes one; 0 is an empty datagram. One that is longer than
  // `buffer` fills it and is InvalidArgument with the full size in
  // ErrorInfo::bytes_done; the rest of it is lost.
  //
  // `buffer` is not touched after the return.
  virtual absl::StatusOr<size_t> Read(absl::Span<char> buffer) = 0;

  // Suspends until all of `pieces` is handed to the network, one after the
  // other, or fails; BytesDone(status) tells how much went. Empty pieces are
  // skipped. Writing nothing to a stream succeeds; to datagrams it sends an
  // empty one. All pieces together are one datagram.
  //
  // Success says nothing of the peer's having read. After the peer closed, the
  // first Write may succeed; later ones fail (IsBrokenPipe, IsReset). There is
  // never a SIGPIPE.
  virtual absl::Status Write(absl::Span<const absl::string_view> pieces) = 0;

  // Suspends until a Read would not: there is data, or the end of the stream,
  // or an error to report. Consumes nothing. For servers that hold many idle
  // connections and no buffer for them.
  virtual absl::Status WaitReadable() = 0;

  // Ends this direction: the peer reads what was written and then the end of
  // the stream, while this end still reads. Later Writes here are
  // FailedPrecondition. Again is not an error while connected. Unimplemented
  // where the network has no such thing (udp but for what its Listener accepts,
  // ip, unixgram).
  virtual absl::Status CloseWrite() = 0;

  // Ends both directions and frees what the Conn holds. Blocked calls return
  // IsClosed; Close waits for those that are inside a system call at that
  // moment, and then the port is free. It ignores deadlines and scopes. Data
  // already written is still sent in the background; on tcp and unix, closing
  // with unread received data resets the connection.
  //
  // A second Close waits for the first and returns IsClosed.
  virtual absl::Status Close() = 0;

  // The ends of the connection; valid after Close as well.
  virtual Addr LocalAddr() const = 0;
  virtual Addr RemoteAddr() const = 0;

  // Sets the time after which calls fail with IsTimeout: those already blocked
  // and all later ones, until it is set again. absl::InfiniteFuture() is none.
  // A time that has passed fails calls even when data is ready and consumes
  // nothing; the default absl::Time() is 1970 and therefore past. The time
  // becomes a monotonic one, on the Transport's clock, when it is set.
  //
  // Errors: IsClosed after Close. A peer that is gone is no error.
  virtual absl::Status SetDeadline(Direction direction, absl::Time when) = 0;

  // See extension.h; use plumb::Extension<T>(conn).
  virtual void* Extension(absl::string_view name) = 0;

  // Convenience, on top of the above.

  // Any container of chars: std::string, std::vector<char>, a literal.
  template <typename Chars, typename = EnableIfChars<Chars>>
  absl::Status Write(const Chars& chars) {
    const absl::string_view piece = AsStringView(chars);
    return Write(absl::MakeConstSpan(&piece, 1));
  }
  absl::Status SetDeadline(absl::Time when) {
    return SetDeadline(Direction::kBoth, when);
  }
  absl::Status SetReadDeadline(absl::Time when) {
    return SetDeadline(Direction::kRead, when);
  }
  absl::Status SetWriteDeadline(absl::Time when) {
    return SetDeadline(Direction::kWrite, when);
  }
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_CONN_H_
