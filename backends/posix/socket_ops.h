// The system calls on sockets that may have to wait, as operations for
// Call::Run: each is tried without blocking, and again when the socket is
// ready.
//
//   Call call(state_, Direction::kRead);
//   ReceiveOp op(fd, buffer);
//   if (!call.Run(op)) return call.Error("read");
//   if (op.error() != 0) return ErrnoError(..., "read", op.error());
//   return op.size();
//
// Run returns true as soon as there is a result; error() is its errno, 0 for
// success. EINTR is never seen, EAGAIN only where it says so. Nothing here
// raises SIGPIPE.
//
// Unstable: for backends; it may change with any release.
//
// Threads: an operation belongs to one call. Buffers must outlive it.
#ifndef PLUMB_BACKENDS_POSIX_SOCKET_OPS_H_
#define PLUMB_BACKENDS_POSIX_SOCKET_OPS_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/posix/descriptor.h"
#include "backends/posix/sockaddr.h"
#include "transport/direction.h"
#include "transport/waiter.h"

namespace plumb {

// What all have in common.
class SocketOp : public Op {
 public:
  // The errno, 0 for success.
  int error() const { return error_; }

 protected:
  using Op::Op;
  ~SocketOp() = default;

  // What to do after a system call that returned `result`.
  enum class Next : uint8_t { kDone, kWait, kAgain };
  // Sorts errno: kDone for a result and for an error, which it keeps.
  Next After(int64_t result);

  void set_error(int error) { error_ = error; }

 private:
  int error_ = 0;
};

// What a stream's bytes may come with. Between bytes with and without
// descriptors or credentials a unix socket stops short.
enum class StreamContent : uint8_t { kBytes, kBytesAndAncillaryData };

// recv(2) of a stream: at least one byte, or 0 at the end of the stream.
class ReceiveOp final : public SocketOp {
 public:
  // `flags` are those of recv(2).
  ReceiveOp(int fd, absl::Span<char> buffer,
            StreamContent content = StreamContent::kBytes, int flags = 0)
      : SocketOp(fd, Direction::kRead),
        buffer_(buffer),
        content_(content),
        flags_(flags) {}

  bool Attempt() override;
  size_t size() const { return size_; }
  // Whether nothing was left, so that the next one will have to wait.
  bool emptied() const { return size_ < buffer_.size() && !stopped_short_; }

 private:
  int64_t Receive();

  const absl::Span<char> buffer_;
  const StreamContent content_;
  const int flags_;
  bool stopped_short_ = false;
  size_t size_ = 0;
};

// Sends all of `pieces` on a stream; done after a part only with an error.
class SendOp final : public SocketOp {
 public:
  SendOp(int fd, absl::Span<const absl::string_view> pieces)
      : SocketOp(fd, Direction::kWrite), pieces_(pieces) {
    if (pieces.empty() || pieces[0].empty()) Advance(0);
  }

  bool Attempt() override;
  // How many bytes have gone so far.
  uint64_t sent() const { return sent_; }

 private:
  int64_t SendSome() const;
  int64_t SendSeveral() const;
  void Advance(uint64_t size);

  // What is left, of which the first `offset_` bytes of the first have gone.
  absl::Span<const absl::string_view> pieces_;
  size_t offset_ = 0;
  uint64_t sent_ = 0;
};

// recvmsg(2) of one datagram.
class ReceiveMessageOp final : public SocketOp {
 public:
  // Puts the sender's address into `*from` unless that is null. `flags` are
  // those of recvmsg(2).
  ReceiveMessageOp(int fd, absl::Span<char> buffer, SockAddr* from = nullptr,
                   int flags = 0)
      : SocketOp(fd, Direction::kRead),
        buffer_(buffer),
        from_(from),
        flags_(flags) {}

  bool Attempt() override;
  // How many bytes are in the buffer, and how many the datagram had.
  size_t size() const { return full_size_ < room() ? full_size_ : room(); }
  size_t full_size() const { return full_size_; }

 private:
  size_t room() const { return buffer_.size(); }

  const absl::Span<char> buffer_;
  SockAddr* const from_;
  const int flags_;
  size_t full_size_ = 0;
};

// sendmsg(2) of one datagram that is all of `pieces`.
class SendMessageOp final : public SocketOp {
 public:
  // To the connected peer when `to` is null.
  SendMessageOp(int fd, absl::Span<const absl::string_view> pieces,
                const SockAddr* to = nullptr)
      : SocketOp(fd, Direction::kWrite), pieces_(pieces), to_(to) {}

  bool Attempt() override;

 private:
  const absl::Span<const absl::string_view> pieces_;
  const SockAddr* const to_;
};

// accept4(2). Connections that were torn down in the queue are skipped.
class AcceptOp final : public SocketOp {
 public:
  explicit AcceptOp(int fd) : SocketOp(fd, Direction::kRead) {}

  bool Attempt() override;
  Descriptor TakeDescriptor() { return std::move(accepted_); }
  const SockAddr& peer() const { return peer_; }

 private:
  Descriptor accepted_;
  SockAddr peer_;
};

// connect(2) and the wait for its end. EAGAIN is an error here: on a unix
// socket it says that the listener's queue is full, and no readiness follows.
class ConnectOp final : public SocketOp {
 public:
  ConnectOp(int fd, const SockAddr& to)
      : SocketOp(fd, Direction::kWrite), to_(to) {}

  bool Attempt() override;

 private:
  bool Start();
  bool Finish();

  const SockAddr& to_;
  bool started_ = false;
};

// Done when a read would not wait; consumes nothing.
class ReadableOp final : public SocketOp {
 public:
  explicit ReadableOp(int fd) : SocketOp(fd, Direction::kRead) {}

  bool Attempt() override;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_POSIX_SOCKET_OPS_H_
