// A MemoryStream is a connected pair of stream ends in memory: what the Conns
// of Pipe and of the fake network are made of. A StreamEnd has a Conn's methods
// and keeps a Conn's contract (conn.h); the Conn around it adds only what is
// its own.
//
//   auto [near, far] = plumb::MakeMemoryStream(
//       {.kind = plumb::StreamKind::kTcp, .ends = {client, server}});
//
// A Conn's destructor calls Close on its StreamEnd; the two ends share what
// they need and outlive each other.
//
// Threads: any method at any time; a StreamEnd may be destroyed, after Close,
// while calls that Close ended are still on their way out.
//
// Ordered by what beats what: state of CallState (closed, cancelled, deadline),
// then data, then errors, then the end of the stream.
#ifndef PLUMB_TRANSPORT_MEMORY_STREAM_H_
#define PLUMB_TRANSPORT_MEMORY_STREAM_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "transport/addr.h"
#include "transport/clock.h"
#include "transport/direction.h"
#include "transport/error.h"

namespace plumb {

// Whose ways the pair has where they differ:
//
//                                          kPipe     kUnix        kTcp
//   peer closed with unread data, Read     end       reset, end   reset, end
//   the same, Write                        EPIPE     EPIPE        reset, EPIPE
//   peer closed, first Write               EPIPE     EPIPE        lost, OK
//   peer's CloseRead, Write                EPIPE     EPIPE        goes on
//   CloseWrite when reset                  OK        OK           ENOTCONN
//
// ("reset" is ECONNRESET, told once by whichever call is first.)
enum class StreamKind : uint8_t { kPipe, kUnix, kTcp };

// What one end is called, and how much can wait to be read there.
struct StreamEndOptions {
  const char* network = "pipe";  // a literal, for errors
  Addr local;                    // no value: not in errors
  Addr remote;
  size_t buffer = 64 * 1024;  // bytes; 0: a Write waits for its Reads
};

struct MemoryStreamOptions {
  StreamKind kind = StreamKind::kPipe;
  std::array<StreamEndOptions, 2> ends;
  Clock* clock = &Clock::Real();
};

class StreamEnd {
 public:
  StreamEnd() = default;  // of no stream, to be assigned to
  StreamEnd(StreamEnd&&) = default;
  StreamEnd& operator=(StreamEnd&&) = default;

  // As Conn's methods.
  absl::StatusOr<size_t> Read(absl::Span<char> buffer);
  absl::Status Write(absl::Span<const absl::string_view> pieces);
  absl::Status WaitReadable();
  absl::Status CloseWrite();
  absl::Status SetDeadline(Direction direction, absl::Time when);

  // As ReadCloser's.
  absl::Status CloseRead();

  enum class How : uint8_t {
    kGraceful,  // the peer reads what was written, then the end
    kReset,     // the peer reads what was written, then a reset
  };
  // As Conn's; `release` is called when nobody is inside any more and before a
  // second Close returns, and not at all by a second Close.
  absl::Status Close(How how, absl::FunctionRef<void()> release);
  absl::Status Close() {
    return Close(How::kGraceful, [] {});
  }

  const Addr& local() const;
  const Addr& remote() const;
  const char* network() const;

  // As BlockedProbe's.
  int BlockedCalls(Direction direction) const;
  bool closed() const;

  // How many bytes can wait to be read at the other end.
  void SetSendCapacity(size_t bytes);
  // The same, at this end.
  void SetReceiveCapacity(size_t bytes);

  // For errors of the Conn's own methods: this end's network and addresses.
  ErrorInfo Info(absl::string_view op) const;

 private:
  class Stream;
  friend std::pair<StreamEnd, StreamEnd> MakeMemoryStream(
      MemoryStreamOptions options);

  StreamEnd(std::shared_ptr<Stream> stream, int side);

  std::shared_ptr<Stream> stream_;
  int side_ = 0;
};

std::pair<StreamEnd, StreamEnd> MakeMemoryStream(MemoryStreamOptions options);

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_MEMORY_STREAM_H_
