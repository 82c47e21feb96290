// What of the list in backends/fake/fake.h a script can bring about: what the
// kernel does, and what the fake does. For the rest of it see
// pinned_by_hand_test.cc.

#include "gtest/gtest.h"
#include "testing/differential/expect_pinned.h"

namespace plumb {
namespace {

// "an end or a reset does not wait behind what there is no room for"
TEST(PinnedDifferencesTest, AnEndBehindAFullBufferComesAtOnce) {
  ExpectPinned(
      FakeWays::kDirect, R"(
listen L0 tcp A:0
dial C0 tcp L0
accept C1 L0
closewrite C1
fill C0
closewrite C0
closewrite C1
)",
      "ok",
      "FAILED_PRECONDITION ENOTCONN from tcp A:p0 to tcp "
      "127.0.0.1:p1: close tcp A:p0->127.0.0.1:p1: shutdown: transport "
      "endpoint is not connected");
}

TEST(PinnedDifferencesTest, AResetBehindAFullBufferComesAtOnce) {
  ExpectPinned(
      FakeWays::kDirect, R"(
listen L0 tcp A:0
dial C0 tcp L0
accept C1 L0
fill C1
close C1
write C0 1
write C0 1
)",
      "UNAVAILABLE ECONNRESET from tcp 127.0.0.1:p1 to tcp A:p0: write "
      "tcp 127.0.0.1:p1->A:p0: write: connection reset by peer",
      "UNAVAILABLE EPIPE from tcp 127.0.0.1:p1 to tcp A:p0: write tcp "
      "127.0.0.1:p1->A:p0: write: broken pipe");
}

TEST(PinnedDifferencesTest, AResetTakesNothingBack) {
  ExpectPinned(FakeWays::kDirect, R"(
listen L0 tcp A:0
dial C0 tcp L0
accept C1 L0
fill C0
linger C0 0
close C0
drain C1
)",
               "in part, then UNAVAILABLE ECONNRESET from tcp A:p0 to tcp "
               "127.0.0.1:p1: read tcp A:p0->127.0.0.1:p1: read: connection "
               "reset by peer",
               "all, then UNAVAILABLE ECONNRESET from tcp A:p0 to tcp "
               "127.0.0.1:p1: read tcp A:p0->127.0.0.1:p1: read: connection "
               "reset by peer");
}

// "there are no file permissions and no directories"
TEST(PinnedDifferencesTest, ThereAreNoDirectories) {
  ExpectPinned(FakeWays::kDirect, "listen L0 unix /none/s",
               "NOT_FOUND ENOENT from - to unix /none/s: listen unix /none/s: "
               "bind: no such file or directory",
               "ok unix /none/s");
}

// "TIME_WAIT is there when FakeNetworkOptions::time_wait asks for it"
TEST(PinnedDifferencesTest, ThereIsNoTimeWait) {
  ExpectPinned(FakeWays::kDirect, R"(
listen L0 tcp A:1
dial C0 tcp L0 from=B:2
accept C1 L0
close C0
close C1
dial C2 tcp L0 from=B:2
)",
               "ALREADY_EXISTS EADDRINUSE from tcp B:#2 to tcp A:#1: dial tcp "
               "B:#2->A:#1: bind: address already in use",
               "ok tcp B:#2 to tcp A:#1");
}

// "datagrams for Listen("udp", ...) are dealt out as they arrive"
TEST(PinnedDifferencesTest, ADatagramThatNobodyHasReadIsNotItsConnsYet) {
  ExpectPinned(FakeWays::kDirect, R"(
listen L0 udp A:1
dial C0 udp A:1
write C0 1
accept C4 L0
write C0 1
close C4
accept C5 L0
)",
               "ok udp A:#1 to udp 127.0.0.1:p0",
               "DEADLINE_EXCEEDED kind 5 from - to udp A:#1: accept udp A:#1: "
               "i/o timeout");
}

// "who dials udp over IPv6 from [::] and a port leaves 0.0.0.0 to others"
TEST(PinnedDifferencesTest, WhoIsConnectedOverIpv6LeavesThePortOfIpv4) {
  ExpectPinned(FakeWays::kDirect, R"(
dial C0 udp 6:2 from=*6:1
packet P0 udp4 *4:1
)",
               "ALREADY_EXISTS EADDRINUSE from - to udp 0.0.0.0:#1: listen "
               "udp4 0.0.0.0:#1: bind: address already in use",
               "ok udp 0.0.0.0:#1");
}

}  // namespace
}  // namespace plumb
