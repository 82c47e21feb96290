// What a fake network has of Linux, a script each: the same on the kernel and
// on the fake, up to the last outcome, which is pinned.

#include "gtest/gtest.h"
#include "testing/differential/expect_pinned.h"

namespace plumb {
namespace {

constexpr char kReset[] =
    "UNAVAILABLE ECONNRESET from tcp 127.0.0.1:p0 to tcp A:#1: read tcp "
    "127.0.0.1:p0->A:#1: read: connection reset by peer";
constexpr char kEnd[] = "OUT_OF_RANGE kind 1 from - to -: EOF";

TEST(NamedStreamsTest, WritesMerge) {
  ExpectSame(R"(
listen L0 tcp A:1
dial C0 tcp L0
accept C1 L0
write C0 3
write C0 4
read C1 100
)",
             "ok 'ahovcjq'");
}

TEST(NamedStreamsTest, WritesSplit) {
  ExpectSame(R"(
listen L0 tcp A:1
dial C0 tcp L0
accept C1 L0
write C0 10
read C1 6
read C1 6
)",
             "ok 'qxel'");
}

TEST(NamedStreamsTest, Refusal) {
  ExpectSame("dial C0 tcp A:1",
             "UNAVAILABLE ECONNREFUSED from - to tcp A:#1: dial tcp A:#1: "
             "connect: connection refused");
}

TEST(NamedStreamsTest, RefusalAfterTheListenerClosed) {
  ExpectSame(R"(
listen L0 tcp A:1
close L0
dial C0 tcp A:1
)",
             "UNAVAILABLE ECONNREFUSED from - to tcp A:#1: dial tcp A:#1: "
             "connect: connection refused");
}

TEST(NamedStreamsTest, AddressInUse) {
  ExpectSame(R"(
listen L0 tcp A:1
listen L1 tcp A:1
)",
             "ALREADY_EXISTS EADDRINUSE from - to tcp A:#1: listen tcp A:#1: "
             "bind: address already in use");
}

// A listener of an address whose connections are still there, in TIME_WAIT.
TEST(NamedStreamsTest, AnAddressIsListenedAtAgain) {
  ExpectSame(R"(
listen L0 tcp A:1
dial C0 tcp L0
accept C1 L0
close C1
close C0
close L0
listen L1 tcp A:1
)",
             "ok tcp A:#1");
}

TEST(NamedStreamsTest, Fin) {
  ExpectSame(R"(
listen L0 tcp A:1
dial C0 tcp L0
accept C1 L0
write C1 5
close C1
read C0 10
read C0 10
)",
             kEnd);
}

TEST(NamedStreamsTest, HalfClose) {
  ExpectSame(R"(
listen L0 tcp A:1
dial C0 tcp L0
accept C1 L0
closewrite C0
read C1 10
write C1 5
read C0 10
)",
             "ok 'ahovc'");
}

TEST(NamedStreamsTest, HalfCloseOfUnix) {
  ExpectSame(R"(
listen L0 unix /s
dial C0 unix L0
accept C1 L0
closewrite C0
read C1 10
write C1 5
read C0 10
)",
             "ok 'ahovc'");
}

TEST(NamedStreamsTest, ResetOnCloseWithUnreadData) {
  ExpectSame(R"(
listen L0 tcp A:1
dial C0 tcp L0
accept C1 L0
write C0 5
close C1
read C0 10
)",
             kReset);
}

TEST(NamedStreamsTest, ResetOnCloseWithUnreadDataOfUnix) {
  ExpectSame(R"(
listen L0 unix /s
dial C0 unix L0
accept C1 L0
write C0 5
close C1
read C0 10
)",
             "UNAVAILABLE ECONNRESET from unix @ to unix /s: read unix @->/s: "
             "read: connection reset by peer");
}

TEST(NamedStreamsTest, ResetOnCloseWithUnreadDataOfUnixpacket) {
  ExpectSame(R"(
listen L0 unixpacket /s
dial C0 unixpacket L0
accept C1 L0
write C0 5
close C1
read C0 10
)",
             "UNAVAILABLE ECONNRESET from unixpacket @ to unixpacket /s: read "
             "unixpacket @->/s: read: connection reset by peer");
}

TEST(NamedStreamsTest, ResetOnLingerZero) {
  ExpectSame(R"(
listen L0 tcp A:1
dial C0 tcp L0
accept C1 L0
linger C1 0
close C1
read C0 10
)",
             kReset);
}

TEST(NamedStreamsTest, ResetWhenTheListenerCloses) {
  ExpectSame(R"(
listen L0 tcp A:1
dial C0 tcp L0
close L0
read C0 10
)",
             kReset);
}

TEST(NamedStreamsTest, ResetOfDataThatNobodyWillRead) {
  ExpectSame(R"(
listen L0 tcp A:1
dial C0 tcp L0
accept C1 L0
closewrite C0
closeread C0
write C1 5
read C0 10
)",
             kReset);
}

TEST(NamedStreamsTest, DataBeforeAReset) {
  ExpectSame(R"(
listen L0 tcp A:1
dial C0 tcp L0
accept C1 L0
write C0 5
write C1 5
close C1
read C0 10
)",
             "ok 'ahovc'");
}

TEST(NamedStreamsTest, EconnresetOnceAndThenTheEnd) {
  ExpectSame(R"(
listen L0 tcp A:1
dial C0 tcp L0
accept C1 L0
write C0 5
close C1
read C0 10
read C0 10
)",
             kEnd);
}

TEST(NamedStreamsTest, EpipeAfterEconnreset) {
  ExpectSame(R"(
listen L0 tcp A:1
dial C0 tcp L0
accept C1 L0
write C0 5
close C1
write C0 5
write C0 5
)",
             "UNAVAILABLE EPIPE from tcp 127.0.0.1:p0 to tcp A:#1: write tcp "
             "127.0.0.1:p0->A:#1: write: broken pipe");
}

TEST(NamedStreamsTest, EpipeAfterTheFirstWriteToAClosedPeer) {
  ExpectSame(R"(
listen L0 tcp A:1
dial C0 tcp L0
accept C1 L0
close C1
write C0 5
write C0 5
)",
             "UNAVAILABLE EPIPE from tcp 127.0.0.1:p0 to tcp A:#1: write tcp "
             "127.0.0.1:p0->A:#1: write: broken pipe");
}

TEST(NamedStreamsTest, AnEmptyWriteAfterOnesOwnCloseWrite) {
  ExpectSame(R"(
listen L0 unix /s
dial C0 unix L0
closewrite C0
write C0 0
)",
             "FAILED_PRECONDITION EPIPE from unix @ to unix /s: write unix "
             "@->/s: write: broken pipe");
}

TEST(NamedStreamsTest, NoEndComesAfterAReset) {
  ExpectSame(R"(
listen L0 tcp A:1
dial C0 tcp L0
accept C1 L0
closeread C0
closewrite C0
write C1 1
close C1
read C0 1
)",
             kReset);
}

// 127/8 has one route, whose source is 127.0.0.1.
TEST(NamedStreamsTest, TheSourceOfADialToLoopback) {
  ExpectSame(R"(
listen L0 tcp B:1
dial C0 tcp L0
)",
             "ok tcp 127.0.0.1:p0 to tcp B:#1");
}

TEST(NamedStreamsTest, ADialWithoutAHostIsToldSo) {
  ExpectSame("dial C0 tcp4 *:1",
             "UNAVAILABLE ECONNREFUSED from - to tcp :#1: dial tcp4 :#1: "
             "connect: connection refused");
}

TEST(NamedStreamsTest, EphemeralPorts) {
  ExpectSame(R"(
listen L0 tcp A:0
listen L1 tcp A:0
dial C0 tcp L0
dial C1 tcp L1
)",
             "ok tcp 127.0.0.1:p3 to tcp A:p1");
}

TEST(NamedStreamsTest, AWildcardTakesAllOfItsFamily) {
  ExpectSame(R"(
listen L0 tcp4 *4:1
dial C0 tcp B:1
accept C1 L0
)",
             "ok tcp B:#1 to tcp 127.0.0.1:p0");
}

TEST(NamedStreamsTest, AWildcardIsInTheWayOfItsAddresses) {
  ExpectSame(R"(
listen L0 tcp4 *4:1
listen L1 tcp A:1
)",
             "ALREADY_EXISTS EADDRINUSE from - to tcp A:#1: listen tcp A:#1: "
             "bind: address already in use");
}

TEST(NamedStreamsTest, ADualStackListenerTakesBothFamilies) {
  ExpectSame(R"(
listen L0 tcp *:1
dial C0 tcp A:1
dial C1 tcp 6:1
accept C2 L0
accept C3 L0
)",
             "ok tcp [::1]:#1 to tcp [::1]:p1");
}

// The kernel knows those by the last of them alone.
TEST(NamedStreamsTest, WhoSharesAPortIsLetInByTheLastOne) {
  ExpectSame(R"(
listen L0 tcp 6:1
listen L1 tcp *:1 reuse_port=1
listen L1 tcp4 4:1 reuse_port=1
listen L1 tcp *:1 reuse_port=1
listen L1 tcp4 *4:1 reuse_port=1
listen L1 tcp6 *6:1 reuse_port=1
listen L1 tcp 6:1 reuse_port=1
listen L1 tcp *:1 reuse_port=1
dial C0 tcp 6:1
accept C1 L0
listen L1 tcp 4:1
listen L2 tcp *:1 reuse_port=1
)",
             "ALREADY_EXISTS EADDRINUSE from - to tcp :#1: listen tcp :#1: "
             "bind: address already in use");
}

TEST(NamedStreamsTest, WildcardsOfTwoFamiliesAreBesideEachOther) {
  ExpectSame(R"(
listen L0 tcp4 *4:1
listen L1 tcp6 *6:1
)",
             "ok tcp [::]:#1");
}

}  // namespace
}  // namespace plumb
