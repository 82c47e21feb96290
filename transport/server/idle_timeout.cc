#include "transport/server/idle_timeout.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "transport/scope.h"
#include "transport/server/timed_conn.h"

namespace plumb {
namespace {

class IdleConn final : public TimedConn {
 public:
  using TimedConn::TimedConn;
  ~IdleConn() override { Close().IgnoreError(); }

 private:
  absl::StatusOr<size_t> DoRead(absl::Span<char> buffer) override {
    DeadlineScope limit(timeout(), clock());
    return inner().Read(buffer);
  }
  absl::Status DoWrite(absl::Span<const absl::string_view> pieces) override {
    DeadlineScope limit(timeout(), clock());
    return inner().Write(pieces);
  }
  absl::Status DoWaitReadable() override {
    DeadlineScope limit(timeout(), clock());
    return inner().WaitReadable();
  }
};

}  // namespace

std::unique_ptr<Conn> WithIdleTimeout(std::unique_ptr<Conn> conn,
                                      absl::Duration timeout, Clock& clock) {
  return std::make_unique<IdleConn>(std::move(conn), timeout, clock);
}

}  // namespace plumb
