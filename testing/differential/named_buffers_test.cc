// What there is room for in a fake network: buffers, windows and backlogs, a
// script each, as in named_streams_test.cc.

#include "gtest/gtest.h"
#include "testing/differential/expect_pinned.h"

namespace plumb {
namespace {

TEST(NamedBuffersTest, Backpressure) {
  ExpectSame(R"(
listen L0 tcp A:1
dial C0 tcp L0
accept C1 L0
fill C0
begin write C0 100
drain C1
end C0
)",
             "ok");
}

// More than a window, and than both buffers.
TEST(NamedBuffersTest, Window) {
  ExpectSame(R"(
listen L0 tcp A:1
dial C0 tcp L0
accept C1 L0
begin write C0 1000000
still C0
drain C1
end C0
write C0 5
drain C1
)",
             "5 bytes, all, then DEADLINE_EXCEEDED kind 5 from tcp A:#1 "
             "to tcp 127.0.0.1:p0: read tcp A:#1->127.0.0.1:p0: i/o timeout");
}

// Those that nobody has set. How much they hold is pinned.
TEST(NamedBuffersTest, DefaultBuffers) {
  ExpectSame(R"(
listen L0 tcp A:1 buffers=default
dial C0 tcp L0 buffers=default
accept C1 L0
fill C0
begin write C0 100
drain C1
end C0
)",
             "ok");
}

TEST(NamedBuffersTest, DefaultBuffersOfUnix) {
  ExpectSame(R"(
listen L0 unix /s buffers=default
dial C0 unix L0 buffers=default
accept C1 L0
fill C0
begin write C0 100
drain C1
end C0
)",
             "ok");
}

TEST(NamedBuffersTest, BackpressureOfUnix) {
  ExpectSame(R"(
listen L0 unix /s
dial C0 unix L0
accept C1 L0
fill C0
begin write C0 100
drain C1
end C0
)",
             "ok");
}

// One more than the backlog is in; the next one waits for room.
TEST(NamedBuffersTest, Backlog) {
  ExpectSame(R"(
listen L0 tcp A:1 backlog=1
dial C0 tcp L0
dial C1 tcp L0
begin dial C2 tcp L0
accept C3 L0
accept C4 L0
end C2
)",
             "ok tcp 127.0.0.1:p2 to tcp A:#1");
}

TEST(NamedBuffersTest, BacklogOfUnix) {
  ExpectSame(R"(
listen L0 unix /s backlog=1
dial C0 unix L0
dial C1 unix L0
begin dial C2 unix L0
accept C3 L0
accept C4 L0
end C2
)",
             "ok unix @ to unix /s");
}

}  // namespace
}  // namespace plumb
