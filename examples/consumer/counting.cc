#include "counting.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "transport/error.h"
#include "transport/forwarding.h"
#include "transport/forwarding_transport.h"

namespace {

using Bytes = std::shared_ptr<std::atomic<uint64_t>>;

class CountingConn final : public plumb::ForwardingConn {
 public:
  CountingConn(std::unique_ptr<plumb::Conn> inner, Bytes bytes)
      : ForwardingConn(std::move(inner)), bytes_(std::move(bytes)) {}
  ~CountingConn() override { Close().IgnoreError(); }

 private:
  absl::StatusOr<size_t> DoRead(absl::Span<char> buffer) override {
    absl::StatusOr<size_t> n = inner().Read(buffer);
    if (n.ok()) *bytes_ += *n;
    return n;
  }
  // One that fails may have written a part.
  absl::Status DoWrite(absl::Span<const absl::string_view> pieces) override {
    absl::Status status = inner().Write(pieces);
    if (status.ok()) {
      for (absl::string_view piece : pieces) *bytes_ += piece.size();
    } else if (const auto info = plumb::GetErrorInfo(status)) {
      *bytes_ += info->bytes_done;
    }
    return status;
  }

  const Bytes bytes_;
};

class CountingWrapper final : public plumb::Wrapper {
 public:
  explicit CountingWrapper(Bytes bytes) : bytes_(std::move(bytes)) {}

  std::unique_ptr<plumb::Conn> WrapConn(
      std::unique_ptr<plumb::Conn> conn) override {
    return std::make_unique<CountingConn>(std::move(conn), bytes_);
  }

 private:
  const Bytes bytes_;
};

}  // namespace

std::shared_ptr<plumb::Transport> Counting(
    std::shared_ptr<plumb::Transport> inner, Bytes bytes) {
  return std::make_shared<plumb::ForwardingTransport>(
      std::move(inner), std::make_shared<CountingWrapper>(std::move(bytes)));
}
