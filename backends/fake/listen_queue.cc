#include "backends/fake/listen_queue.h"

#include "absl/algorithm/container.h"
#include "transport/direction.h"

namespace plumb {
namespace {

const char* StateName(const StreamStatus& status) {
  if (status.was_reset) return "RESET";
  if (!status.sent_end) return status.got_end ? "CLOSE_WAIT" : "ESTABLISHED";
  if (status.end_arrived) return status.got_end ? "CLOSED" : "FIN_WAIT2";
  if (!status.got_end) return "FIN_WAIT1";
  return status.ended_first ? "CLOSING" : "LAST_ACK";
}

}  // namespace

NetstatRow FakeConn::RowOf(const CallNames& names,
                           const StreamStatus& status) const {
  NetstatRow row;
  const Shown how = shown().load(std::memory_order_relaxed);
  if (how == Shown::kNot) return row;
  row.network = names.network;
  row.local = names.source;
  row.remote = names.addr;
  row.unread = status.unread;
  row.in_flight = status.in_flight;
  row.state = how == Shown::kDialling ? "SYN_SENT" : StateName(status);
  return row;
}

Dialing::Result ListenQueue::Push(std::unique_ptr<FakeConn> conn,
                                  FakeConn& near,
                                  const std::shared_ptr<Dialing>& dialing) {
  const Dialing::Result result = Queue(conn, near, dialing);
  if (result == Dialing::kConnected) state_.Signal(Direction::kRead);
  if (result == Dialing::kRefused) conn->Reset();
  return result;
}

Dialing::Result ListenQueue::Queue(std::unique_ptr<FakeConn>& conn,
                                   FakeConn& near,
                                   const std::shared_ptr<Dialing>& dialing) {
  SystemMutexLock lock(&mutex_);
  if (shut_) return Dialing::kRefused;
  if (queued_.size() > backlog_) {
    dialing->result = Dialing::kWaiting;
    near.Show(FakeConn::Shown::kDialling);
    waiting_.push_back({std::move(conn), &near, dialing});
    return Dialing::kWaiting;
  }
  conn->Show(FakeConn::Shown::kConnected);
  near.Show(FakeConn::Shown::kConnected);
  queued_.push_back(std::move(conn));
  return Dialing::kConnected;
}

bool ListenQueue::HasRoom() {
  SystemMutexLock lock(&mutex_);
  return shut_ || queued_.size() <= backlog_;
}

size_t ListenQueue::Pending() const {
  SystemMutexLock lock(&mutex_);
  return queued_.size() + waiting_.size();
}

NetstatRow ListenQueue::Row() const {
  const CallNames& names = *state_.names();
  NetstatRow row;
  row.network = names.network;
  row.local = names.addr;
  row.state = "LISTEN";
  row.unread = Pending();
  return row;
}

Dialing::Result ListenQueue::ResultOf(const Dialing& dialing) {
  SystemMutexLock lock(&mutex_);
  return dialing.result;
}

Dialing::Result ListenQueue::GiveUp(const std::shared_ptr<Dialing>& dialing) {
  std::unique_ptr<FakeConn> conn;
  Dialing::Result result;
  {
    SystemMutexLock lock(&mutex_);
    result = dialing->result;
    const auto it = absl::c_find_if(
        waiting_, [&](const Waiting& one) { return one.dialing == dialing; });
    if (it != waiting_.end()) {
      conn = std::move(it->conn);
      waiting_.erase(it);
    }
  }
  if (conn != nullptr) conn->Reset();
  return result;
}

std::unique_ptr<FakeConn> ListenQueue::Pop() {
  std::unique_ptr<FakeConn> conn;
  std::shared_ptr<Dialing> connected;
  {
    SystemMutexLock lock(&mutex_);
    if (queued_.empty()) return nullptr;
    conn = std::move(queued_.front());
    queued_.pop_front();
    if (!waiting_.empty()) {
      Waiting& next = waiting_.front();
      next.conn->Show(FakeConn::Shown::kConnected);
      next.near->Show(FakeConn::Shown::kConnected);
      queued_.push_back(std::move(next.conn));
      connected = std::move(next.dialing);
      connected->result = Dialing::kConnected;
      waiting_.pop_front();
    }
  }
  if (connected != nullptr) connected->state.Signal(Direction::kWrite);
  return conn;
}

void ListenQueue::Shut() {
  std::deque<std::unique_ptr<FakeConn>> queued;
  std::deque<Waiting> waiting;
  {
    SystemMutexLock lock(&mutex_);
    shut_ = true;
    queued.swap(queued_);
    waiting.swap(waiting_);
    for (Waiting& one : waiting) one.dialing->result = Dialing::kRefused;
  }
  for (const std::unique_ptr<FakeConn>& conn : queued) conn->Reset();
  for (Waiting& one : waiting) {
    one.conn->Reset();
    one.dialing->state.Signal(Direction::kWrite);
  }
}

}  // namespace plumb
