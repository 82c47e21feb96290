#include "transport/server/idle_timeout.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "transport/extensions.h"
#include "transport/forwarding.h"
#include "transport/scope.h"

namespace plumb {
namespace {

class IdleConn final : public ForwardingConn {
 public:
  IdleConn(std::unique_ptr<Conn> inner, absl::Duration timeout, Clock& clock)
      : ForwardingConn(
            std::move(inner),
            {TcpControl::kExtensionName, ReadCloser::kExtensionName,
             BufferControl::kExtensionName, MessageTraits::kExtensionName,
             PeerCredentials::kExtensionName}),
        timeout_(timeout),
        clock_(clock) {}
  ~IdleConn() override { Close().IgnoreError(); }

 private:
  absl::StatusOr<size_t> DoRead(absl::Span<char> buffer) override {
    DeadlineScope limit(timeout_, clock_);
    return inner().Read(buffer);
  }
  absl::Status DoWrite(absl::Span<const absl::string_view> pieces) override {
    DeadlineScope limit(timeout_, clock_);
    return inner().Write(pieces);
  }
  absl::Status DoWaitReadable() override {
    DeadlineScope limit(timeout_, clock_);
    return inner().WaitReadable();
  }

  const absl::Duration timeout_;
  Clock& clock_;
};

}  // namespace

std::unique_ptr<Conn> WithIdleTimeout(std::unique_ptr<Conn> conn,
                                      absl::Duration timeout, Clock& clock) {
  return std::make_unique<IdleConn>(std::move(conn), timeout, clock);
}

}  // namespace plumb
