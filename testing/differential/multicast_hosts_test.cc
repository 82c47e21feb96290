// Multicast between two hosts: the test's own network and a neighbour's, and
// two hosts of a fake network. Both must hear the same.

#include <net/if.h>
#include <sched.h>

#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/fake/fake.h"
#include "backends/fake/fake_test_util.h"
#include "backends/ip/interface_for_test.h"
#include "backends/udp/udp.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/differential/neighbour_for_test.h"
#include "testing/matchers.h"
#include "transport/multicast.h"
#include "transport/scope.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

enum class Host { kHere, kThere };

MulticastControl& Control(PacketConn& packets) {
  return *Extension<MulticastControl>(packets);
}

// One socket that listens, and an address by which it alone is reached.
struct Ear {
  Host host;
  std::string interface;
  Addr own;
  std::unique_ptr<PacketConn> packets;
};

// On the kernel or not, and a group.
class MulticastHostsTest
    : public testing::TestWithParam<std::tuple<bool, const char*>> {
 protected:
  static void SetUpTestSuite() {
    // On one processor what is sent first is there first.
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<size_t>(sched_getcpu()), &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    static const NeighbourForTest neighbour;
    ASSERT_TRUE(neighbour.ok());
    ASSERT_TRUE(RouteIpv6MulticastThrough("lo"));
    neighbour_ = &neighbour;
  }

  static bool OnKernel() { return std::get<0>(GetParam()); }
  static IpAddr Group() { return *IpAddr::Parse(std::get<1>(GetParam())); }
  static const char* Network() { return Group().is_v4() ? "udp4" : "udp6"; }
  static Addr To(const IpAddr& group) { return Addr::Udp(group, 5000); }
  // As what goes to the group comes from the sender.
  static std::string Says(absl::string_view text) {
    const bool link_local = absl::StartsWith(Group().ToString(), "ff02");
    return absl::StrCat(text, " from ",
                        Group().is_v4() ? "10.0.0.1"
                        // "there are no link-local addresses"
                        : link_local && OnKernel() ? "[fe80::1%eth0]"
                                                   : "[fd00::1]",
                        ":4000");
  }

  void On(Host host, absl::FunctionRef<void()> what) const {
    if (OnKernel() && host == Host::kThere) return neighbour_->Run(what);
    what();
  }
  Transport& TransportOf(Host host) {
    if (OnKernel()) return *udp_;
    return *fake_.Host(host == Host::kHere ? "here" : "there");
  }
  std::unique_ptr<PacketConn> Listen(Host host, absl::string_view network,
                                     const IpAddr& ip, uint16_t port = 5000) {
    std::unique_ptr<PacketConn> packets;
    On(host, [&] {
      packets = Must(
          TransportOf(host).ListenPacket(network, IpPort{ip, port}.ToString()));
    });
    return packets;
  }
  static void Join(const Ear& ear, const IpAddr& group) {
    EXPECT_THAT(Control(*ear.packets).JoinGroup(group, ear.interface), IsOk());
  }
  // Besides the group one has joined a group of one's own.
  Ear Member(Host host, const std::string& interface = "",
             const char* network = Network()) {
    const int number = ++members_;
    const IpAddr own = Group().is_v4()
                           ? IpAddr::V4(239, 0, 0, static_cast<uint8_t>(number))
                           : *IpAddr::Parse(absl::StrCat("ff12::", number));
    Ear ear = {host, interface, To(own), Listen(host, network, Group())};
    On(host, [&] {
      Join(ear, Group());
      Join(ear, own);
    });
    return ear;
  }
  // One that has joined nothing, on a host where it is the only one.
  Ear Bystander() {
    const IpAddr ip = *IpAddr::Parse(Group().is_v4() ? "10.0.0.2" : "fd00::2");
    return {Host::kThere, "", To(ip), Listen(Host::kThere, Network(), Group())};
  }

  absl::Status Send(absl::string_view text, const IpAddr& group = Group()) {
    return sender_->WriteTo(text, To(group));
  }
  // All that has come meanwhile.
  std::vector<std::string> Heard(const Ear& ear) {
    std::vector<std::string> all;
    EXPECT_THAT(Control(*last_).SetMulticastInterface(ear.interface), IsOk());
    EXPECT_THAT(last_->WriteTo("last", ear.own), IsOk());
    On(ear.host, [&] {
      const DeadlineScope limit(absl::Seconds(20));
      for (;;) {
        char buffer[64];
        const auto got = ear.packets->ReadFrom(absl::MakeSpan(buffer));
        ASSERT_THAT(got, IsOk());
        const absl::string_view text(buffer, got->size);
        if (text == "last") return;
        all.push_back(absl::StrCat(text, " from ", got->from.ToString()));
      }
    });
    return all;
  }

  static const NeighbourForTest* neighbour_;

  FakeNetwork fake_;
  const std::shared_ptr<Transport> udp_ = MakeUdp();
  const std::unique_ptr<PacketConn> sender_ =
      Listen(Host::kHere, "udp", IpAddr::AnyV6(), 4000);
  const std::unique_ptr<PacketConn> last_ =
      Listen(Host::kHere, "udp", IpAddr::AnyV6(), 4001);
  int members_ = 0;
};

const NeighbourForTest* MulticastHostsTest::neighbour_ = nullptr;

TEST_P(MulticastHostsTest, ReachesTheMembersOfAllHosts) {
  const Ear mine = Member(Host::kHere);
  const Ear theirs = Member(Host::kThere);
  const Ear again = Member(Host::kThere, "eth0");
  ASSERT_THAT(Send("all"), IsOk());
  for (const Ear* member : {&mine, &theirs, &again}) {
    EXPECT_THAT(Heard(*member), ElementsAre(Says("all")));
  }
}

TEST_P(MulticastHostsTest, HopsAndLoopbackSayWhoseHosts) {
  const Ear mine = Member(Host::kHere);
  const Ear theirs = Member(Host::kThere);
  ASSERT_THAT(Control(*sender_).SetMulticastHops(0), IsOk());
  ASSERT_THAT(Send("none"), IsOk());
  EXPECT_THAT(Heard(mine), ElementsAre(Says("none")));
  EXPECT_THAT(Heard(theirs), IsEmpty());
  ASSERT_THAT(Control(*sender_).SetMulticastHops(1), IsOk());
  ASSERT_THAT(Control(*sender_).SetMulticastLoopback(false), IsOk());
  ASSERT_THAT(Send("one"), IsOk());
  EXPECT_THAT(Heard(mine), IsEmpty());
  EXPECT_THAT(Heard(theirs), ElementsAre(Says("one")));
}

// How many are left is asked where there is a member here, and over IPv6 where
// it hears what is sent.
TEST_P(MulticastHostsTest, WithoutHopsItStaysWhereItIsHeard) {
  const Ear theirs = Member(Host::kThere);
  ASSERT_THAT(Control(*sender_).SetMulticastHops(0), IsOk());
  const auto heard = [&] {
    EXPECT_THAT(Send("none"), IsOk());
    return Heard(theirs).size();
  };
  EXPECT_EQ(heard(), 1u);
  const Ear inside = Member(Host::kHere, "lo");
  EXPECT_EQ(heard(), 1u);
  const Ear mine = Member(Host::kHere);
  EXPECT_EQ(heard(), 0u);
  ASSERT_THAT(Control(*sender_).SetMulticastLoopback(false), IsOk());
  EXPECT_EQ(heard(), Group().is_v6() ? 1u : 0u);
}

TEST_P(MulticastHostsTest, InterfacesAreApart) {
  const Ear mine = Member(Host::kHere);
  const Ear theirs = Member(Host::kThere);
  const bool v6 = Group().is_v6();
  const std::string lo =
      absl::StrCat("lo from ", v6 ? "[::1]" : "10.0.0.1", ":4000");
  ASSERT_THAT(Control(*sender_).SetMulticastInterface("lo"), IsOk());
  ASSERT_THAT(Send("nobody"), IsOk());
  const Ear inside = Member(Host::kHere, "lo");
  ASSERT_THAT(Send("lo"), IsOk());
  ASSERT_THAT(Control(*sender_).SetMulticastInterface("eth0"), IsOk());
  ASSERT_THAT(Send("eth0"), IsOk());
  EXPECT_THAT(Heard(theirs), ElementsAre(Says("eth0")));
  // Over IPv6 a host's interfaces are apart, but not its members.
  if (v6) {
    EXPECT_THAT(Heard(mine), ElementsAre(lo, Says("eth0")));
    EXPECT_THAT(Heard(inside), ElementsAre(lo, Says("eth0")));
  } else {
    EXPECT_THAT(Heard(mine), ElementsAre(Says("eth0")));
    EXPECT_THAT(Heard(inside), ElementsAre(lo));
  }
}

TEST_P(MulticastHostsTest, AHostThatIsNoMemberHearsNothing) {
  const Ear bystander = Bystander();
  ASSERT_THAT(Send("members"), IsOk());
  EXPECT_THAT(Heard(bystander), IsEmpty());
}

// While another socket of the host is a member, IP_MULTICAST_ALL of ip(7).
TEST_P(MulticastHostsTest, WhoHasJoinedNothingHearsWhatItsHostHas) {
  Ear member = Member(Host::kThere);
  const Ear other = Member(Host::kThere);
  ASSERT_THAT(Send("all"), IsOk());
  EXPECT_THAT(Heard(member), ElementsAre(Says("all")));
  EXPECT_THAT(Heard(other), ElementsAre(Says("all")));
  On(Host::kThere, [&] {
    EXPECT_THAT(Control(*member.packets).LeaveGroup(Group()), IsOk());
  });
  ASSERT_THAT(Send("left"), IsOk());
  EXPECT_THAT(Heard(member), IsEmpty());
  EXPECT_THAT(Heard(other), ElementsAre(Says("left")));
  member.packets = nullptr;
  EXPECT_THAT(other.packets->Close(), IsOk());
  const Ear bystander = Bystander();
  ASSERT_THAT(Send("closed"), IsOk());
  EXPECT_THAT(Heard(bystander), IsEmpty());
  const Ear third = Member(Host::kThere);
  ASSERT_THAT(Send("again"), IsOk());
  EXPECT_THAT(Heard(third), ElementsAre(Says("again")));
  EXPECT_THAT(third.packets->Close(), IsOk());
  EXPECT_THAT(Heard(bystander), ElementsAre(Says("again")));
}

TEST_P(MulticastHostsTest, AllHostsAreMembersOfTheirGroup) {
  const IpAddr all = *IpAddr::Parse(Group().is_v4() ? "224.0.0.1" : "ff02::1");
  const Ear bystander = Bystander();
  ASSERT_THAT(Send("all", all), IsOk());
  EXPECT_EQ(Heard(bystander).size(), 1u);
}

TEST_P(MulticastHostsTest, ConnsSendToGroupsAndListenersHearThem) {
  std::unique_ptr<Listener> listener;
  On(Host::kThere, [&] {
    listener = Must(TransportOf(Host::kThere)
                        .Listen(Network(), IpPort{Group(), 5000}.ToString()));
  });
  const Ear member = Member(Host::kThere, "eth0");
  Transport& here = TransportOf(Host::kHere);
  IpAddr group = Group();
  if (group.IsLinkLocalMulticast()) {
    EXPECT_EQ(ErrorOf(here.Dial("udp6", To(group).ToString())),
              "dial udp6 [ff02::114]:5000: connect: invalid argument");
    group = group.WithZone(OnKernel() ? if_nametoindex("eth0") : 2);
  }
  const auto conn = Must(here.Dial(Network(), To(group).ToString()));
  ASSERT_THAT(conn->Write("dialled"), IsOk());
  EXPECT_EQ(Heard(member).size(), 1u);
  On(Host::kThere, [&] {
    const auto accepted = Must(listener->Accept());
    EXPECT_EQ(ReadSome(*accepted), "dialled");
  });
}

INSTANTIATE_TEST_SUITE_P(
    , MulticastHostsTest,
    testing::Combine(testing::Bool(),
                     testing::Values("239.1.2.3", "ff02::114", "ff05::114")),
    [](const auto& chosen) {
      const std::string group = std::get<1>(chosen.param);
      return absl::StrCat(std::get<0>(chosen.param) ? "Kernel" : "Fake",
                          group.substr(0, group.find_first_of(".:")));
    });

}  // namespace
}  // namespace plumb
