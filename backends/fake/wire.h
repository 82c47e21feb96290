// The Wire of a fake network carries its packets, when there is a policy that
// judges them or an observer that sees them. Without either there is none, and
// sockets hand bytes over directly.
//
// What happens to packets happens in one order, one thing at a time, and with
// no lock held: a thread that sends while another carries leaves it to that
// one.
//
// Threads: any method at any time.
#ifndef PLUMB_BACKENDS_FAKE_WIRE_H_
#define PLUMB_BACKENDS_FAKE_WIRE_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/fake/alarm_thread.h"
#include "backends/fake/link_policy.h"
#include "backends/fake/packet.h"
#include "backends/fake/packet_observer.h"
#include "transport/clock.h"
#include "transport/system_mutex.h"

namespace plumb {

class Wire final : public LinkControl,
                   public std::enable_shared_from_this<Wire> {
 public:
  // Whom a packet goes to, who knows its sender too. Called with no lock held,
  // one call at a time.
  class Target {
   public:
    virtual ~Target() = default;

    // It leaves its sender now: what it says of the other direction is set
    // here, where packets have their order. False: that was said meanwhile, and
    // the packet is not needed.
    virtual bool Leave(Packet& packet) { return true; }
    // It is there. Returns why it was dropped, or nothing.
    virtual absl::string_view Land(const Packet& packet) = 0;
    // The policy dropped it, or reset what it belongs to.
    virtual void Lose(const Packet& packet, absl::string_view rule) {}
    virtual void Reset(const Packet& packet, absl::string_view rule) {}
  };

  // At least one of the two is not null. `clock` outlives this.
  Wire(Clock& clock, std::shared_ptr<LinkPolicy> policy,
       std::shared_ptr<PacketObserver> observer);
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  ~Wire();

  // The number of a flow (Packet::flow). Who sends it keeps it, and so does
  // what is on its way; when the last one drops it, the policy is told.
  class Flow {
   public:
    Flow(std::weak_ptr<Wire> wire, uint64_t number)
        : wire_(std::move(wire)), number_(number) {}
    Flow(const Flow&) = delete;
    Flow& operator=(const Flow&) = delete;
    ~Flow();

    uint64_t number() const { return number_; }

   private:
    const std::weak_ptr<Wire> wire_;
    const uint64_t number_;
  };
  std::shared_ptr<const Flow> NewFlow() {
    return std::make_shared<Flow>(weak_from_this(),
                                  last_flow_.fetch_add(1) + 1);
  }

  // Leaves it here for Run; any lock may be held. The packet's id and payload
  // are set here.
  void Send(const Packet& packet, std::string payload,
            std::shared_ptr<Target> target);
  // The same for what only the observer is to know: it is sent and delivered.
  // Of `target`, which may be null, only Leave is called.
  void Note(const Packet& packet, std::shared_ptr<Target> target = nullptr);

  // Carries what was left. No lock may be held.
  void Run();

  // Calls `function` as part of what happens here.
  void CallAfter(absl::Duration delay,
                 absl::AnyInvocable<void()> function) override;

  bool IsObserved() const override { return observer_ != nullptr; }

  // See FakeNetwork.
  void JudgeInFlight() override;
  std::vector<PacketInFlight> InFlight() const;

 private:
  struct Parcel {
    Packet packet;
    std::shared_ptr<const std::string> payload;
    std::shared_ptr<Target> target;  // null for what is only noted

    void SetPayload(std::string bytes) {
      payload = std::make_shared<const std::string>(std::move(bytes));
      packet.payload = *payload;
    }
  };
  struct Waiting {
    Parcel parcel;
    bool held = false;
    AlarmClock::AlarmId alarm = 0;
  };

  // Any lock may be held.
  void EndFlow(uint64_t flow);
  void Post(absl::AnyInvocable<void()> step);
  void SetOut(Parcel&& parcel);
  void Arrive(Parcel&& parcel);
  // Does what `judgement` says; what passes without delay lands, or is judged
  // for landing.
  void Apply(Parcel&& parcel, Judgement judgement, bool at_landing);
  void Wait(Parcel parcel, absl::Duration delay);
  void Hold(Parcel parcel, const Judgement& judgement);
  void JudgeAll();
  // Takes it out, if it is still there.
  bool TakeWaiting(uint64_t key, Parcel* parcel);
  AlarmClock::AlarmId CallAt(absl::Duration delay,
                             absl::AnyInvocable<void()> step);
  void Tell(PacketEvent::Kind kind, const Packet& packet,
            absl::string_view cause = absl::string_view());
  void TellEnd(PacketEvent::Kind kind, const Packet& packet,
               const Judgement& judgement);
  void TellChanges(const Packet& packet,
                   absl::Span<const PacketChange> changes);

  Clock& clock_;
  const std::shared_ptr<LinkPolicy> policy_;
  const std::shared_ptr<PacketObserver> observer_;
  AlarmThread own_alarms_;
  AlarmClock& alarms_;
  std::atomic<uint64_t> last_flow_{0};

  mutable SystemMutex mutex_;
  bool running_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<absl::AnyInvocable<void()>> steps_ ABSL_GUARDED_BY(mutex_);
  uint64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t last_key_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_WIRE_H_
