// Multicast among the hosts of a fake network, beside what
// testing/conformance/packet_multicast.cc and
// testing/differential/multicast_hosts_test.cc ask of the kernel as well.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/fake/fake.h"
#include "backends/fake/fake_test_util.h"
#include "backends/fake/link_policy.h"
#include "backends/fake/packet_observer.h"
#include "backends/fake/probes.h"
#include "gtest/gtest.h"
#include "transport/ip_addr.h"
#include "transport/manual_clock.h"
#include "transport/multicast.h"

namespace plumb {
namespace {

const IpAddr kGroup = IpAddr::V4(239, 1, 2, 3);
const IpAddr kGroupV6 = *IpAddr::Parse("ff02::114");

MulticastControl& Control(PacketConn& packets) {
  return *Extension<MulticastControl>(packets);
}

bool HasMail(PacketConn& packets) {
  return Extension<ConnProbe>(packets)->CanRead();
}

std::string Receive(PacketConn& packets) {
  char buffer[64];
  const auto got = packets.ReadFrom(absl::MakeSpan(buffer));
  if (!got.ok()) return std::string(got.status().message());
  return absl::StrCat(absl::string_view(buffer, got->size), " from ",
                      got->from.ToString());
}

// Members on two hosts, and a sender on one of them.
class FakeMulticastTest : public testing::Test {
 protected:
  std::unique_ptr<PacketConn> Member(absl::string_view host,
                                     absl::string_view network = "udp4",
                                     const IpAddr& group = kGroup) {
    auto packets = Must(network_.Host(host)->ListenPacket(
        network, IpPort{group, 5000}.ToString()));
    EXPECT_EQ(ErrorOf(Control(*packets).JoinGroup(group)), "OK");
    return packets;
  }
  absl::Status Send(const IpAddr& group = kGroup) {
    return sender_->WriteTo("all", Addr::Udp(group, 5000));
  }

  FakeNetwork network_;
  const std::shared_ptr<FakeHost> here_ = network_.Host("here");
  const std::unique_ptr<PacketConn> sender_ =
      Must(here_->ListenPacket("udp", ":4000"));
};

TEST_F(FakeMulticastTest, AZoneIsAnInterface) {
  const auto theirs = Member("there", "udp6", kGroupV6);
  ASSERT_TRUE(Send(kGroupV6.WithZone(2)).ok());
  EXPECT_EQ(Receive(*theirs), "all from [fd00::1]:4000");
  ASSERT_TRUE(Send(kGroupV6.WithZone(1)).ok());
  EXPECT_FALSE(HasMail(*theirs));
}

TEST_F(FakeMulticastTest, ADualStackSocketCanJoinGroupsOfBothFamilies) {
  const auto packets =
      Must(network_.Host("there")->ListenPacket("udp", ":5000"));
  ASSERT_TRUE(Control(*packets).JoinGroup(kGroup).ok());
  ASSERT_TRUE(Control(*packets).JoinGroup(kGroupV6).ok());
  ASSERT_TRUE(Send().ok());
  ASSERT_TRUE(Send(kGroupV6).ok());
  EXPECT_EQ(Receive(*packets), "all from 10.0.0.1:4000");
  EXPECT_EQ(Receive(*packets), "all from [fd00::1]:4000");
}

// What is sent from the loopback's address goes through the loopback.
TEST_F(FakeMulticastTest, FromTheLoopback) {
  const auto theirs = Member("there");
  const auto inside = Must(here_->ListenPacket("udp4", "239.1.2.3:5000"));
  ASSERT_TRUE(Control(*inside).JoinGroup(kGroup, "lo").ok());
  const auto sender = Must(here_->ListenPacket("udp", "127.0.0.1:4001"));
  ASSERT_TRUE(sender->WriteTo("x", Addr::Udp(kGroup, 5000)).ok());
  EXPECT_EQ(Receive(*inside), "x from 127.0.0.1:4001");
  EXPECT_FALSE(HasMail(*theirs));
}

class Slow final : public LinkPolicy {
  Judgement AtSend(const Packet&, absl::Time) override {
    return Judgement::Pass(absl::Seconds(1));
  }
};

class Recorder final : public PacketObserver {
 public:
  explicit Recorder(std::vector<std::string>& seen) : seen_(seen) {}
  void OnPacket(const PacketEvent& event) override {
    const bool sent = event.kind == PacketEvent::Kind::kSent;
    const bool delivered = event.kind == PacketEvent::Kind::kDelivered;
    seen_.push_back(absl::StrCat(sent        ? "sent to "
                                 : delivered ? "delivered to "
                                             : "dropped on ",
                                 event.packet.destination.ToString(),
                                 event.packet.destination_host,
                                 event.cause.empty() ? "" : ": ", event.cause));
  }

 private:
  std::vector<std::string>& seen_;
};

TEST(FakeMulticastOnWireTest, IsOnePacket) {
  ManualClock clock;
  std::vector<std::string> seen;
  FakeNetworkOptions options;
  options.clock = &clock;
  options.policy = std::make_shared<Slow>();
  options.observer = std::make_shared<Recorder>(seen);
  FakeNetwork network(options);
  const auto sender = Must(network.Host("a")->ListenPacket("udp", ":4000"));
  std::vector<std::unique_ptr<PacketConn>> members;
  for (const char* host : {"a", "b"}) {
    members.push_back(
        Must(network.Host(host)->ListenPacket("udp", "239.1.2.3:5000")));
    ASSERT_TRUE(Control(*members.back()).JoinGroup(kGroup).ok());
  }
  const Addr to = Addr::Udp(kGroup, 5000);
  ASSERT_TRUE(sender->WriteTo("x", to).ok());
  EXPECT_FALSE(HasMail(*members[1]));
  clock.Advance(absl::Seconds(1));
  for (const auto& member : members) {
    EXPECT_EQ(Receive(*member), "x from 10.0.0.1:4000");
  }
  members.clear();
  ASSERT_TRUE(sender->WriteTo("x", to).ok());
  clock.Advance(absl::Seconds(1));
  EXPECT_EQ(seen, (std::vector<std::string>{
                      "sent to 239.1.2.3:5000", "delivered to 239.1.2.3:5000",
                      "sent to 239.1.2.3:5000",
                      "dropped on 239.1.2.3:5000: nobody is there"}));
}

}  // namespace
}  // namespace plumb
