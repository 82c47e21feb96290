#include "backends/posix/batch_ops.h"

#include <algorithm>

namespace plumb {

void MessageBatch::Grow() {
  headers_.resize(size_);
  iovecs_.resize(size_);
  addresses_.resize(size_);
  for (size_t i = 0; i < size_; ++i) {
    headers_[i].msg_hdr.msg_name = addresses_[i].get();
    headers_[i].msg_hdr.msg_iov = &iovecs_[i];
    headers_[i].msg_hdr.msg_iovlen = 1;
  }
}

ReceiveBatchOp::ReceiveBatchOp(int fd, MessageBatch& batch,
                               absl::Span<InPacket> packets,
                               const char* addr_network)
    : SocketOp(fd, Direction::kRead),
      batch_(batch),
      packets_(packets),
      addr_network_(addr_network) {
  batch_.Resize(packets.size());
  for (size_t i = 0; i < batch_.size(); ++i) {
    batch_.SetData(i, packets_[i].buffer.data(), packets_[i].buffer.size());
    batch_.WantAddress(i);
  }
}

bool ReceiveBatchOp::Attempt() {
  for (;;) {
    // With MSG_TRUNC it tells the datagrams' sizes, not what fitted.
    const int n =
        recvmmsg(descriptor(), batch_.headers(),
                 static_cast<unsigned>(batch_.size()), MSG_TRUNC, nullptr);
    const Next next = After(n);
    if (next == Next::kAgain) continue;
    if (n > 0) count_ = static_cast<size_t>(n);
    Finish();
    return next == Next::kDone;
  }
}

void ReceiveBatchOp::Finish() {
  for (size_t i = 0; i < count_; ++i) {
    const mmsghdr& header = batch_.headers()[i];
    batch_.address(i).set_size(header.msg_hdr.msg_namelen);
    Received& received = packets_[i].received;
    received.full_size = header.msg_len;
    received.size = std::min(received.full_size, packets_[i].buffer.size());
    received.from = batch_.address(i).ToAddr(addr_network_);
  }
}

bool SendBatchOp::Attempt() {
  for (;;) {
    const int n = sendmmsg(descriptor(), batch_.headers(),
                           static_cast<unsigned>(batch_.size()), MSG_NOSIGNAL);
    const Next next = After(n);
    if (next == Next::kAgain) continue;
    if (n > 0) count_ = static_cast<size_t>(n);
    return next == Next::kDone;
  }
}

}  // namespace plumb
