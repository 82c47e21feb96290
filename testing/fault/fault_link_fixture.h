// What tests of links have in common: two hosts, packets between them, and what
// the rules of a plan say of these.
#ifndef PLUMB_TESTING_FAULT_FAULT_LINK_FIXTURE_H_
#define PLUMB_TESTING_FAULT_FAULT_LINK_FIXTURE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_flow.h"
#include "testing/fault/fault_link.h"
#include "testing/fault/fault_network.h"
#include "testing/fault/fault_verdict.h"
#include "testing/fault/faults.h"
#include "testing/fault/make_faults.h"
#include "transport/addr.h"
#include "transport/ip_addr.h"
#include "transport/manual_clock.h"

namespace plumb {

inline FaultEnds Ends(absl::string_view from, absl::string_view to,
                      FaultNetwork network = FaultNetwork::kUdp) {
  FaultEnds ends;
  ends.network = network;
  ends.from = {from, Addr::Udp(IpAddr::V4(10, 0, 0, 2), 32768)};
  ends.to = {to, Addr::Udp(IpAddr::V4(10, 0, 0, 1), 53)};
  ends.flow = std::make_shared<FaultFlow>();
  return ends;
}

inline FaultEnds Reversed(const FaultEnds& ends) {
  FaultEnds reversed = ends;
  std::swap(reversed.from, reversed.to);
  return reversed;
}

inline FaultPacket Datagram(uint64_t ordinal, size_t size = 100) {
  FaultPacket packet;
  packet.position = ordinal;
  packet.size = size;
  return packet;
}

inline FaultPacket Segment(uint64_t offset, size_t size, int attempt = 0) {
  FaultPacket packet = Datagram(offset, size);
  packet.attempt = attempt;
  return packet;
}

inline FaultPacket Open(int attempt = 0) {
  FaultPacket packet = Segment(0, 0, attempt);
  packet.segment = FaultSegment::kOpen;
  return packet;
}

class FaultLinkTest : public ::testing::Test {
 protected:
  std::shared_ptr<Faults> Load(absl::string_view plan) {
    absl::StatusOr<std::shared_ptr<Faults>> faults =
        MakeFaults(plan, FaultSetting(), clock_);
    EXPECT_TRUE(faults.ok()) << faults.status();
    return *std::move(faults);
  }

  FaultVerdict Send(FaultLink& link, const FaultPacket& packet) {
    return link.AtSend(packet, clock_.TimeNow());
  }
  // Which rule ended it, or nothing.
  std::string Sent(FaultLink& link, const FaultPacket& packet) {
    return std::string(Send(link, packet).rule);
  }
  // What became of each of the first thousand: '.' passed.
  std::string Fates(FaultLink& link) {
    std::string fates;
    for (uint64_t i = 0; i < 1000; ++i) {
      const FaultVerdict verdict = Send(link, Datagram(i));
      fates += verdict.passes() ? '.' : verdict.rule.front();
    }
    return fates;
  }

  ManualClock clock_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_LINK_FIXTURE_H_
