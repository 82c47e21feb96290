// What a fake network has of Linux that takes time, or all of a host's ports, a
// script each, as in named_streams_test.cc.
//
// The fake has the times that Linux has by default, and its clock is moved. The
// kernel's are minutes: there the scripts run in a network of their own, in
// which it gives up after fewer repetitions, and gives out fewer ports. After
// how long the fake gives up is pinned here with what Linux has by default.

#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "testing/differential/expect_pinned.h"
#include "testing/differential/fake_net.h"

namespace plumb {
namespace {

constexpr char kConnected[] =
    "listen L0 tcp A:1\n"
    "dial C0 tcp L0\n"
    "accept C1 L0\n";

constexpr char kDialTimedOut[] =
    "UNAVAILABLE ETIMEDOUT from - to tcp A:#1: dial tcp A:#1: connect: "
    "connection timed out";

void SetSysctl(const std::string& name, const std::string& value) {
  std::ofstream file(absl::StrCat("/proc/sys/net/ipv4/", name));
  file << value << std::endl;
  EXPECT_TRUE(file.good()) << name;
}

class NamedTimersTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    SetSysctl("ip_local_port_range", absl::StrCat(kFirstPort, " ", kLastPort));
    // A SYN is repeated once, after a second, and given up after two more.
    SetSysctl("tcp_syn_retries", "1");
    // Linux has it since 6.5.
    if (std::ifstream("/proc/sys/net/ipv4/tcp_syn_linear_timeouts").good()) {
      SetSysctl("tcp_syn_linear_timeouts", "0");
    }
    // The same of data, after 200 and 400 ms.
    SetSysctl("tcp_retries2", "1");
  }
};

// What is in the peer's buffer is not waited for; all behind it is.
TEST_F(NamedTimersTest, Linger) {
  ExpectSameInTime(absl::StrCat(kConnected, R"(
linger C0 60000
fill C0
begin close C0
still C0
drain C1
end C0
)"),
                   "ok");
}

// close(2) returns, and what is left is sent all the same.
TEST_F(NamedTimersTest, LingerTimesOut) {
  ExpectSameInTime(absl::StrCat(kConnected, R"(
linger C0 1000
fill C0
begin close C0
pass 1000
end C0
drain C1
)"),
                   "all, then OUT_OF_RANGE kind 1 from - to -: EOF");
}

// SO_LINGER counts in seconds, of which a part is a whole one.
TEST_F(NamedTimersTest, LingerOfLinux) {
  const std::string closing = absl::StrCat(kConnected, R"(
linger C0 1001
fill C0
begin close C0
)");
  for (const FakeWays ways : {FakeWays::kDirect, FakeWays::kPackets}) {
    EXPECT_EQ(LastInTime(ways, absl::StrCat(closing, "pass 1999\nstill C0\n")),
              "waits");
    EXPECT_EQ(LastInTime(ways, absl::StrCat(closing, "pass 2000\nend C0\n")),
              "ok");
  }
}

TEST_F(NamedTimersTest, LingerWithNothingToSend) {
  ExpectSameInTime(absl::StrCat(kConnected, R"(
linger C0 60000
write C0 5
close C0
read C1 10
read C1 10
)"),
                   "OUT_OF_RANGE kind 1 from - to -: EOF");
}

TEST_F(NamedTimersTest, LingerWithUnreadData) {
  ExpectSameInTime(absl::StrCat(kConnected, R"(
linger C0 60000
write C1 5
close C0
read C1 10
)"),
                   "UNAVAILABLE ECONNRESET from tcp A:#1 to tcp 127.0.0.1:p0: "
                   "read tcp A:#1->127.0.0.1:p0: read: connection reset by "
                   "peer");
}

constexpr char kExcessDial[] = R"(
listen L0 tcp A:1 backlog=1
dial C0 tcp L0
dial C1 tcp L0
begin dial C2 tcp L0
still C2
)";

TEST_F(NamedTimersTest, BacklogTimeout) {
  ExpectSameInTime(absl::StrCat(kExcessDial, "pass 131000\nend C2\n"),
                   kDialTimedOut);
}

// tcp_syn_retries of 6 and tcp_syn_linear_timeouts of 4: 131 s.
TEST_F(NamedTimersTest, BacklogTimeoutOfLinux) {
  for (const FakeWays ways : {FakeWays::kDirect, FakeWays::kPackets}) {
    EXPECT_EQ(
        LastInTime(ways, absl::StrCat(kExcessDial, "pass 130999\nstill C2\n")),
        "waits");
    EXPECT_EQ(LastInTime(ways, absl::StrCat(kExcessDial,
                                            "pass 130999\npass 1\nend C2\n")),
              kDialTimedOut);
  }
}

TEST_F(NamedTimersTest, SynRetries) {
  ExpectSameInTime(R"(
listen L0 tcp A:1
lose L0
begin dial C0 tcp L0
still C0
heal L0
pass 1000
end C0
accept C1 L0
)",
                   "ok tcp A:#1 to tcp 127.0.0.1:p0");
}

constexpr char kLostSyn[] = R"(
listen L0 tcp A:1
lose L0
begin dial C0 tcp L0
still C0
)";

TEST_F(NamedTimersTest, SynRetriesEnd) {
  ExpectSameInTime(absl::StrCat(kLostSyn, "pass 131000\nend C0\n"),
                   kDialTimedOut);
}

TEST_F(NamedTimersTest, SynRetriesOfLinux) {
  EXPECT_EQ(LastInTime(FakeWays::kPackets,
                       absl::StrCat(kLostSyn, "pass 130999\nstill C0\n")),
            "waits");
  // One a second at first.
  EXPECT_EQ(LastInTime(FakeWays::kPackets,
                       absl::StrCat(kLostSyn, "heal L0\npass 999\nstill C0\n")),
            "waits");
}

TEST_F(NamedTimersTest, Retransmission) {
  ExpectSameInTime(absl::StrCat(kConnected, R"(
lose C1
write C0 5
read C1 10
heal C1
pass 200
read C1 10
)"),
                   "ok 'ahovc'");
}

// What comes after it waits for it.
TEST_F(NamedTimersTest, RetransmissionKeepsTheOrder) {
  ExpectSameInTime(absl::StrCat(kConnected, R"(
lose C1
write C0 5
heal C1
write C0 6
closewrite C0
pass 200
drain C1
)"),
                   "11 bytes, all, then OUT_OF_RANGE kind 1 from - to -: EOF");
}

std::string LostData() {
  return absl::StrCat(kConnected, "lose C1\nwrite C0 5\n");
}

TEST_F(NamedTimersTest, RetransmissionEnds) {
  ExpectSameInTime(absl::StrCat(LostData(), "pass 924600\nread C0 10\n"),
                   "UNAVAILABLE ETIMEDOUT from tcp 127.0.0.1:p0 to tcp A:#1: "
                   "read tcp 127.0.0.1:p0->A:#1: read: connection timed out");
}

// tcp_retries2 of 15: after 200 ms, then at intervals that double up to two
// minutes, and the last of these: 924.6 s (ip-sysctl.rst).
TEST_F(NamedTimersTest, RetransmissionOfLinux) {
  const std::string waits =
      "DEADLINE_EXCEEDED kind 5 from tcp 127.0.0.1:p0 to tcp A:#1: read tcp "
      "127.0.0.1:p0->A:#1: i/o timeout";
  EXPECT_EQ(LastInTime(FakeWays::kPackets,
                       absl::StrCat(LostData(), "pass 924599\nread C0 10\n")),
            waits);
  EXPECT_EQ(LastInTime(FakeWays::kPackets,
                       absl::StrCat(LostData(), "pass 924600\nread C0 10\n")),
            "UNAVAILABLE ETIMEDOUT from tcp 127.0.0.1:p0 to tcp A:#1: read tcp "
            "127.0.0.1:p0->A:#1: read: connection timed out");
  EXPECT_EQ(LastInTime(FakeWays::kPackets,
                       absl::StrCat(LostData(), "heal C1\npass 199\n",
                                    "deadline C1 read past\nread C1 10\n")),
            "DEADLINE_EXCEEDED kind 5 from tcp A:#1 to tcp 127.0.0.1:p0: read "
            "tcp A:#1->127.0.0.1:p0: i/o timeout");
}

// Who ends first keeps the port.
constexpr char kTimeWait[] = R"(
listen L0 tcp A:1
dial C0 tcp L0 from=B:2
accept C1 L0
close C0
close C1
)";

TEST_F(NamedTimersTest, TimeWait) {
  ExpectSameInTime(absl::StrCat(kTimeWait, "dial C2 tcp L0 from=B:2\n"),
                   "ALREADY_EXISTS EADDRINUSE from tcp B:#2 to tcp A:#1: dial "
                   "tcp B:#2->A:#1: bind: address already in use");
}

// Who ends first is the Listener's side, which another may listen at.
TEST_F(NamedTimersTest, TimeWaitOfAListener) {
  ExpectSameInTime(R"(
listen L0 tcp A:1
dial C0 tcp L0 from=B:2
accept C1 L0
close C1
close C0
close L0
listen L1 tcp A:1
dial C2 tcp L1 from=B:2
)",
                   "ok tcp B:#2 to tcp A:#1");
}

// 60 s, which no setting of Linux makes less.
TEST_F(NamedTimersTest, TimeWaitOfLinux) {
  for (const FakeWays ways : {FakeWays::kDirect, FakeWays::kPackets}) {
    EXPECT_EQ(LastInTime(ways, absl::StrCat(kTimeWait, "pass 59999\n",
                                            "dial C2 tcp L0 from=B:2\n")),
              "ALREADY_EXISTS EADDRINUSE from tcp B:#2 to tcp A:#1: dial tcp "
              "B:#2->A:#1: bind: address already in use");
    EXPECT_EQ(LastInTime(ways, absl::StrCat(kTimeWait, "pass 60000\n",
                                            "dial C2 tcp L0 from=B:2\n")),
              "ok tcp B:#2 to tcp A:#1");
  }
}

TEST_F(NamedTimersTest, EphemeralExhaustion) {
  ExpectSameInTime(R"(
listen L0 tcp A:1
dial C0 tcp L0
dial C1 tcp L0
dial C2 tcp L0
dial C3 tcp L0
dial C4 tcp L0
)",
                   "UNAVAILABLE EADDRNOTAVAIL from - to tcp A:#1: dial tcp "
                   "A:#1: connect: cannot assign requested address");
}

TEST_F(NamedTimersTest, EphemeralExhaustionOfListeners) {
  ExpectSameInTime(R"(
listen L0 tcp A:0
listen L1 tcp A:0
listen L2 tcp A:0
listen L3 tcp A:0
listen L4 tcp A:0
)",
                   "ALREADY_EXISTS EADDRINUSE from - to tcp A:0: listen tcp "
                   "A:0: bind: address already in use");
}

TEST_F(NamedTimersTest, EphemeralExhaustionOfUdp) {
  ExpectSameInTime(R"(
packet P0 udp A:0
packet P1 udp A:0
packet P2 udp A:0
packet P3 udp A:0
packet P4 udp A:0
)",
                   "ALREADY_EXISTS EADDRINUSE from - to udp A:0: listen udp "
                   "A:0: bind: address already in use");
}

}  // namespace
}  // namespace plumb
