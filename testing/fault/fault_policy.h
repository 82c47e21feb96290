// A FaultPolicy carries out a fault plan on a fake network.
//
//   const plumb::FaultSetting setting = {{plumb::FaultTarget::kFake},
//                                        {"web", "db"}};
//   auto faults = plumb::MakeFaults(plan, setting, clock);
//   plumb::FakeNetworkOptions options;
//   options.clock = &clock;
//   options.policy = std::make_shared<plumb::FaultPolicy>(*faults);
//   plumb::FakeNetwork network(options);
//
// Hosts are those of the network, by name; time is the network's clock, which
// is to be the plan's too. When a rule is turned on or off, by hand or by time,
// what is on its way and what is held is judged again.
//
// An error that comes of a rule has its id as ErrorInfo::injected_by, and
// PacketEvents have it: those of what was dropped or held as their cause, and
// kChanged with each rule that delayed, copied or corrupted the packet. What
// comes of a host is told as that, "crash of db", and not as a rule's doing.
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
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "backends/fake/link_policy.h"
#include "backends/fake/packet.h"
#include "testing/fault/fault_flow.h"
#include "testing/fault/fault_link.h"
#include "testing/fault/faults.h"
#include "transport/addr.h"
#include "transport/system_mutex.h"

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
  void EndFlow(uint64_t flow) override;

  // For HeldLink. The ids of the packets that the rule holds.
  std::vector<uint64_t> HeldBy(absl::string_view rule) const;
  // Has the packet judged so, in place of what rules say, if it is on its way
  // or held.
  void Decide(uint64_t packet_id, Judgement judgement);

 private:
  // One direction of a connection, or what a sender sends to one receiver.
  struct Way {
    Addr source;
    Addr destination;
    std::unique_ptr<FaultLink> link;
  };
  // A connection, or a sender of datagrams.
  struct Flow {
    std::shared_ptr<FaultFlow> flow = std::make_shared<FaultFlow>();
    uint64_t instance = 0;
    // Of a connection, whose addresses stay: by Packet::side.
    std::unique_ptr<FaultLink> sides[2];
    // Of a sender of datagrams, which has few receivers; looking through them
    // is faster than the hash of two addresses.
    absl::InlinedVector<Way, 2> first;
    // The others, by source and destination.
    absl::flat_hash_map<std::pair<Addr, Addr>, std::unique_ptr<FaultLink>> rest;
  };

  FaultLink& LinkOf(const Packet& packet);
  Flow& FlowOf(const Packet& packet);
  FaultLink& LinkOfDatagram(const Packet& packet, Flow& flow);
  std::unique_ptr<FaultLink> MakeLink(const Packet& packet, const Flow& flow);
  uint64_t InstanceOf(const Packet& packet);
  void AwaitEdge();
  std::string HolderOf(uint64_t packet_id) const;
  void SetHolder(uint64_t packet_id, absl::string_view rule);

  const std::shared_ptr<Faults> faults_;
  uint64_t subscription_ = 0;
  std::weak_ptr<LinkControl> network_;
  bool is_observed_ = false;

  // Used by one thread at a time, which the network sees to.
  absl::flat_hash_map<uint64_t, std::unique_ptr<Flow>> flows_;
  // The one that was asked for last: what is sent most often lands next.
  uint64_t last_number_ = 0;
  Flow* last_flow_ = nullptr;
  std::map<std::string, uint64_t> unix_connections_;  // by their two names

  mutable SystemMutex mutex_;
  absl::Time awaited_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  // By the packet's id.
  std::map<uint64_t, std::string> holders_ ABSL_GUARDED_BY(mutex_);
  std::map<uint64_t, Judgement> decisions_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_POLICY_H_
