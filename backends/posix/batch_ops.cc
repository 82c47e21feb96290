#include "backends/posix/batch_ops.h"

#include <algorithm>

namespace plumb {

void MessageBatch::Resize(size_t size) {
  headers_.resize(std::min(size, kCapacity));
  iovecs_.resize(headers_.size());
  addresses_.resize(headers_.size());
}

void MessageBatch::SetData(size_t i, void* data, size_t size) {
  iovecs_[i] = {data, size};
  headers_[i] = mmsghdr();
  headers_[i].msg_hdr.msg_iov = &iovecs_[i];
  headers_[i].msg_hdr.msg_iovlen = 1;
}

void MessageBatch::UseAddress(size_t i) {
  headers_[i].msg_hdr.msg_name = addresses_[i].get();
  headers_[i].msg_hdr.msg_namelen = addresses_[i].size();
}

void MessageBatch::WantAddress(size_t i) {
  headers_[i].msg_hdr.msg_name = addresses_[i].get();
  headers_[i].msg_hdr.msg_namelen = SockAddr::kCapacity;
}

ReceiveBatchOp::ReceiveBatchOp(int fd, MessageBatch& batch,
                               absl::Span<InPacket> packets,
                               const char* addr_network)
    : SocketOp(fd, Direction::kRead),
      batch_(batch),
      packets_(packets),
      addr_network_(addr_network) {
  batch_.Resize(packets.size());
}

bool ReceiveBatchOp::Attempt() {
  for (;;) {
    for (size_t i = 0; i < batch_.size(); ++i) {
      batch_.SetData(i, packets_[i].buffer.data(), packets_[i].buffer.size());
      batch_.WantAddress(i);
    }
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
