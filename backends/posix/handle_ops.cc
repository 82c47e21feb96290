#include "backends/posix/handle_ops.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "transport/handle_checks.h"

namespace plumb {
namespace {

constexpr size_t kHandleBytes = kMaxHandles * sizeof(int);

iovec ToIovec(absl::string_view bytes) {
  return {const_cast<char*>(bytes.data()), bytes.size()};
}

}  // namespace

SendHandlesOp::SendHandlesOp(int fd, absl::string_view data,
                             absl::Span<const int> handles, const SockAddr* to)
    : SocketOp(fd, Direction::kWrite),
      data_(data),
      handles_(handles),
      to_(to) {}

bool SendHandlesOp::Attempt() {
  for (;;) {
    const int64_t n = sent_ == 0 ? SendWithHandles() : SendRest();
    const Next next = After(n);
    if (next == Next::kAgain) continue;
    if (next == Next::kWait) return false;
    if (n > 0) sent_ += static_cast<uint64_t>(n);
    if (n == 0 && !data_.empty()) set_error(EIO);  // as SendOp has it
    if (n <= 0 || sent_ == data_.size()) return true;
  }
}

int64_t SendHandlesOp::SendWithHandles() {
  iovec iov = ToIovec(data_);
  msghdr message = {};
  message.msg_iov = &iov;
  message.msg_iovlen = 1;
  if (to_ != nullptr) {
    message.msg_name = const_cast<sockaddr*>(to_->get());
    message.msg_namelen = to_->size();
  }
  alignas(cmsghdr) char control[CMSG_SPACE(kHandleBytes)] = {};
  const size_t bytes = handles_.size() * sizeof(int);
  if (bytes > 0) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(bytes);
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(bytes);
    std::memcpy(CMSG_DATA(header), handles_.data(), bytes);
  }
  return sendmsg(descriptor(), &message, MSG_NOSIGNAL);
}

int64_t SendHandlesOp::SendRest() const {
  const absl::string_view rest = data_.substr(sent_);
  return send(descriptor(), rest.data(), rest.size(), MSG_NOSIGNAL);
}

bool ReceiveHandlesOp::Attempt() {
  iovec iov = {buffer_.data(), buffer_.size()};
  // Room for the most that can come, and for credentials that come because
  // somebody has set SO_PASSCRED by the native handle.
  alignas(cmsghdr) char
      control[CMSG_SPACE(kHandleBytes) + CMSG_SPACE(sizeof(ucred))];
  for (;;) {
    msghdr message = {};
    message.msg_iov = &iov;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (from_ != nullptr) {
      message.msg_name = from_->get();
      message.msg_namelen = SockAddr::kCapacity;
    }
    // With MSG_TRUNC it returns a message's size, not what fitted. On a unix
    // stream it means nothing.
    const ssize_t n =
        recvmsg(descriptor(), &message, MSG_TRUNC | MSG_CMSG_CLOEXEC);
    if (n >= 0) Adopt(message);
    const Next next = After(n);
    if (next == Next::kAgain) continue;
    if (n > 0) full_size_ = static_cast<size_t>(n);
    if (from_ != nullptr) from_->set_size(n < 0 ? 0 : message.msg_namelen);
    return next == Next::kDone;
  }
}

void ReceiveHandlesOp::Adopt(msghdr& message) {
  lost_some_ = (message.msg_flags & MSG_CTRUNC) != 0;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    handles_.reserve(handles_.size() + count);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      handles_.emplace_back(fd);
    }
  }
}

absl::Status ReceiveHandlesOp::CheckHandles(size_t max_handles,
                                            ErrorInfo info) const {
  info.bytes_done = size();
  // The control buffer has room for all, so it is the table of descriptors that
  // has none.
  if (lost_some_) return ErrnoError(std::move(info), "recvmsg", EMFILE);
  return CheckIncomingHandles(handles_.size(), max_handles, std::move(info));
}

}  // namespace plumb
