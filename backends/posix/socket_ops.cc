#include "backends/posix/socket_ops.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "absl/base/config.h"
#include "absl/base/optimization.h"
#include "absl/container/inlined_vector.h"

namespace plumb {
namespace {

// No stream call moves more, so that a huge Write cannot hold a direction for
// long, and as some kernels fail for more than 2 GiB.
constexpr size_t kMaxBytes = size_t{1} << 30;
// IOV_MAX: sendmsg(2) fails for more.
constexpr size_t kMaxPieces = 1024;

// Allocates only for more pieces than are usual.
using Iovecs = absl::InlinedVector<iovec, 8>;

// The recv(2) and send(2) of the C library are points where pthread_cancel(3)
// may end the thread, which costs two atomic operations a call in a program of
// several threads. Sanitizers know only those.
#if defined(ABSL_HAVE_ADDRESS_SANITIZER) || \
    defined(ABSL_HAVE_MEMORY_SANITIZER) || defined(ABSL_HAVE_THREAD_SANITIZER)
int64_t ReceiveBytes(int fd, void* data, size_t size, int flags) {
  return recv(fd, data, size, flags);
}
int64_t SendBytes(int fd, const void* data, size_t size) {
  return send(fd, data, size, MSG_NOSIGNAL);
}
#else
int64_t ReceiveBytes(int fd, void* data, size_t size, int flags) {
  return syscall(SYS_recvfrom, fd, data, size, flags, nullptr, nullptr);
}
int64_t SendBytes(int fd, const void* data, size_t size) {
  return syscall(SYS_sendto, fd, data, size, MSG_NOSIGNAL, nullptr, 0);
}
#endif

iovec ToIovec(absl::string_view piece) {
  return {const_cast<char*>(piece.data()), piece.size()};
}

// At most kMaxPieces and kMaxBytes of `pieces` from byte `offset` on.
Iovecs ToIovecs(absl::Span<const absl::string_view> pieces, size_t offset) {
  Iovecs iovecs;
  size_t room = kMaxBytes;
  for (absl::string_view piece : pieces.subspan(0, kMaxPieces)) {
    piece.remove_prefix(offset);
    offset = 0;
    iovecs.push_back(ToIovec(piece.substr(0, room)));
    room -= iovecs.back().iov_len;
    if (room == 0) break;
  }
  return iovecs;
}

}  // namespace

SocketOp::Next SocketOp::After(int64_t result) {
  if (result >= 0) return Next::kDone;
  if (errno == EINTR) return Next::kAgain;
  if (errno == EAGAIN) return Next::kWait;
  error_ = errno;
  return Next::kDone;
}

int64_t ReceiveOp::Receive() {
  const size_t room = std::min(buffer_.size(), kMaxBytes);
  if (content_ == StreamContent::kBytes) {
    return ReceiveBytes(descriptor(), buffer_.data(), room, flags_);
  }
  iovec iov = {buffer_.data(), room};
  msghdr message = {};
  message.msg_iov = &iov;
  message.msg_iovlen = 1;
  const ssize_t n = recvmsg(descriptor(), &message, flags_);
  // There was ancillary data, which nobody wants.
  stopped_short_ = n > 0 && (message.msg_flags & MSG_CTRUNC) != 0;
  return n;
}

bool ReceiveOp::Attempt() {
  for (;;) {
    const int64_t n = Receive();
    if (ABSL_PREDICT_TRUE(n >= 0)) {
      size_ = static_cast<size_t>(n);
      return true;
    }
    const Next next = After(n);
    if (next != Next::kAgain) return next == Next::kDone;
  }
}

bool SendOp::Attempt() {
  while (!pieces_.empty()) {
    const int64_t n = SendSome();
    if (ABSL_PREDICT_TRUE(n > 0)) {
      Advance(static_cast<uint64_t>(n));
      continue;
    }
    const Next next = After(n);
    if (next == Next::kWait) return false;
    if (next == Next::kAgain) continue;
    // No kernel should take nothing; without an end to it this would go on for
    // ever.
    if (n == 0) set_error(EIO);
    return true;
  }
  return true;
}

int64_t SendOp::SendSome() const {
  if (pieces_.size() > 1) return SendSeveral();
  const absl::string_view rest = pieces_[0].substr(offset_);
  return SendBytes(descriptor(), rest.data(), std::min(rest.size(), kMaxBytes));
}

int64_t SendOp::SendSeveral() const {
  Iovecs iovecs = ToIovecs(pieces_, offset_);
  msghdr message = {};
  message.msg_iov = iovecs.data();
  message.msg_iovlen = iovecs.size();
  return sendmsg(descriptor(), &message, MSG_NOSIGNAL);
}

void SendOp::Advance(uint64_t size) {
  sent_ += size;
  offset_ += size;
  while (!pieces_.empty() && offset_ >= pieces_[0].size()) {
    offset_ -= pieces_[0].size();
    pieces_.remove_prefix(1);
  }
}

bool ReceiveMessageOp::Attempt() {
  iovec iov = {buffer_.data(), buffer_.size()};
  for (;;) {
    msghdr message = {};
    message.msg_iov = &iov;
    message.msg_iovlen = 1;
    if (from_ != nullptr) {
      message.msg_name = from_->get();
      message.msg_namelen = SockAddr::kCapacity;
    }
    // With MSG_TRUNC it returns the datagram's size, not what fitted.
    const ssize_t n = recvmsg(descriptor(), &message, MSG_TRUNC | flags_);
    const Next next = After(n);
    if (next == Next::kAgain) continue;
    if (n > 0) full_size_ = static_cast<size_t>(n);
    if (from_ != nullptr) from_->set_size(n < 0 ? 0 : message.msg_namelen);
    return next == Next::kDone;
  }
}

bool SendMessageOp::Attempt() {
  absl::InlinedVector<iovec, 8> iovecs;
  std::string joined;
  if (pieces_.size() > kMaxPieces) {
    for (absl::string_view piece : pieces_) {
      joined.append(piece.data(), piece.size());
    }
    iovecs.push_back(ToIovec(joined));
  } else {
    for (absl::string_view piece : pieces_) iovecs.push_back(ToIovec(piece));
  }
  msghdr message = {};
  message.msg_iov = iovecs.data();
  message.msg_iovlen = iovecs.size();
  if (to_ != nullptr) {
    message.msg_name = const_cast<sockaddr*>(to_->get());
    message.msg_namelen = to_->size();
  }
  for (;;) {
    const Next next = After(sendmsg(descriptor(), &message, MSG_NOSIGNAL));
    if (next != Next::kAgain) return next == Next::kDone;
  }
}

bool AcceptOp::Attempt() {
  for (;;) {
    peer_.set_size(SockAddr::kCapacity);
    accepted_ =
        Descriptor(accept4(descriptor(), peer_.get(), peer_.mutable_size(),
                           SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!accepted_.is_open() && errno == ECONNABORTED) continue;
    const Next next = After(accepted_.get());
    if (next != Next::kAgain) return next == Next::kDone;
  }
}

bool ConnectOp::Attempt() { return started_ ? Finish() : Start(); }

bool ConnectOp::Start() {
  started_ = true;
  if (connect(descriptor(), to_.get(), to_.size()) == 0) return true;
  // After EINTR it goes on in the background, too.
  if (errno == EINPROGRESS || errno == EINTR) return false;
  set_error(errno);
  return true;
}

bool ConnectOp::Finish() {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(descriptor(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
    error = errno;
  }
  set_error(error);
  if (error != 0) return true;
  // Without an error and without a peer it is still under way: the wake-up was
  // a stray one.
  SockAddr peer;
  peer.set_size(SockAddr::kCapacity);
  return getpeername(descriptor(), peer.get(), peer.mutable_size()) == 0;
}

bool ReadableOp::Attempt() {
  pollfd poll_fd = {};
  poll_fd.fd = descriptor();
  poll_fd.events = POLLIN;
  for (;;) {
    const int n = poll(&poll_fd, 1, 0);
    const Next next = After(n);
    if (next != Next::kAgain) return n != 0 && next == Next::kDone;
  }
}

}  // namespace plumb
