// What there is room for in a fake network: buffers, windows and backlogs, a
// script each, as in named_streams_test.cc.

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "testing/differential/expect_pinned.h"

namespace plumb {
namespace {

std::string Connected(absl::string_view network, absl::string_view address,
                      absl::string_view buffers = "") {
  return absl::StrCat("listen L0 ", network, " ", address, buffers, "\n",
                      "dial C0 ", network, " L0", buffers, "\n",
                      "accept C1 L0\n");
}

// A Write waits when there is no room, and until there is.
void ExpectBackpressure(absl::string_view connected) {
  ExpectSame(absl::StrCat(connected, R"(
fill C0
begin write C0 100
drain C1
end C0
)"),
             "ok");
}

TEST(NamedBuffersTest, Backpressure) {
  ExpectBackpressure(Connected("tcp", "A:1"));
}

TEST(NamedBuffersTest, BackpressureOfUnix) {
  ExpectBackpressure(Connected("unix", "/s"));
}

// All of 127/8 is one host, whose loopback carries more at once than Ethernet.
TEST(NamedBuffersTest, ASegmentOfTheLoopback) {
  ExpectSame(R"(
listen L0 tcp B:1
dial C0 tcp L0
accept C1 L0
begin read C1 5000
write C0 3000
end C1
)",
             "ok 3000:255ac765");
}

// Those that nobody has set. How much they hold is pinned.
TEST(NamedBuffersTest, DefaultBuffers) {
  ExpectBackpressure(Connected("tcp", "A:1", " buffers=default"));
}

TEST(NamedBuffersTest, DefaultBuffersOfUnix) {
  ExpectBackpressure(Connected("unix", "/s", " buffers=default"));
}

// More than a window, and than both buffers.
TEST(NamedBuffersTest, Window) {
  ExpectSame(absl::StrCat(Connected("tcp", "A:1"), R"(
begin write C0 1000000
still C0
drain C1
end C0
write C0 5
drain C1
)"),
             "5 bytes, all, then DEADLINE_EXCEEDED kind 5 from tcp A:#1 "
             "to tcp 127.0.0.1:p0: read tcp A:#1->127.0.0.1:p0: i/o timeout");
}

// One more than the backlog is in; the next one waits for room.
void ExpectBacklog(absl::string_view network, absl::string_view address,
                   absl::string_view dialled) {
  ExpectSame(absl::StrCat("listen L0 ", network, " ", address, " backlog=1\n",
                          "dial C0 ", network, " L0\n", "dial C1 ", network,
                          " L0\n", "begin dial C2 ", network, " L0\n", R"(
still C2
accept C3 L0
accept C4 L0
end C2
)"),
             dialled);
}

TEST(NamedBuffersTest, Backlog) {
  ExpectBacklog("tcp", "A:1", "ok tcp 127.0.0.1:p2 to tcp A:#1");
}

TEST(NamedBuffersTest, BacklogOfUnix) {
  ExpectBacklog("unix", "/s", "ok unix @ to unix /s");
}

}  // namespace
}  // namespace plumb
