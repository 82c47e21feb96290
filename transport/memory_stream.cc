#include "transport/memory_stream.h"

#include <utility>

namespace plumb {

StreamEnd::StreamEnd(std::shared_ptr<StreamPair> pair, int side)
    : pair_(std::move(pair)), side_(side) {}

absl::Status StreamEnd::WaitReadable() { return pair_->WaitReadable(side_); }

absl::Status StreamEnd::CloseWrite() { return pair_->CloseWrite(side_); }

absl::Status StreamEnd::CloseRead() { return pair_->CloseRead(side_); }

absl::Status StreamEnd::SetDeadline(Direction direction, absl::Time when) {
  return pair_->SetDeadline(side_, direction, when);
}

absl::Status StreamEnd::Close(StreamClose how, absl::Duration linger,
                              absl::FunctionRef<void()> release) {
  return pair_->Close(side_, how, linger, release);
}

absl::Status StreamEnd::SetSendBuffer(size_t bytes) {
  return pair_->SetSendBuffer(side_, bytes);
}

absl::Status StreamEnd::SetReceiveBuffer(size_t bytes) {
  return pair_->SetReceiveBuffer(side_, bytes);
}

int StreamEnd::BlockedCalls(Direction direction) const {
  if (direction != Direction::kBoth) return pair_->Blocked(side_, direction);
  return pair_->Blocked(side_, Direction::kRead) +
         pair_->Blocked(side_, Direction::kWrite);
}

const CallNames& StreamEnd::names() const {
  return *pair_->state(side_).names();
}

CallState& StreamEnd::state() { return pair_->state(side_); }

std::pair<StreamEnd, StreamEnd> MakeMemoryStream(MemoryStreamOptions options) {
  auto pair = std::make_shared<StreamPair>(options);
  if (options.link != nullptr) options.link->Attach(pair);
  return {StreamEnd(pair, 0), StreamEnd(pair, 1)};
}

}  // namespace plumb
