// How a difference is made smaller, told and printed. It is that of a bug in a
// copy of the fake (seeded_bugs.txt), so that there is one.
#include "testing/differential/shrink.h"

#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "testing/differential/compare.h"
#include "testing/differential/fake_net.h"
#include "testing/differential/script.h"
#include "testing/differential/seeded_bug.h"

namespace plumb {
namespace {

constexpr int kResetIsToldTwice = 1;
constexpr int kNobody = 7;  // who sends to a closed port is not told

Script Parse(absl::string_view text) {
  absl::StatusOr<Script> script = ParseScript(text);
  EXPECT_TRUE(script.ok()) << script.status();
  return script.ok() ? *std::move(script) : Script();
}

class ShrinkTest : public testing::Test {
 protected:
  ~ShrinkTest() override { SetSeededBug(0); }

  // The smallest one of `script`.
  Difference ShrinkWith(int bug, absl::string_view script) {
    SetSeededBug(bug);
    const auto compare = [this](const Script& one) {
      return comparer_.Compare(one);
    };
    const std::optional<Difference> found = compare(Parse(script));
    EXPECT_TRUE(found.has_value());
    if (!found.has_value()) return Difference();
    const Difference smallest = Shrink(compare, *found);
    comparer_.Compare(smallest.script);
    return smallest;
  }

  Comparer comparer_;
};

TEST_F(ShrinkTest, OfManyStepsThoseAreLeftThatShowIt) {
  const Difference difference = ShrinkWith(kResetIsToldTwice, R"(
packet P0 udp A:1
listen L0 tcp A:1
dial C0 tcp L0
dial C3 tcp A:2
accept C1 L0
write C1 700
wait C0
read C0 300
listen L1 unix /s
dial C4 unix L1
write C0 1000
credentials C4
read C0 2000
close C1
unlink /s
deadline C0 write none
wait C0
read C0 100
read C0 100
closewrite C0
close C0
packet P1 udp A:1
)");
  EXPECT_EQ(FormatScript(difference.script),
            "listen L0 tcp A:1\n"
            "dial C0 tcp L0\n"
            "accept C1 L0\n"
            "write C0 1\n"
            "close C1\n"
            "read C0 1\n"
            "read C0 1\n");
  EXPECT_EQ(difference.step, 6u);
  EXPECT_EQ(difference.kernel, "OUT_OF_RANGE kind 1 from - to -: EOF");
  EXPECT_EQ(difference.fake,
            "UNAVAILABLE ECONNRESET from tcp 127.0.0.1:p0 to tcp A:#1: read "
            "tcp 127.0.0.1:p0->A:#1: read: connection reset by peer");
}

TEST_F(ShrinkTest, WhatIsSmallestStaysAsItIs) {
  constexpr char kScript[] =
      "dial C0 udp A:1\n"
      "write C0 1\n"
      "read C0 1\n";
  const Difference difference = ShrinkWith(kNobody, kScript);
  EXPECT_EQ(FormatScript(difference.script), kScript);
}

// It is a difference of another verb that is smaller.
TEST_F(ShrinkTest, AnotherKindOfDifferenceIsNotTheSame) {
  const Script script = Parse("dial C0 udp A:1\nwrite C0 5\nread C0 5\n");
  const auto compare = [](const Script& one) -> std::optional<Difference> {
    if (one.empty()) return std::nullopt;
    return Difference{one, one.size() - 1, FakeWays::kDirect, "a", "b"};
  };
  const Difference smallest = Shrink(compare, *compare(script));
  EXPECT_EQ(FormatScript(smallest.script), "read C0 1\n");
}

TEST_F(ShrinkTest, ADifferenceIsToldWithAllStepsBefore) {
  const Difference difference =
      ShrinkWith(kNobody, "dial C0 udp A:1\nwrite C0 5\nread C0 5\nclose C0\n");
  EXPECT_EQ(Explain(difference, comparer_.kernel_trace()),
            R"(dial C0 udp A:1
    both    ok udp 127.0.0.1:p0 to udp A:#1
write C0 1
    both    ok
read C0 1
    kernel  UNAVAILABLE ECONNREFUSED from udp 127.0.0.1:p0 to udp A:#1: read udp 127.0.0.1:p0->A:#1: read: connection refused
    fake    DEADLINE_EXCEEDED kind 5 from udp 127.0.0.1:p0 to udp A:#1: read udp 127.0.0.1:p0->A:#1: i/o timeout
)");
}

// printed_test.cc has it, and is a test.
TEST_F(ShrinkTest, ADifferenceIsPrintedAsATest) {
  const Difference difference = ShrinkWith(0, R"(
listen L0 tcp A:1
dial C0 tcp L0 from=B:2
accept C1 L0
write C0 5
read C1 5
close C0
close C1
dial C2 tcp L0 from=B:2
)");
  std::ifstream file("testing/differential/printed_test.cc");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const size_t begin = text.find("TEST(");
  ASSERT_NE(begin, std::string::npos);
  EXPECT_EQ(FormatAsTest(difference),
            text.substr(begin, text.find("\n}\n") + 3 - begin));
}

}  // namespace
}  // namespace plumb
