#include "transport/server/request_timeout.h"

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "transport/scope.h"
#include "transport/server/timed_conn.h"
#include "transport/system_mutex.h"

namespace plumb {
namespace {

class RequestConn final : public TimedConn {
 public:
  using TimedConn::TimedConn;
  ~RequestConn() override { Close().IgnoreError(); }

 private:
  absl::StatusOr<size_t> DoRead(absl::Span<char> buffer) override {
    DeadlineScope limit(EndBeforeReading(), clock());
    absl::StatusOr<size_t> n = inner().Read(buffer);
    if (n.ok() && !buffer.empty()) Begin();
    return n;
  }
  absl::Status DoWaitReadable() override {
    DeadlineScope limit(EndBeforeReading(), clock());
    absl::Status status = inner().WaitReadable();
    if (status.ok()) Begin();
    return status;
  }
  absl::Status DoWrite(absl::Span<const absl::string_view> pieces) override {
    DeadlineScope limit(End(), clock());
    absl::Status status = inner().Write(pieces);
    if (status.ok()) MarkAnswered();
    return status;
  }

  void Begin() {
    SystemMutexLock lock(&mutex_);
    if (end_ == absl::InfiniteFuture()) end_ = clock().TimeNow() + timeout();
  }
  void MarkAnswered() {
    SystemMutexLock lock(&mutex_);
    answered_ = end_ != absl::InfiniteFuture();
  }
  absl::Time End() {
    SystemMutexLock lock(&mutex_);
    return end_;
  }
  // Who reads after an answer asks for the next request.
  absl::Time EndBeforeReading() {
    SystemMutexLock lock(&mutex_);
    if (std::exchange(answered_, false)) end_ = absl::InfiniteFuture();
    return end_;
  }

  SystemMutex mutex_;
  // Of the request that has begun; infinite between requests.
  absl::Time end_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  bool answered_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

std::unique_ptr<Conn> WithRequestTimeout(std::unique_ptr<Conn> conn,
                                         absl::Duration timeout, Clock& clock) {
  return std::make_unique<RequestConn>(std::move(conn), timeout, clock);
}

}  // namespace plumb
