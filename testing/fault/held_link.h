// Holds what goes from one host of a fake network to another, for a test to
// look at and to let go packet by packet:
//
//   plumb::HeldLink held(network, *policy, "web", "db");
//   ASSERT_TRUE(client->Write("one").ok());
//   ASSERT_TRUE(client->Write("two").ok());
//   EXPECT_EQ(held.Payloads(), (std::vector<std::string>{"one", "two"}));
//   held.Deliver(held.Packets()[1]);           // overtakes
//   held.Drop(held.Packets()[0]);              // is sent again, and held again
//
// It ends with the scope, and what is still held goes on. It is a rule of the
// policy's Faults, "held web>db", and stands before all others.
//
// Threads: any method at any time.
#ifndef PLUMB_TESTING_FAULT_HELD_LINK_H_
#define PLUMB_TESTING_FAULT_HELD_LINK_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "backends/fake/fake.h"
#include "backends/fake/packet.h"
#include "testing/fault/fault_policy.h"

namespace plumb {

class HeldLink {
 public:
  // `policy` is that of `network`; both outlive this. Hosts as in a rule's
  // match: empty is any.
  HeldLink(FakeNetwork& network, FaultPolicy& policy, absl::string_view from,
           absl::string_view to);
  HeldLink(const HeldLink&) = delete;
  HeldLink& operator=(const HeldLink&) = delete;
  ~HeldLink();

  // What it holds, in the order of sending.
  std::vector<PacketInFlight> Packets() const;
  // What these carry.
  std::vector<std::string> Payloads() const;

  // The packet goes on now, or is lost; nothing when it is not held any more.
  void Deliver(const PacketInFlight& packet);
  void Drop(const PacketInFlight& packet);
  // All that it holds now, in the order of sending.
  void DeliverAll();

 private:
  FakeNetwork& network_;
  FaultPolicy& policy_;
  const std::string rule_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_HELD_LINK_H_
