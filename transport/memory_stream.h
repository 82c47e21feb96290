// A MemoryStream is a connected pair of stream ends in memory: what the Conns
// of Pipe and of the fake network are made of. A StreamEnd has a Conn's methods
// and keeps a Conn's contract (conn.h); the Conn around it adds only what is
// its own.
//
//   plumb::MemoryStreamOptions options;
//   options.kind = plumb::StreamKind::kTcp;
//   options.ends[0].names = ...;
//   auto [near, far] = plumb::MakeMemoryStream(std::move(options));
//
// A Conn's destructor calls Close on its StreamEnd; the two ends share what
// they need and outlive each other.
//
// Threads: any method at any time; a StreamEnd may be destroyed, after Close,
// while calls that Close ended are still on their way out.
//
// A Read gives data before an error, and an error before the end of the stream.
// A capacity of 0 is a rendezvous: a Write returns when Reads have taken all.
#ifndef PLUMB_TRANSPORT_MEMORY_STREAM_H_
#define PLUMB_TRANSPORT_MEMORY_STREAM_H_

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "transport/call.h"
#include "transport/descriptor.h"
#include "transport/direction.h"
#include "transport/stream_pair.h"

namespace plumb {

class StreamEnd {
 public:
  StreamEnd() = default;  // of no stream, to be assigned to
  StreamEnd(StreamEnd&&) = default;
  StreamEnd& operator=(StreamEnd&&) = default;

  // As Conn's methods.
  absl::StatusOr<size_t> Read(absl::Span<char> buffer) {
    return pair_->Read(side_, buffer);
  }
  absl::Status Write(absl::Span<const absl::string_view> pieces) {
    return pair_->Write(side_, pieces);
  }
  // The same with descriptors: those that came along go to `*handles`, those
  // that are to go along with the first byte are taken from there.
  absl::StatusOr<size_t> ReadWithHandles(absl::Span<char> buffer,
                                         std::vector<Descriptor>* handles) {
    return pair_->Read(side_, buffer, handles);
  }
  absl::Status WriteWithHandles(absl::Span<const absl::string_view> pieces,
                                std::vector<Descriptor>* handles) {
    return pair_->Write(side_, pieces, handles);
  }
  // As Peeker's.
  absl::StatusOr<size_t> Peek(absl::Span<char> buffer) {
    return pair_->Peek(side_, buffer);
  }
  absl::Status WaitReadable();
  absl::Status CloseWrite();
  absl::Status SetDeadline(Direction direction, absl::Time when);

  // As ReadCloser's.
  absl::Status CloseRead();

  // As Conn's; `release` is called when nobody is inside any more and before a
  // second Close returns, and not at all by a second Close. With a `linger` it
  // first suspends until the peer has room for what was sent, and the end of
  // it, or is gone; for so long at most, and then goes on as without.
  absl::Status Close(StreamClose how, absl::Duration linger,
                     absl::FunctionRef<void()> release);
  absl::Status Close() {
    return Close(StreamClose::kGraceful, absl::ZeroDuration(), [] {});
  }

  // As BufferControl's.
  absl::Status SetSendBuffer(size_t bytes);
  absl::Status SetReceiveBuffer(size_t bytes);

  // As BlockedProbe's.
  int BlockedCalls(Direction direction) const;

  StreamStatus Status() const { return pair_->Status(side_); }

  const CallNames& names() const;
  // Not only for reading: a Conn may count its own short calls in.
  CallState& state();

 private:
  friend std::pair<StreamEnd, StreamEnd> MakeMemoryStream(
      MemoryStreamOptions options);

  StreamEnd(std::shared_ptr<StreamPair> pair, int side);

  std::shared_ptr<StreamPair> pair_;
  int side_ = 0;
};

std::pair<StreamEnd, StreamEnd> MakeMemoryStream(MemoryStreamOptions options);

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_MEMORY_STREAM_H_
