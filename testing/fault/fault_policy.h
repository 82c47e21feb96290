// A FaultPolicy carries out a fault plan on a fake network.
//
//   auto faults = plumb::MakeFaults(plan, {{plumb::FaultTarget::kFake}},
//   clock); plumb::FakeNetworkOptions options; options.clock = &clock;
//   options.policy = std::make_shared<plumb::FaultPolicy>(*faults);
//   plumb::FakeNetwork network(options);
//
// Hosts are those of the network, by name; time is the network's clock, which
// is to be the plan's too. When a rule is turned on or off, by hand or by time,
// what is on its way and what is held is judged again.
//
// An error that comes of a rule has its id as ErrorInfo::injected_by, and so
// does the PacketEvent of what was dropped or held as its cause.
//
// Threads: as LinkPolicy; the methods for a test at any time.
//
// Lifetime: one FaultPolicy for one FakeNetwork.
#ifndef PLUMB_TESTING_FAULT_FAULT_POLICY_H_
#define PLUMB_TESTING_FAULT_FAULT_POLICY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "backends/fake/link_policy.h"
#include "backends/fake/packet.h"
#include "testing/fault/fault_link.h"
#include "testing/fault/faults.h"
#include "transport/addr.h"

namespace plumb {

class FaultPolicy final : public LinkPolicy {
 public:
  explicit FaultPolicy(std::shared_ptr<Faults> faults);
  ~FaultPolicy() override;

  const std::shared_ptr<Faults>& faults() const { return faults_; }

  void Start(std::weak_ptr<LinkControl> link) override;
  Judgement AtSend(const Packet& packet, absl::Time now) override;
  std::optional<Judgement> InFlight(const Packet& packet,
                                    absl::Time now) override;
  Judgement AtLanding(const Packet& packet, absl::Time now) override;

  // For HeldLink. The ids of the packets that the rule holds.
  std::vector<uint64_t> HeldBy(absl::string_view rule) const;
  // Has the packet judged so, in place of what rules say, if it is on its way
  // or held.
  void Decide(uint64_t packet_id, Judgement judgement);

 private:
  struct Key {
    uint64_t flow;
    Addr source;
    Addr destination;

    friend bool operator==(const Key& a, const Key& b) {
      return a.flow == b.flow && a.source == b.source &&
             a.destination == b.destination;
    }
    template <typename H>
    friend H AbslHashValue(H h, const Key& key) {
      return H::combine(std::move(h), key.flow, key.source, key.destination);
    }
  };

  FaultLink& LinkOf(const Packet& packet);
  uint64_t InstanceOf(const Packet& packet);
  void AwaitEdge();
  std::string HolderOf(uint64_t packet_id) const;
  void SetHolder(uint64_t packet_id, absl::string_view rule);

  const std::shared_ptr<Faults> faults_;
  uint64_t subscription_ = 0;
  std::weak_ptr<LinkControl> network_;

  // Used by one thread at a time, which the network sees to.
  absl::flat_hash_map<Key, std::unique_ptr<FaultLink>> links_;
  std::map<std::string, uint64_t> unix_connections_;
  absl::flat_hash_map<uint64_t, uint64_t> unix_instances_;  // by flow

  mutable absl::Mutex mutex_;
  absl::Time awaited_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  // By the packet's id.
  std::map<uint64_t, std::string> holders_ ABSL_GUARDED_BY(mutex_);
  std::map<uint64_t, Judgement> decisions_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_POLICY_H_
