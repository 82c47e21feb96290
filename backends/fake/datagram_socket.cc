#include "backends/fake/datagram_socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/algorithm/container.h"
#include "transport/direction.h"

namespace plumb {

int DatagramSocket::Receive(absl::Span<char> buffer, Received* received) {
  std::vector<std::shared_ptr<CallState>> senders;
  {
    absl::MutexLock lock(&mutex_);
    if (error_ != 0) return std::exchange(error_, 0);
    if (queue_.empty()) return EAGAIN;
    Datagram& datagram = queue_.front();
    received->full_size = datagram.data.size();
    received->size = std::min(buffer.size(), datagram.data.size());
    received->from = std::move(datagram.from);
    if (received->size > 0) {
      std::memcpy(buffer.data(), datagram.data.data(), received->size);
    }
    queued_bytes_ -= datagram.data.size() + kOverhead;
    queue_.pop_front();
    senders.swap(waiting_);
  }
  for (const auto& sender : senders) sender->Signal(Direction::kWrite);
  return 0;
}

bool DatagramSocket::Readable() const {
  absl::MutexLock lock(&mutex_);
  return error_ != 0 || !queue_.empty();
}

NetstatRow DatagramSocket::Row() const {
  const CallNames& names = *state_->names();
  NetstatRow row;
  row.network = names.network;
  row.local = names.source;
  row.remote = names.addr;
  if (peer_.has_value()) row.state = "ESTABLISHED";
  absl::MutexLock lock(&mutex_);
  for (const Datagram& datagram : queue_) row.unread += datagram.data.size();
  return row;
}

bool DatagramSocket::HasRoom(size_t size) const {
  if (queue_.empty()) return true;
  return queue_.size() <= limits_.messages &&
         queued_bytes_ + size + kOverhead <= limits_.bytes;
}

DatagramSink::Verdict DatagramSocket::Deliver(
    const Addr& from, std::string data,
    const std::shared_ptr<CallState>& sender) {
  {
    absl::MutexLock lock(&mutex_);
    if (shut_) return Verdict::kRefused;
    if (peer_.has_value() && from != peer_) return Verdict::kNotAllowed;
    if (!HasRoom(data.size())) {
      if (!limits_.sender_waits || sender == nullptr) return Verdict::kDropped;
      if (!absl::c_linear_search(waiting_, sender)) waiting_.push_back(sender);
      return Verdict::kFull;
    }
    queued_bytes_ += data.size() + kOverhead;
    queue_.push_back({std::move(data), from});
  }
  state_->Signal(Direction::kRead);
  return Verdict::kTaken;
}

void DatagramSocket::Shut() {
  std::vector<std::shared_ptr<CallState>> senders;
  {
    absl::MutexLock lock(&mutex_);
    shut_ = true;
    queue_.clear();
    senders.swap(waiting_);
  }
  for (const auto& sender : senders) sender->Signal(Direction::kWrite);
}

void DatagramSocket::SetReceiveBuffer(size_t bytes) {
  std::vector<std::shared_ptr<CallState>> senders;
  {
    absl::MutexLock lock(&mutex_);
    limits_.bytes = bytes;
    senders.swap(waiting_);
  }
  for (const auto& sender : senders) sender->Signal(Direction::kWrite);
}

int DatagramSocket::TakeError() {
  absl::MutexLock lock(&mutex_);
  return std::exchange(error_, 0);
}

void DatagramSocket::SetError(int error) {
  {
    absl::MutexLock lock(&mutex_);
    error_ = error;
  }
  state_->Signal(Direction::kRead);
}

}  // namespace plumb
