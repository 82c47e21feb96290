#include "backends/fake/handshake.h"

#include <cerrno>
#include <utility>

#include "absl/time/time.h"
#include "transport/info_reason.h"

namespace plumb {
namespace {

// As Linux has them since 6.5: tcp_syn_linear_timeouts and tcp_syn_retries.
constexpr int kLinear = 4;
constexpr int kRepetitions = kLinear + 6;

// When the SYN is repeated for the `attempt`th time: every second at first, and
// then at intervals that double.
MonotonicNanos RepeatAt(MonotonicNanos start, int attempt) {
  const int64_t seconds =
      attempt <= kLinear ? attempt
                         : kLinear + (int64_t{1} << (attempt - kLinear)) - 1;
  return start + absl::ToInt64Nanoseconds(absl::Seconds(seconds));
}

}  // namespace

class Handshake::Arrival final : public Wire::Target {
 public:
  Arrival(std::weak_ptr<Handshake> handshake,
          std::shared_ptr<const Wire::Flow> flow)
      : handshake_(std::move(handshake)), flow_(std::move(flow)) {}

  absl::string_view Land(const Packet& packet) override {
    const auto handshake = handshake_.lock();
    if (handshake == nullptr) return "nobody dials any more";
    return packet.Has(Packet::kAck) ? handshake->LandSynAck()
                                    : handshake->LandSyn();
  }
  void Lose(const Packet&, absl::string_view rule) override {
    if (const auto handshake = handshake_.lock()) handshake->Lose(rule);
  }
  void Reset(const Packet&, absl::string_view rule) override {
    const auto handshake = handshake_.lock();
    if (handshake == nullptr) return;
    handshake->wire_->Note(handshake->link_->Refusal());
    handshake->Finish(Dialing::kRefused, rule);
  }

 private:
  const std::weak_ptr<Handshake> handshake_;
  const std::shared_ptr<const Wire::Flow> flow_;
};

MonotonicNanos GiveUpSyn(MonotonicNanos start) {
  return RepeatAt(start, kRepetitions + 1);
}

absl::Status Handshake::Run(Call& call, const ErrorInfo& info) {
  const InfoReason reason(info);
  call.set_reason(&reason);
  Clock& clock = dialing_->state.clock();
  const MonotonicNanos start = clock.MonotonicNow();
  int attempt = 0;
  bool timed_out = false;
  while (call.ok() && result() == Dialing::kWaiting && !timed_out) {
    const MonotonicNanos now = clock.MonotonicNow();
    timed_out = now >= GiveUpSyn(start);
    if (!timed_out && now >= RepeatAt(start, attempt)) {
      wire_->Send(link_->Syn(attempt++), "", MakeArrival());
      wire_->Run();
    } else if (!timed_out) {
      call.WaitUntil(RepeatAt(start, attempt));
    }
  }
  SystemMutexLock lock(&mutex_);
  abandoned_ = true;
  if (result_ == Dialing::kConnected) return absl::OkStatus();
  if (result_ == Dialing::kWaiting && !call.ok()) {
    return CallError(call.outcome(), info);
  }
  ErrorInfo failed = info;
  failed.injected_by = rule_;
  return ErrnoError(std::move(failed), "connect",
                    result_ == Dialing::kWaiting ? ETIMEDOUT : ECONNREFUSED);
}

Dialing::Result Handshake::result() {
  SystemMutexLock lock(&mutex_);
  return result_;
}

std::shared_ptr<Wire::Target> Handshake::MakeArrival() {
  return std::make_shared<Arrival>(weak_from_this(), link_->flow());
}

absl::string_view Handshake::LandSyn() {
  if (result() != Dialing::kWaiting) return absl::string_view();
  queue_ = steps_.find();
  if (queue_ == nullptr) {
    wire_->Note(link_->Refusal());
    Finish(Dialing::kRefused, absl::string_view());
    return absl::string_view();
  }
  if (!queue_->HasRoom()) return "the backlog is full";
  ShowAnswer();
  wire_->Send(link_->SynAck(steps_.receive_buffer(*queue_)), "", MakeArrival());
  return absl::string_view();
}

void Handshake::ShowAnswer() {
  {
    SystemMutexLock lock(&mutex_);
    if (abandoned_ || answer_ != nullptr) return;
  }
  std::shared_ptr<ShownRow> answer = steps_.answer(*queue_);
  SystemMutexLock lock(&mutex_);
  if (!abandoned_) answer_.swap(answer);
}

void Handshake::HideAnswer() {
  std::shared_ptr<ShownRow> answer;
  SystemMutexLock lock(&mutex_);
  answer.swap(answer_);
}

absl::string_view Handshake::LandSynAck() {
  {
    SystemMutexLock lock(&mutex_);
    if (result_ != Dialing::kWaiting) return absl::string_view();
    if (abandoned_) return "nobody dials any more";
  }
  HideAnswer();
  wire_->Note(link_->HandshakeAck());
  Dialing::Result connected = steps_.connect(*queue_);
  // Another took the place in the meantime: the SYN will be repeated, unless
  // there is a place again by now.
  if (connected == Dialing::kWaiting) connected = queue_->GiveUp(dialing_);
  Finish(connected, absl::string_view());
  return absl::string_view();
}

void Handshake::Lose(absl::string_view rule) {
  SystemMutexLock lock(&mutex_);
  if (result_ == Dialing::kWaiting) rule_ = std::string(rule);
}

void Handshake::Finish(Dialing::Result result, absl::string_view rule) {
  {
    SystemMutexLock lock(&mutex_);
    if (result_ != Dialing::kWaiting) return;
    result_ = result;
    rule_ = std::string(rule);
  }
  dialing_->state.Signal(Direction::kWrite);
}

}  // namespace plumb
