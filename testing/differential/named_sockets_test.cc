// What the names and unix sockets of a fake network have of Linux, a script
// each, as in named_streams_test.cc.

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "testing/differential/expect_pinned.h"

namespace plumb {
namespace {

TEST(NamedSocketsTest, UnixPaths) {
  ExpectSame(R"(
listen L0 unix /s
listen L1 unix /s
unlink /s
listen L1 unix /s
dial C0 unix /s
accept C1 L1
)",
             "ok unix /s to unix @");
}

TEST(NamedSocketsTest, AListenerRemovesWhatIsAtItsPath) {
  ExpectSame(
      R"(
listen L0 unix /s
unlink /s
listen L1 unix /s
close L0
dial C0 unix /s
)",
      "NOT_FOUND ENOENT from - to unix /s: dial unix /s: connect: no such "
      "file or directory");
}

TEST(NamedSocketsTest, AStaleUnixPath) {
  ExpectSame(R"(
packet P0 unixgram /s
close P0
listen L0 unix /s
listen L0 unix /s replace_stale=1
)",
             "ok unix /s");
}

TEST(NamedSocketsTest, AnotherKindOfUnixSocket) {
  ExpectSame(
      R"(
listen L0 unix /s
dial C0 unixpacket /s
)",
      "INVALID_ARGUMENT EPROTOTYPE from - to unixpacket /s: dial unixpacket "
      "/s: connect: protocol wrong type for socket");
}

TEST(NamedSocketsTest, AbstractNames) {
  ExpectSame(R"(
listen L0 unix @s
dial C0 unix @s from=@c
accept C1 L0
)",
             "ok unix @s to unix @c");
}

TEST(NamedSocketsTest, SocketsOfTwoTypesHaveOneAbstractName) {
  ExpectSame(R"(
listen L0 unix @s
listen L1 unixpacket @s
packet P0 unixgram @s
)",
             "ok unixgram @s");
}

TEST(NamedSocketsTest, NobodyOfThatTypeHasTheAbstractName) {
  ExpectSame(
      R"(
listen L0 unix @s
dial C0 unixgram @s
)",
      "UNAVAILABLE ECONNREFUSED from - to unixgram @s: dial unixgram @s: "
      "connect: connection refused");
}

TEST(NamedSocketsTest, NamesThatTheSystemChooses) {
  ExpectSame(R"(
listen L0 unix @
dial C0 unix L0 from=@
accept C1 L0
)",
             "ok unix @auto0 to unix @auto1");
}

TEST(NamedSocketsTest, AFullUnixgramQueue) {
  ExpectSame(R"(
packet P0 unixgram /p
dial C0 unixgram P0
write C0 1
write C0 1
fill C0
)",
             "full");
}

TEST(NamedSocketsTest, NobodyConnectsToAConnectedUnixgramSocket) {
  ExpectSame(R"(
packet P0 unixgram /p
dial C0 unixgram P0 from=/c
dial C1 unixgram C0
)",
             "PERMISSION_DENIED EPERM from - to unixgram /c: dial unixgram /c: "
             "connect: operation not permitted");
}

TEST(NamedSocketsTest, ANameThatHasChangedHandsIsNotThePeer) {
  ExpectSame(R"(
packet P0 unixgram @p
dial C0 unixgram P0 from=/c
close P0
packet P1 unixgram @p
writeto P1 C0 5
)",
             "PERMISSION_DENIED EPERM from unixgram @p to unixgram /c: write "
             "unixgram @p->/c: sendto: operation not permitted");
}

TEST(NamedSocketsTest, TooLongForADatagramIsToldBeforeNobodyThere) {
  ExpectSame(R"(
packet P0 unixgram /p
writeto P0 /none 300000
)",
             "INVALID_ARGUMENT EMSGSIZE from unixgram /p to unixgram /none: "
             "write unixgram /p->/none: sendto: message too long");
}

TEST(NamedSocketsTest, TooLongForADatagramIsToldBeforeADisconnection) {
  ExpectSame(R"(
packet P0 unixgram /p
dial C0 unixgram P0 from=@
close P0
write C0 1
write C0 300000
write C0 1
)",
             "FAILED_PRECONDITION ENOTCONN from unixgram @auto0 to unixgram "
             "/p: write unixgram @auto0->/p: write: transport endpoint is not "
             "connected");
}

TEST(NamedSocketsTest, EpermOfAConnectedUnixgramSocket) {
  ExpectSame(R"(
packet P0 unixgram /p
dial C0 unixgram P0 from=/c
packet P1 unixgram /q
writeto P1 C0 5
)",
             "PERMISSION_DENIED EPERM from unixgram /q to unixgram /c: write "
             "unixgram /q->/c: sendto: operation not permitted");
}

TEST(NamedSocketsTest, DescriptorPassing) {
  ExpectSame(R"(
listen L0 unix /s
dial C0 unix L0
accept C1 L0
write C0 3
handles C0 3
write C0 3
take C1 2
take C1 100
take C1 100
)",
             "ok 3 bytes and");
}

TEST(NamedSocketsTest, DescriptorPassingOfUnixpacket) {
  ExpectSame(R"(
listen L0 unixpacket /s
dial C0 unixpacket L0
accept C1 L0
handles C0 2
handles C0 1
read C1 100
take C1 100
)",
             "ok 1 bytes and device");
}

TEST(NamedSocketsTest, DescriptorPassingOfUnixgram) {
  ExpectSame(R"(
packet P0 unixgram /p
dial C0 unixgram P0 from=/c
dial C1 unixgram P0
handles C1 2
readfrom P0 100
handles C0 254
)",
             "INVALID_ARGUMENT from unixgram /c to unixgram /p: write unixgram "
             "/c->/p: too many handles: 254, at most 253");
}

TEST(NamedSocketsTest, ABadDescriptorIsToldBeforeABrokenPipe) {
  ExpectSame(R"(
listen L0 unix /s
dial C0 unix L0
accept C1 L0
close C1
handles C0 1
handles C0 -1
)",
             "INVALID_ARGUMENT EBADF from unix @ to unix /s: write unix "
             "@->/s: sendmsg: bad file descriptor");
}

TEST(NamedSocketsTest, ABadDescriptorIsToldAfterOnesOwnEnd) {
  for (const char* network : {"unix", "unixpacket"}) {
    ExpectSame(
        absl::StrCat("listen L0 ", network, " /s\ndial C0 ", network,
                     " L0\naccept C1 L0\nclosewrite C0\nhandles C0 -1\n"),
        absl::StrCat("FAILED_PRECONDITION EPIPE from ", network, " @ to ",
                     network, " /s: write ", network,
                     " @->/s: write: broken pipe"));
  }
}

TEST(NamedSocketsTest, OfUnixpacketAResetIsToldFirst) {
  for (const char* step : {"handles C0 -1", "write C0 1000000"}) {
    ExpectSame(
        absl::StrCat("listen L0 unixpacket /s\ndial C0 unixpacket L0\n"
                     "accept C1 L0\nwrite C0 1\nclose C1\n",
                     step, "\n"),
        "UNAVAILABLE ECONNRESET from unixpacket @ to unixpacket /s: write "
        "unixpacket @->/s: write: connection reset by peer");
  }
}

TEST(NamedSocketsTest, ABadDescriptorIsToldBeforeThatNobodyIsThere) {
  ExpectSame(R"(
packet P0 unixgram /p
dial C0 unixgram P0
close P0
handles C0 1
handles C0 -1
)",
             "INVALID_ARGUMENT EBADF from unixgram @ to unixgram /p: write "
             "unixgram @->/p: sendmsg: bad file descriptor");
}

TEST(NamedSocketsTest, Credentials) {
  ExpectSame(R"(
listen L0 unix /s
dial C0 unix L0
accept C1 L0
close C1
credentials C1
)",
             "CANCELLED kind 3 from unix /s to unix @: get unix /s->@: use of "
             "closed network connection");
}

TEST(NamedSocketsTest, CredentialsOfThisProcess) {
  ExpectSame(R"(
listen L0 unix /s
dial C0 unix L0
accept C1 L0
credentials C1
closewrite C0
read C1 10
)",
             "OUT_OF_RANGE kind 1 from - to -: EOF");
}

TEST(NamedSocketsTest, AnEmptyMessageOfUnixpacketReadsAsTheEnd) {
  ExpectSame(R"(
listen L0 unixpacket /s
dial C0 unixpacket L0
accept C1 L0
write C0 0
read C1 10
)",
             "OUT_OF_RANGE kind 1 from - to -: EOF");
}

}  // namespace
}  // namespace plumb
