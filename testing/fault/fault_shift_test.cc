// That no rule shifts what others decide, and that decisions are the same in
// each run, where calls are judged: on real sockets and on a fake network.
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/conformance/conn_pair.h"
#include "testing/fault/fault_cell_fixture.h"
#include "testing/fault/fault_transport.h"
#include "testing/fault/faults.h"
#include "testing/fault/scoped_rule.h"
#include "testing/matchers.h"
#include "transport/addr.h"
#include "transport/conn.h"
#include "transport/listener.h"
#include "transport/manual_clock.h"
#include "transport/options.h"
#include "transport/packet_conn.h"
#include "transport/transport.h"

namespace plumb {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kTimes = 200;

// Each connection has addresses of its own, so that none is in another one's
// way, and yet the same ends: hosts have names, and ports are chosen.
class FaultShiftTest : public ::testing::TestWithParam<Net> {
 protected:
  const Net& net() const { return GetParam(); }
  std::string ForNet(absl::string_view rules) const {
    return absl::StrReplaceAll(rules, {{"$net", net().network}});
  }

  // Opens `near_`, on which things go wrong, to `far_`, on which they do not.
  void Connect(absl::string_view plan) {
    Disconnect();
    ++connections_;
    const std::string far = Address(2);
    FaultTransportOptions options;
    options.host = "web";
    if (net().ip) options.names = {{Host(2), "db"}};
    const std::shared_ptr<Transport> inner = net().make(clock_);
    auto made = MakeFaultTransport(inner, ForNet(plan), options, clock_);
    ASSERT_THAT(made, IsOk());
    faulty_ = *std::move(made);
    std::unique_ptr<PacketConn> packets;
    if (net().listens) {
      listener_ = *inner->Listen(net().network, far);
    } else {
      packets = *inner->ListenPacket(net().network, far);
    }
    near_ = net().packets ? Unconnected(packets->LocalAddr()) : Dial(far);
    far_ = net().listens
               ? *listener_->Accept()
               : ConnOverPackets(std::move(packets), near_->LocalAddr());
  }

  uint64_t Hits(absl::string_view id) const {
    for (const FaultCount& count : faulty_->faults().Counts()) {
      if (count.id == id) return count.hits;
    }
    return 0;
  }

  ManualClock clock_;
  std::unique_ptr<Conn> near_;
  std::unique_ptr<Conn> far_;
  std::unique_ptr<FaultTransport> faulty_;

 private:
  void Disconnect() {
    near_ = nullptr;
    far_ = nullptr;
    listener_ = nullptr;
    faulty_ = nullptr;
  }
  std::string Host(int end) const {
    return absl::StrCat("127.", token_ >> 8 & 0xff, ".", token_ & 0xff, ".",
                        2 * connections_ + end);
  }
  std::string Address(int end) const {
    return net().ip ? absl::StrCat(Host(end), ":", 4000 + end)
                    : absl::StrCat("@shift-", token_, "-", end);
  }
  std::unique_ptr<Conn> Dial(const std::string& far) {
    DialOptions options;
    // An address of its own, for its peer to answer to.
    if (net().ip || !net().listens) options.local_address = Address(1);
    return *faulty_->Dial(net().network, far, options);
  }
  std::unique_ptr<Conn> Unconnected(const Addr& far) {
    return ConnOverPackets(*faulty_->ListenPacket(net().network, Address(1)),
                           far);
  }

  const unsigned token_ = std::random_device()();
  int connections_ = 0;
  std::unique_ptr<Listener> listener_;
};

std::string NetName(const ::testing::TestParamInfo<Net>& info) {
  return info.param.name;
}

// Whether each of `count` bytes comes as it was sent, or changed.
std::string Compare(Conn& from, Conn& to, int count) {
  std::string changes;
  for (int i = 0; i < count; ++i) {
    while (!from.Write("x").ok()) changes += 'e';
    changes += ReadSome(to) == "x" ? '.' : 'c';
  }
  return changes;
}

INSTANTIATE_TEST_SUITE_P(Nets, FaultShiftTest,
                         ::testing::Values(kTcp, kUdp, kUdpPackets, kUnix,
                                           kUnixgram, kUnixgramPackets,
                                           kUnixpacket, kFakeTcp, kFakeUdp,
                                           kFakeUdpPackets, kFakeUnix,
                                           kFakeUnixgram, kFakeUnixgramPackets,
                                           kFakeUnixpacket),
                         NetName);

constexpr char kRot[] =
    "id: 'rot' match { network: '$net' } probability: 0.5 corrupt {}";

TEST_P(FaultShiftTest, WhatCameBeforeARuleIsCounted) {
  Connect(absl::StrCat("rule { ", kRot, " }"));
  const std::string all = Compare(*far_, *near_, kTimes);
  EXPECT_THAT(all, AllOf(HasSubstr("c"), HasSubstr(".")));
  Connect("");
  EXPECT_EQ(Compare(*far_, *near_, kTimes / 2), std::string(kTimes / 2, '.'));
  const ScopedRule rot(faulty_->faults(), ForNet(kRot));
  EXPECT_EQ(Compare(*far_, *near_, kTimes / 2), all.substr(kTimes / 2));
}

class FaultShiftStreamTest : public FaultShiftTest {};
INSTANTIATE_TEST_SUITE_P(Nets, FaultShiftStreamTest,
                         ::testing::Values(kTcp, kUnix, kFakeTcp, kFakeUnix),
                         NetName);

TEST_P(FaultShiftStreamTest, AWriteThatFailsShiftsNoDecision) {
  const std::string rot = absl::StrCat("rule { ", kRot, " }");
  Connect(rot);
  const std::string alone = Compare(*near_, *far_, kTimes);
  EXPECT_THAT(alone, AllOf(HasSubstr("c"), HasSubstr(".")));
  Connect(R"(rule { id: "no" match { network: "$net" operation: WRITE nth: 3 }
                    fail_op { error: "ENOBUFS" } }
             rule { id: "bits" match { network: "$net" operation: WRITE }
                    chunk { max_bytes: 1 } })" +
          rot);
  std::string changes = Compare(*near_, *far_, kTimes);
  EXPECT_EQ(changes[2], 'e');
  changes.erase(2, 1);
  EXPECT_EQ(changes, alone);
}

class FaultShiftMessageTest : public FaultShiftTest {
 protected:
  // What becomes of each Write: an error, lost by "loss", refused by "icmp", or
  // received.
  std::string FatesOf(absl::string_view plan) {
    Connect(plan);
    std::string fates;
    for (int i = 0; i < kTimes; ++i) {
      const uint64_t lost = Hits("loss");
      const uint64_t refused = Hits("icmp");
      const absl::Status status = near_->Write("x");
      const char fate = !status.ok()             ? 'e'
                        : Hits("icmp") > refused ? 'r'
                        : Hits("loss") > lost    ? 'l'
                                                 : '.';
      if (fate == '.') {
        EXPECT_EQ(ReadSome(*far_), "x");
      }
      fates += fate;
    }
    return fates;
  }
};
INSTANTIATE_TEST_SUITE_P(Nets, FaultShiftMessageTest,
                         ::testing::Values(kUdp, kUdpPackets, kUnixgram,
                                           kUnixgramPackets, kUnixpacket,
                                           kFakeUdp, kFakeUdpPackets,
                                           kFakeUnixgram, kFakeUnixgramPackets,
                                           kFakeUnixpacket),
                         NetName);

constexpr char kLossy[] =
    "rule { id: 'loss' match { network: '$net' } probability: 0.3 loss {} }";

TEST_P(FaultShiftMessageTest, AWriteThatFailsShiftsNoDecision) {
  const std::string alone = FatesOf(kLossy);
  EXPECT_THAT(alone, AllOf(HasSubstr("l"), HasSubstr(".")));
  std::string fates = FatesOf(absl::StrCat(
      R"(rule { id: "no" match { network: "$net" operation: WRITE nth: 3 }
                fail_op { error: "ENOBUFS" } })",
      kLossy));
  EXPECT_EQ(fates[2], 'e');
  fates[2] = alone[2];
  EXPECT_EQ(fates, alone);
}

constexpr char kCounted[] =
    "rule { id: 'loss' match { network: '$net' every: 3 } loss {} }";

// Neither what rules for messages count nor what those for calls do.
TEST_P(FaultShiftMessageTest, AWriteThatFailsShiftsNoCount) {
  const std::string alone = FatesOf(kCounted);
  EXPECT_EQ(alone.substr(0, 7), "..l..l.");
  std::string fates = FatesOf(absl::StrCat(
      R"(rule { id: "no" match { network: "$net" operation: WRITE nth: 2 }
                fail_op { error: "ENOBUFS" } }
         rule { id: "nor" match { network: "$net" operation: WRITE nth: 9 }
                fail_op { error: "ENOBUFS" } })",
      kCounted));
  EXPECT_EQ(fates[1], 'e');
  // One that fails is counted, and is not lost.
  EXPECT_EQ(fates[8], 'e');
  fates[1] = alone[1];
  fates[8] = alone[8];
  EXPECT_EQ(fates, alone);
}

class FaultShiftUdpTest : public FaultShiftMessageTest {};
INSTANTIATE_TEST_SUITE_P(Nets, FaultShiftUdpTest,
                         ::testing::Values(kUdp, kUdpPackets, kFakeUdp,
                                           kFakeUdpPackets),
                         NetName);

// The Write after it fails when the sender is connected.
TEST_P(FaultShiftUdpTest, ARefusedDatagramShiftsNoDecision) {
  const std::string alone = FatesOf(kLossy);
  std::string fates = FatesOf(absl::StrCat(
      "rule { id: 'icmp' match { network: 'udp' nth: 5 } reset {} }", kLossy));
  EXPECT_EQ(fates[4], 'r');
  if (!net().packets) {
    EXPECT_EQ(fates[5], 'e');
    fates[5] = alone[5];
  }
  fates[4] = alone[4];
  EXPECT_EQ(fates, alone);
}

// What a connected sender is told of counts as the Write that it is told by.
TEST_P(FaultShiftUdpTest, ARefusedDatagramShiftsNoCount) {
  const std::string calls =
      absl::StrCat(R"(rule { id: "no" match { network: "udp" operation: WRITE
                             every: 7 } fail_op { error: "ENOBUFS" } })",
                   kCounted);
  const std::string alone = FatesOf(calls);
  EXPECT_EQ(alone.substr(0, 8), "..l..le.");
  std::string fates = FatesOf(absl::StrCat(
      "rule { id: 'icmp' match { network: 'udp' nth: 4 } reset {} }", calls));
  EXPECT_EQ(fates[3], 'r');
  if (!net().packets) {
    EXPECT_EQ(fates[4], 'e');
    fates[4] = alone[4];
  }
  fates[3] = alone[3];
  EXPECT_EQ(fates, alone);
}

}  // namespace
}  // namespace plumb
