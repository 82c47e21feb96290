#include "transport/pipe.h"

#include <memory>
#include <utility>

#include "transport/call.h"
#include "transport/extensions.h"
#include "transport/memory_stream.h"

namespace plumb {
namespace {

class PipeConn final : public Conn, public ReadCloser, public BlockedProbe {
 public:
  explicit PipeConn(StreamEnd end) : end_(std::move(end)) {}
  ~PipeConn() override { (void)Close(); }

  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override {
    return end_.Read(buffer);
  }
  absl::Status Write(absl::Span<const absl::string_view> pieces) override {
    return end_.Write(pieces);
  }
  absl::Status WaitReadable() override { return end_.WaitReadable(); }
  absl::Status CloseWrite() override { return end_.CloseWrite(); }
  absl::Status Close() override { return end_.Close(); }
  Addr LocalAddr() const override { return Addr::Named("pipe", "pipe"); }
  Addr RemoteAddr() const override { return Addr::Named("pipe", "pipe"); }
  absl::Status SetDeadline(Direction direction, absl::Time when) override {
    return end_.SetDeadline(direction, when);
  }
  void* Extension(absl::string_view name) override {
    return FindExtension<ReadCloser, BlockedProbe>(name, this);
  }

  absl::Status CloseRead() override { return end_.CloseRead(); }
  int BlockedCalls(Direction direction) const override {
    return end_.BlockedCalls(direction);
  }

 private:
  StreamEnd end_;
};

}  // namespace

std::pair<std::unique_ptr<Conn>, std::unique_ptr<Conn>> Pipe(
    PipeOptions options) {
  MemoryStreamOptions stream;
  stream.clock = options.clock;
  CallNames names;
  names.network = "pipe";
  const auto shared = std::make_shared<const CallNames>(std::move(names));
  for (StreamEndOptions& end : stream.ends) {
    end.names = shared;
    end.receive_buffer = options.buffer;
  }
  auto [near, far] = MakeMemoryStream(std::move(stream));
  return {std::make_unique<PipeConn>(std::move(near)),
          std::make_unique<PipeConn>(std::move(far))};
}

}  // namespace plumb
