#include "transport/host_port.h"

#include <cstdint>
#include <iterator>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "absl/hash/hash_testing.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace plumb {
namespace {

struct Split {
  const char* text;
  const char* host;
  const char* port;
};

class SplitHostPortTest : public ::testing::TestWithParam<Split> {};

// V-2.
TEST_P(SplitHostPortTest, GivesBothParts) {
  const auto parts = SplitHostPort(GetParam().text);
  ASSERT_TRUE(parts.ok()) << parts.status();
  EXPECT_EQ(*parts, (HostPort{GetParam().host, GetParam().port}));
}

INSTANTIATE_TEST_SUITE_P(
    Vectors, SplitHostPortTest,
    ::testing::Values(Split{"localhost:http", "localhost", "http"},
                      Split{"localhost:80", "localhost", "80"},
                      Split{"localhost%lo0:80", "localhost%lo0", "80"},
                      Split{"[localhost%lo0]:80", "localhost%lo0", "80"},
                      Split{"127.0.0.1:80", "127.0.0.1", "80"},
                      Split{"[::1]:80", "::1", "80"},
                      Split{"[::1%lo0]:http", "::1%lo0", "http"},
                      Split{":80", "", "80"},
                      Split{"golang.org:", "golang.org", ""},
                      Split{"127.0.0.1:", "127.0.0.1", ""},
                      Split{"[::1]:", "::1", ""},
                      Split{"golang.org:https%foo", "golang.org", "https%foo"},
                      Split{"[]:80", "", "80"}, Split{":", "", ""}));

struct Reject {
  const char* text;
  const char* why;
};

class SplitHostPortRejectTest : public ::testing::TestWithParam<Reject> {};

TEST_P(SplitHostPortRejectTest, SaysWhatGoSays) {
  EXPECT_EQ(SplitHostPort(GetParam().text).status(),
            absl::InvalidArgumentError(absl::StrCat("address ", GetParam().text,
                                                    ": ", GetParam().why)));
}

INSTANTIATE_TEST_SUITE_P(
    Vectors, SplitHostPortRejectTest,
    ::testing::Values(Reject{"golang.org", "missing port in address"},
                      Reject{"127.0.0.1", "missing port in address"},
                      Reject{"[::1]", "missing port in address"},
                      Reject{"[fe80::1%lo0]", "missing port in address"},
                      Reject{"[localhost%lo0]", "missing port in address"},
                      Reject{"localhost%lo0", "missing port in address"},
                      Reject{"[foo:bar]", "missing port in address"},
                      Reject{"[foo:bar]baz", "missing port in address"},
                      Reject{"[foo]bar:baz", "missing port in address"},
                      Reject{"::1", "too many colons in address"},
                      Reject{"1:2:3", "too many colons in address"},
                      Reject{"fe80::1%lo0", "too many colons in address"},
                      Reject{"fe80::1%lo0:80", "too many colons in address"},
                      Reject{"[foo]:[bar]:baz", "too many colons in address"},
                      Reject{"[foo]:[bar]baz", "unexpected '[' in address"},
                      Reject{"foo[bar]:baz", "unexpected '[' in address"},
                      Reject{"[[foo]:80", "unexpected '[' in address"},
                      Reject{"foo]bar:baz", "unexpected ']' in address"},
                      Reject{"[foo]:ba]z", "unexpected ']' in address"},
                      Reject{"[::1:80", "missing ']' in address"}));

TEST(HostPortTest, EmptyTextHasNoPort) {
  EXPECT_EQ(SplitHostPort("").status(),
            absl::InvalidArgumentError("missing port in address"));
}

// V-3.
TEST(HostPortTest, JoinBracketsAHostWithAColon) {
  EXPECT_EQ(JoinHostPort("localhost", "http"), "localhost:http");
  EXPECT_EQ(JoinHostPort("localhost%lo0", "http"), "localhost%lo0:http");
  EXPECT_EQ(JoinHostPort("127.0.0.1", "80"), "127.0.0.1:80");
  EXPECT_EQ(JoinHostPort("::1", "80"), "[::1]:80");
  EXPECT_EQ(JoinHostPort("::1%lo0", "80"), "[::1%lo0]:80");
  EXPECT_EQ(JoinHostPort("", "80"), ":80");
  EXPECT_EQ(JoinHostPort("golang.org", ""), "golang.org:");
  EXPECT_EQ(JoinHostPort("::1", ""), "[::1]:");
  EXPECT_EQ(JoinHostPort("", ""), ":");
}

TEST(HostPortTest, IsAValue) {
  const std::vector<HostPort> in_order = {
      {"", ""}, {"", "80"}, {"::1", "80"}, {"a", "80"}, {"a", "81"}};
  for (size_t i = 0; i < in_order.size(); ++i) {
    for (size_t j = 0; j < in_order.size(); ++j) {
      EXPECT_EQ(in_order[i] < in_order[j], i < j);
      EXPECT_EQ(in_order[i] == in_order[j], i == j);
      EXPECT_EQ(in_order[i] != in_order[j], i != j);
    }
  }
  EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly(in_order));
  std::ostringstream out;
  out << in_order[2];
  EXPECT_EQ(out.str(), "[::1]:80");
}

TEST(HostPortTest, RandomTextSplitsAndJoinsBack) {
  static constexpr absl::string_view kPieces[] = {"[", "]", ":", "::1",
                                                  "%", "a", "80"};
  std::mt19937 random(3);
  int split = 0;
  for (int i = 0; i < 50000; ++i) {
    std::string text;
    for (uint32_t n = random() % 8; n > 0; --n) {
      absl::StrAppend(&text, kPieces[random() % std::size(kPieces)]);
    }
    const auto parts = SplitHostPort(text);
    if (!parts.ok()) {
      EXPECT_EQ(parts.status().code(), absl::StatusCode::kInvalidArgument);
      EXPECT_TRUE(absl::EndsWith(parts.status().message(), " in address"));
      continue;
    }
    ++split;
    const auto again = SplitHostPort(JoinHostPort(parts->host, parts->port));
    ASSERT_TRUE(again.ok()) << text << ": " << again.status();
    EXPECT_EQ(*again, *parts) << text;
  }
  EXPECT_GT(split, 1000);
}

}  // namespace
}  // namespace plumb
