#include "backends/posix/raw_ops.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>

// The fixed part of the header goes aside, and the data right into the caller's
// buffer. Options are rare: they then take the front of the buffer, and what
// they pushed out of it at the end is in the tail, so that both can be put
// right without a copy of everything.

namespace plumb {

bool ReceiveRawIpv4Op::Attempt() {
  iovec iov[] = {{header_, sizeof header_},
                 {buffer_.data(), buffer_.size()},
                 {tail_, sizeof tail_}};
  for (;;) {
    msghdr message = {};
    message.msg_iov = iov;
    message.msg_iovlen = 3;
    if (from_ != nullptr) {
      message.msg_name = from_->get();
      message.msg_namelen = SockAddr::kCapacity;
    }
    const ssize_t n = recvmsg(descriptor(), &message, MSG_TRUNC | flags_);
    const Next next = After(n);
    if (next == Next::kAgain) continue;
    if (n > 0) Strip(static_cast<size_t>(n));
    if (from_ != nullptr) from_->set_size(n < 0 ? 0 : message.msg_namelen);
    return next == Next::kDone;
  }
}

void ReceiveRawIpv4Op::Strip(size_t size) {
  const size_t words = static_cast<unsigned char>(header_[0]) & 15;
  const size_t header = std::min(std::max(4 * words, kFixedHeader), size);
  const size_t options = header - std::min(header, kFixedHeader);
  full_size_ = size - header;
  if (options == 0) return;
  const size_t stored = std::min(size - kFixedHeader, buffer_.size());
  const size_t kept = stored - std::min(stored, options);
  std::copy_n(buffer_.begin() + (stored - kept), kept, buffer_.begin());
  const size_t skipped = options - (stored - kept);
  std::copy_n(tail_ + skipped, this->size() - kept, buffer_.begin() + kept);
}

}  // namespace plumb
