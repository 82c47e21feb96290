#include "backends/fake/wire.h"

#include <optional>
#include <utility>

namespace plumb {

Wire::Wire(Clock& clock, std::shared_ptr<LinkPolicy> policy,
           std::shared_ptr<PacketObserver> observer)
    : clock_(clock),
      policy_(std::move(policy)),
      observer_(std::move(observer)),
      own_alarms_(clock),
      alarms_(clock.alarms() != nullptr ? *clock.alarms() : own_alarms_) {}

Wire::~Wire() {
  std::map<uint64_t, Waiting> waiting;
  {
    SystemMutexLock lock(&mutex_);
    waiting.swap(waiting_);
  }
  for (const auto& [key, one] : waiting) {
    if (!one.held) alarms_.Cancel(one.alarm);
  }
}

Wire::Flow::~Flow() {
  if (const auto wire = wire_.lock()) wire->EndFlow(number_);
}

void Wire::EndFlow(uint64_t flow) {
  if (policy_ == nullptr) return;
  SystemMutexLock lock(&mutex_);
  steps_.push_back([this, flow] { policy_->EndFlow(flow); });
}

void Wire::Send(const Packet& packet, std::string payload,
                std::shared_ptr<Target> target) {
  Parcel parcel = {packet, nullptr, std::move(target)};
  parcel.SetPayload(std::move(payload));
  SystemMutexLock lock(&mutex_);
  parcel.packet.id = ++last_id_;
  steps_.push_back([this, parcel = std::move(parcel)]() mutable {
    SetOut(std::move(parcel));
  });
}

void Wire::Note(const Packet& packet, std::shared_ptr<Target> target) {
  if (observer_ == nullptr) return;
  Parcel parcel = {packet, nullptr, std::move(target)};
  parcel.SetPayload(std::string(packet.payload));
  SystemMutexLock lock(&mutex_);
  parcel.packet.id = ++last_id_;
  steps_.push_back([this, parcel = std::move(parcel)]() mutable {
    if (parcel.target != nullptr && !parcel.target->Leave(parcel.packet)) {
      return;
    }
    Tell(PacketEvent::Kind::kSent, parcel.packet);
    Tell(PacketEvent::Kind::kDelivered, parcel.packet);
  });
}

void Wire::Post(absl::AnyInvocable<void()> step) {
  {
    SystemMutexLock lock(&mutex_);
    steps_.push_back(std::move(step));
  }
  Run();
}

void Wire::Run() {
  const std::shared_ptr<Wire> keep = shared_from_this();
  for (;;) {
    absl::AnyInvocable<void()> step;
    {
      SystemMutexLock lock(&mutex_);
      if (running_ || steps_.empty()) return;
      running_ = true;
      step = std::move(steps_.front());
      steps_.pop_front();
    }
    step();
    step = nullptr;
    SystemMutexLock lock(&mutex_);
    running_ = false;
  }
}

void Wire::SetOut(Parcel&& parcel) {
  if (!parcel.target->Leave(parcel.packet)) return;
  Tell(PacketEvent::Kind::kSent, parcel.packet);
  Judgement judgement;
  if (policy_ != nullptr) {
    judgement = policy_->AtSend(parcel.packet, clock_.TimeNow());
  }
  Apply(std::move(parcel), std::move(judgement), false);
}

void Wire::Arrive(Parcel&& parcel) {
  Judgement judgement;
  if (policy_ != nullptr) {
    judgement = policy_->AtLanding(parcel.packet, clock_.TimeNow());
  }
  Apply(std::move(parcel), std::move(judgement), true);
}

void Wire::Apply(Parcel&& parcel, Judgement judgement, bool at_landing) {
  const bool stream = parcel.packet.flags != 0;
  if (judgement.payload.has_value() &&
      (!stream || judgement.payload->size() == parcel.packet.payload.size())) {
    parcel.SetPayload(*std::move(judgement.payload));
  }
  switch (judgement.action) {
    case Judgement::Action::kHold:
      return Hold(std::move(parcel), judgement);
    case Judgement::Action::kDrop:
      TellEnd(PacketEvent::Kind::kDropped, parcel.packet, judgement);
      return parcel.target->Lose(parcel.packet, judgement.rule);
    case Judgement::Action::kReset:
      TellEnd(PacketEvent::Kind::kDropped, parcel.packet, judgement);
      return parcel.target->Reset(parcel.packet, judgement.rule);
    case Judgement::Action::kPass:
      break;
  }
  if (!at_landing) {
    TellChanges(parcel.packet, judgement.changes);
    for (absl::Duration delay : judgement.copies) {
      Tell(PacketEvent::Kind::kSent, parcel.packet);
      TellChanges(parcel.packet, judgement.changes);
      Wait(parcel, delay);
    }
  }
  if (judgement.delay > absl::ZeroDuration()) {
    return Wait(std::move(parcel), judgement.delay);
  }
  if (!at_landing) return Arrive(std::move(parcel));
  const absl::string_view cause = parcel.target->Land(parcel.packet);
  Tell(cause.empty() ? PacketEvent::Kind::kDelivered
                     : PacketEvent::Kind::kDropped,
       parcel.packet, cause);
}

void Wire::Wait(Parcel parcel, absl::Duration delay) {
  uint64_t key;
  {
    SystemMutexLock lock(&mutex_);
    key = ++last_key_;
    waiting_[key].parcel = std::move(parcel);
  }
  const AlarmClock::AlarmId alarm = CallAt(delay, [this, key] {
    Parcel due;
    if (TakeWaiting(key, &due)) Arrive(std::move(due));
  });
  SystemMutexLock lock(&mutex_);
  auto it = waiting_.find(key);
  if (it != waiting_.end()) it->second.alarm = alarm;
}

void Wire::Hold(Parcel parcel, const Judgement& judgement) {
  TellEnd(PacketEvent::Kind::kHeld, parcel.packet, judgement);
  SystemMutexLock lock(&mutex_);
  Waiting& waiting = waiting_[++last_key_];
  waiting.parcel = std::move(parcel);
  waiting.held = true;
}

bool Wire::TakeWaiting(uint64_t key, Parcel* parcel) {
  AlarmClock::AlarmId alarm = 0;
  bool held;
  {
    SystemMutexLock lock(&mutex_);
    auto it = waiting_.find(key);
    if (it == waiting_.end()) return false;
    *parcel = std::move(it->second.parcel);
    alarm = it->second.alarm;
    held = it->second.held;
    waiting_.erase(it);
  }
  if (!held) alarms_.Cancel(alarm);
  return true;
}

AlarmClock::AlarmId Wire::CallAt(absl::Duration delay,
                                 absl::AnyInvocable<void()> step) {
  return alarms_.CallAt(
      clock_.MonotonicAfter(delay),
      [weak = weak_from_this(), step = std::move(step)]() mutable {
        if (const auto wire = weak.lock()) wire->Post(std::move(step));
      });
}

void Wire::CallAfter(absl::Duration delay,
                     absl::AnyInvocable<void()> function) {
  CallAt(delay, std::move(function));
}

void Wire::JudgeInFlight() {
  Post([this] { JudgeAll(); });
}

void Wire::JudgeAll() {
  if (policy_ == nullptr) return;
  std::vector<std::pair<uint64_t, Parcel>> all;
  {
    SystemMutexLock lock(&mutex_);
    for (const auto& [key, one] : waiting_) all.emplace_back(key, one.parcel);
  }
  for (auto& [key, parcel] : all) {
    std::optional<Judgement> judgement =
        policy_->InFlight(parcel.packet, clock_.TimeNow());
    if (!judgement.has_value()) continue;
    if (TakeWaiting(key, &parcel)) {
      judgement->copies.clear();
      judgement->changes.clear();
      Apply(std::move(parcel), *std::move(judgement), false);
    }
  }
}

std::vector<PacketInFlight> Wire::InFlight() const {
  std::vector<PacketInFlight> packets;
  SystemMutexLock lock(&mutex_);
  for (const auto& [key, one] : waiting_) {
    packets.push_back({one.parcel.packet, one.parcel.payload, one.held});
  }
  return packets;
}

void Wire::Tell(PacketEvent::Kind kind, const Packet& packet,
                absl::string_view cause) {
  if (observer_ == nullptr) return;
  observer_->OnPacket({kind, packet, clock_.TimeNow(), cause});
}

void Wire::TellEnd(PacketEvent::Kind kind, const Packet& packet,
                   const Judgement& judgement) {
  if (observer_ == nullptr) return;
  observer_->OnPacket(
      {kind, packet, clock_.TimeNow(), judgement.rule, judgement.by_rule});
}

void Wire::TellChanges(const Packet& packet,
                       absl::Span<const PacketChange> changes) {
  if (observer_ == nullptr || changes.empty()) return;
  PacketEvent event = {PacketEvent::Kind::kChanged, packet, clock_.TimeNow(),
                       absl::string_view()};
  event.changes = changes;
  observer_->OnPacket(event);
}

}  // namespace plumb
