#include "backends/fake/datagram_socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "absl/algorithm/container.h"
#include "transport/direction.h"

namespace plumb {

int DatagramSocket::LookLocked(absl::Span<char> buffer, Received* received) {
  if (error_ != 0) return std::exchange(error_, 0);
  if (queue_.empty()) return EAGAIN;
  const Queued& next = queue_.front();
  const std::string& data = next.datagram.data;
  received->full_size = data.size();
  received->size = std::min(buffer.size(), data.size());
  received->from = next.from;
  if (received->size > 0) {
    std::memcpy(buffer.data(), data.data(), received->size);
  }
  return 0;
}

int DatagramSocket::Peek(absl::Span<char> buffer, Received* received) {
  SystemMutexLock lock(&mutex_);
  return LookLocked(buffer, received);
}

int DatagramSocket::Receive(absl::Span<char> buffer, Received* received,
                            std::vector<Descriptor>* handles) {
  std::vector<std::shared_ptr<CallState>> senders;
  Datagram taken;
  {
    SystemMutexLock lock(&mutex_);
    const int error = LookLocked(buffer, received);
    if (error != 0) return error;
    taken = std::move(queue_.front().datagram);
    queued_bytes_ -= taken.data.size() + kOverhead;
    queue_.pop_front();
    senders.swap(waiting_);
  }
  if (handles != nullptr) *handles = std::move(taken.handles);
  for (const auto& sender : senders) sender->Signal(Direction::kWrite);
  return 0;
}

bool DatagramSocket::Readable() const {
  SystemMutexLock lock(&mutex_);
  return error_ != 0 || !queue_.empty();
}

NetstatRow DatagramSocket::Row() const {
  const CallNames& names = *state_->names();
  NetstatRow row;
  row.network = names.network;
  row.local = names.source;
  row.remote = names.addr;
  if (peer_.has_value()) row.state = "ESTABLISHED";
  row.in_flight = BytesInFlight();
  SystemMutexLock lock(&mutex_);
  for (const Queued& one : queue_) row.unread += one.datagram.data.size();
  return row;
}

bool DatagramSocket::HasRoom(size_t size) const {
  if (queue_.empty()) return true;
  return queue_.size() <= limits_.messages &&
         queued_bytes_ + size + kOverhead <= limits_.bytes;
}

DatagramSink::Verdict DatagramSocket::Deliver(
    const Addr& from, Datagram& datagram,
    const std::shared_ptr<CallState>& sender) {
  {
    SystemMutexLock lock(&mutex_);
    if (shut_) return Verdict::kRefused;
    if (!TakesFrom(from, sender.get())) return Verdict::kNotAllowed;
    if (!HasRoom(datagram.data.size())) {
      if (!limits_.sender_waits || sender == nullptr) return Verdict::kDropped;
      if (!absl::c_linear_search(waiting_, sender)) waiting_.push_back(sender);
      return Verdict::kFull;
    }
    queued_bytes_ += datagram.data.size() + kOverhead;
    queue_.push_back({std::move(datagram), from});
  }
  state_->Signal(Direction::kRead);
  return Verdict::kTaken;
}

void DatagramSocket::Shut() {
  {
    SystemMutexLock lock(&mutex_);
    shut_ = true;
  }
  Purge();
}

void DatagramSocket::Purge() {
  std::vector<std::shared_ptr<CallState>> senders;
  std::deque<Queued> dropped;  // descriptors are closed without the lock
  {
    SystemMutexLock lock(&mutex_);
    dropped.swap(queue_);
    queued_bytes_ = 0;
    senders.swap(waiting_);
  }
  for (const auto& sender : senders) sender->Signal(Direction::kWrite);
}

void DatagramSocket::SetReceiveBuffer(size_t bytes) {
  std::vector<std::shared_ptr<CallState>> senders;
  {
    SystemMutexLock lock(&mutex_);
    limits_.bytes = bytes;
    senders.swap(waiting_);
  }
  for (const auto& sender : senders) sender->Signal(Direction::kWrite);
}

int DatagramSocket::TakeError() {
  SystemMutexLock lock(&mutex_);
  return std::exchange(error_, 0);
}

void DatagramSocket::SetError(int error) {
  {
    SystemMutexLock lock(&mutex_);
    error_ = error;
  }
  state_->Signal(Direction::kRead);
}

}  // namespace plumb
