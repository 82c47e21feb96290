// What the udp of a fake network has of Linux, a script each, as in
// named_streams_test.cc.

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "testing/differential/expect_pinned.h"

namespace plumb {
namespace {

TEST(NamedUdpTest, ADatagramIsTruncated) {
  ExpectSame(R"(
packet P0 udp A:1
packet P1 udp A:2
writeto P1 P0 100
readfrom P0 10
)",
             "ok 'ahovcjqxel' of 100 from udp A:#2");
}

TEST(NamedUdpTest, AConnectedSocketHearsItsPeerAlone) {
  ExpectSame(R"(
packet P0 udp A:1
packet P1 udp A:2
dial C0 udp P0
writeto P1 C0 10
writeto P0 C0 5
read C0 100
)",
             "ok 'ahovc'");
}

TEST(NamedUdpTest, RefusedOnAClosedPort) {
  ExpectSame(R"(
dial C0 udp A:1
write C0 5
read C0 100
)",
             "UNAVAILABLE ECONNREFUSED from udp 127.0.0.1:p0 to udp A:#1: read "
             "udp 127.0.0.1:p0->A:#1: read: connection refused");
}

TEST(NamedUdpTest, ADatagramIsTooLong) {
  ExpectSame(R"(
packet P0 udp A:1
writeto P0 P0 65508
)",
             "INVALID_ARGUMENT EMSGSIZE from udp A:#1 to udp A:#1: write udp "
             "A:#1->A:#1: sendto: message too long");
}

TEST(NamedUdpTest, TooLongForADatagramIsToldBeforeARefusal) {
  ExpectSame(
      R"(
dial C0 udp A:1
write C0 1
write C0 65508
write C0 70000
write C0 1
)",
      "UNAVAILABLE ECONNREFUSED from udp 127.0.0.1:p0 to udp A:#1: write "
      "udp 127.0.0.1:p0->A:#1: write: connection refused");
}

TEST(NamedUdpTest, Multicast) {
  ExpectSame(R"(
packet P0 udp4 G:1
packet P1 udp4 G:1
packet P2 udp4 A:2
join P0 G
writeto P2 G:1 5
join P1 G
writeto P2 G:1 6
readfrom P0 100
readfrom P0 100
readfrom P1 100
readfrom P1 100
leave P0 G
leave P0 G
writeto P2 G:1 7
readfrom P0 100
readfrom P1 100
)",
             "ok 'yfmtaho' of 7 from udp A:#2");
}

TEST(NamedUdpTest, Broadcast) {
  ExpectSame(R"(
packet P0 udp4 *4:1 reuse_port=1
packet P1 udp4 *4:1 reuse_port=1
packet P2 udp4 A:2
packet P3 udp4 A:1 reuse_port=1
writeto P2 all:1 5
readfrom P0 100
readfrom P1 100
readfrom P3 100
dial C0 udp4 all:3
write C0 5
write C0 5
writeto P2 all:1 6
readfrom P1 100
)",
             "ok 'zgnubi' of 6 from udp A:#2");
}

TEST(NamedUdpTest, ABoundBroadcastHearsThatAlone) {
  ExpectSame(R"(
packet P0 udp4 all:1
packet P1 udp4 A:1
packet P2 udp4 A:2
dial C0 udp4 P2 from=all:3
writeto P2 A:1 5
writeto P2 all:1 6
readfrom P0 100
readfrom P0 100
readfrom P1 100
readfrom P1 100
writeto P2 4:3 7
writeto P2 all:3 8
read C0 100
read C0 100
write C0 9
readfrom P2 100
writeto P0 P2 1
readfrom P2 100
)",
             "ok 'a' of 1 from udp 127.0.0.1:#1");
}

TEST(NamedUdpTest, AUdpListenersConnections) {
  ExpectSame(R"(
listen L0 udp A:1
dial C0 udp L0
dial C1 udp L0
write C0 5
write C1 7
write C0 3
accept C2 L0
accept C3 L0
read C2 100
read C2 100
read C3 3
close C2
write C0 1
accept C4 L0
close L0
write C4 2
read C0 10
)",
             "ok 'ah'");
}

// Who shares a port of udp is let in by the last of those who have it, or, if
// these share it too and are of IPv6, by the others.
TEST(NamedUdpTest, SharedPortsOfUdp) {
  const char kShared[] = R"(
packet P0 udp4 B:1
packet P1 udp4 4:1 reuse_port=1
packet P2 udp *6:1 reuse_port=1
)";
  ExpectSame(kShared, "ok udp [::]:#1");
  ExpectSame(absl::StrCat(kShared, "packet P3 udp4 4:1 reuse_port=1\n"),
             "ok udp 127.0.0.1:#1");
  const char kInUse[] = ": bind: address already in use";
  ExpectSame(absl::StrCat(kShared, "packet P3 udp4 B:1 reuse_port=1\n"),
             absl::StrCat("ALREADY_EXISTS EADDRINUSE from - to udp B:#1: "
                          "listen udp4 B:#1",
                          kInUse));
  ExpectSame(absl::StrCat(kShared, "packet P3 udp4 4:1\n"),
             absl::StrCat("ALREADY_EXISTS EADDRINUSE from - to udp "
                          "127.0.0.1:#1: listen udp4 127.0.0.1:#1",
                          kInUse));
}

}  // namespace
}  // namespace plumb
