// A LinkPolicy decides what becomes of the packets of a fake network: it may
// delay, drop, copy, change and hold them, and tear connections down.
//
//   class Lossy : public plumb::LinkPolicy {
//     plumb::Judgement AtSend(const plumb::Packet& packet,
//                             absl::Time) override {
//       if (packet.ordinal % 10 == 9) return plumb::Judgement::Drop("loss");
//       return plumb::Judgement::Pass(absl::Milliseconds(20));
//     }
//   };
//   plumb::FakeNetworkOptions options;
//   options.policy = std::make_shared<Lossy>();
//
// When it is asked:
//   AtSend     once for each packet, when it leaves its sender
//   InFlight   for each packet that is on its way or held, when
//              FakeNetwork::JudgeInFlight is called: so a partition reaches
//              what is under way, and what was held goes on
//   AtLanding  when it is there, before the receiver sees it
//
// What is asked about: segments of tcp (SYN, SYN-ACK, data, FIN, RST),
// datagrams of udp, and data, FIN and RST of unix streams. Not mere
// acknowledgments, and not what nothing can get between: unixgram, unixpacket,
// and the connecting of unix sockets; they are told to the observer alone.
//
// A stream stays a stream: what was dropped is sent again, 200 ms later and
// then at doubling intervals, on the network's clock; what overtakes waits at
// the receiver, and what comes twice is thrown away. When the 15th repetition
// is lost as well the connection fails with ETIMEDOUT, 924.6 s after the first.
// A lost SYN is repeated 5 times after a second each and then at doubling
// intervals, 10 times in all, before Dial fails with ETIMEDOUT after 131 s, as
// Linux does it since 6.5. A packet that is delayed or held is not sent again.
// Lost datagrams are gone.
//
// Threads: called by one thread at a time, without a lock, on whatever thread
// sends, or moves the clock. It must not block, and must not use the network
// but for starting what another thread does.
#ifndef PLUMB_BACKENDS_FAKE_LINK_POLICY_H_
#define PLUMB_BACKENDS_FAKE_LINK_POLICY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "backends/fake/packet.h"

namespace plumb {

struct Judgement {
  enum class Action : uint8_t {
    kPass,   // goes on, and lands after `delay`
    kDrop,   // is lost
    kHold,   // stays where it is until InFlight says something else
    kReset,  // is lost, and with it the connection: both ends read ECONNRESET.
             // Of a SYN, Dial is refused; of a datagram, a connected sender is
             // told ECONNREFUSED, as when nobody is there
  };

  static Judgement Pass(absl::Duration delay = absl::ZeroDuration()) {
    Judgement judgement;
    judgement.delay = delay;
    return judgement;
  }
  static Judgement Drop(absl::string_view rule) {
    return Do(Action::kDrop, rule);
  }
  static Judgement Hold(absl::string_view rule) {
    return Do(Action::kHold, rule);
  }
  static Judgement Reset(absl::string_view rule) {
    return Do(Action::kReset, rule);
  }

  Action action = Action::kPass;

  // Of kPass. From now; packets with different delays overtake each other.
  absl::Duration delay;
  // Of kPass in AtSend: one more of the same lands after each of these.
  std::vector<absl::Duration> copies;
  // Of kPass: what the packet carries from now on. Of a stream it is ignored
  // unless it has the size of what it replaces.
  std::optional<std::string> payload;
  // Of kPass in AtSend: who does these things, for PacketEvent::changes. Their
  // rules are to be there until the policy is asked again. Without an observer
  // (LinkControl::IsObserved) nobody looks at them.
  std::vector<PacketChange> changes;

  // Who says so, unless it just passes: PacketEvent::cause, and
  // ErrorInfo::injected_by of the errors that come of it.
  std::string rule;
  // That is a rule, and no event such as "crash of db": PacketEvent::by_rule.
  bool by_rule = true;

 private:
  static Judgement Do(Action action, absl::string_view rule) {
    Judgement judgement;
    judgement.action = action;
    judgement.rule = std::string(rule);
    return judgement;
  }
};

// What a policy may have the network do. Any thread.
class LinkControl {
 public:
  // As FakeNetwork::JudgeInFlight.
  virtual void JudgeInFlight() = 0;
  // Calls `function` when `delay` has passed on the network's clock, as one of
  // the calls of the policy; never, when the network goes before.
  virtual void CallAfter(absl::Duration delay,
                         absl::AnyInvocable<void()> function) = 0;
  // Whether the network has an observer.
  virtual bool IsObserved() const = 0;

 protected:
  ~LinkControl() = default;
};

class LinkPolicy {
 public:
  virtual ~LinkPolicy() = default;

  // Before all else, by the network that has this policy.
  virtual void Start(std::weak_ptr<LinkControl> network) {}

  // `now` is on the network's clock.
  virtual Judgement AtSend(const Packet&, absl::Time) {
    return Judgement::Pass();
  }
  // Nothing: it goes on, or stays held, as before. Pass counts from now.
  virtual std::optional<Judgement> InFlight(const Packet& packet,
                                            absl::Time now) {
    return std::nullopt;
  }
  // Pass with a delay: it lands, and is judged, again after it.
  virtual Judgement AtLanding(const Packet& packet, absl::Time now) {
    return Judgement::Pass();
  }

  // No packet of Packet::flow comes any more: its connection is gone, or its
  // sender, and nothing of it is on its way. Not called for what ends with the
  // network.
  virtual void EndFlow(uint64_t flow) {}
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_LINK_POLICY_H_
