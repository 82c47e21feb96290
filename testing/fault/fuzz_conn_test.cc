#include "testing/fault/fuzz_conn.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/fault/make_faults.h"
#include "testing/matchers.h"
#include "transport/error.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;

// One Read after the other until one fails: what they gave, and how it ended.
std::vector<std::string> Reads(Conn& conn) {
  std::vector<std::string> reads;
  char buffer[100];
  absl::StatusOr<size_t> n = conn.Read(absl::MakeSpan(buffer));
  for (; n.ok(); n = conn.Read(absl::MakeSpan(buffer))) {
    reads.emplace_back(buffer, *n);
  }
  reads.emplace_back(n.status().message());
  return reads;
}

std::string Rule(char kind, char place, char first, char second = 0) {
  return {kind, place, first, second};
}

std::string OneRule(const std::string& rule, absl::string_view data) {
  return absl::StrCat("\1", rule, std::string(1, '\0'), data);
}

TEST(FuzzConnTest, WithoutRulesThePeerSendsAndEnds) {
  const auto conn = MakeFuzzConn(FuzzBytes("hello"));
  EXPECT_THAT(conn->Write("answer"), IsOk());
  EXPECT_THAT(Reads(*conn), ElementsAre("hello", "EOF"));
}

TEST(FuzzConnTest, NoBytesAreAPeerThatSendsNothing) {
  EXPECT_THAT(Reads(*MakeFuzzConn("")), ElementsAre("EOF"));
}

TEST(FuzzConnTest, Chunks) {
  const auto conn = MakeFuzzConn(OneRule(Rule(0, 0, 1), "hello"));
  EXPECT_THAT(Reads(*conn), ElementsAre("he", "ll", "o", "EOF"));
}

TEST(FuzzConnTest, FailedCalls) {
  const auto read = MakeFuzzConn(OneRule(Rule(2, 0, 0), "hello"));
  EXPECT_THAT(Reads(*read),
              ElementsAre("read tcp 192.0.2.1:80->192.0.2.2:40000: read: "
                          "input/output error"));
  EXPECT_THAT(Reads(*read), ElementsAre("hello", "EOF"));
  const auto write = MakeFuzzConn(OneRule(Rule(3, 1, 3), ""));
  EXPECT_THAT(write->Write("1"), IsOk());
  const absl::Status status = write->Write("2");
  EXPECT_EQ(status.message(),
            "write tcp 192.0.2.1:80->192.0.2.2:40000: write: no buffer space "
            "available");
  EXPECT_EQ(GetErrorInfo(status)->injected_by, "rule 1");
}

TEST(FuzzConnTest, ChangedBytes) {
  const std::string zeros(100, '0');
  const std::string got =
      Reads(*MakeFuzzConn(OneRule(Rule(4, 0, 0), zeros))).front();
  ASSERT_EQ(got.size(), 100);
  EXPECT_EQ(std::count(got.begin(), got.end(), '0'), 99);
}

TEST(FuzzConnTest, Resets) {
  const auto conn = MakeFuzzConn(OneRule(Rule(6, 0, 0), "hello"));
  EXPECT_THAT(Reads(*conn),
              ElementsAre("read tcp 192.0.2.1:80->192.0.2.2:40000: read: "
                          "connection reset by peer"));
  EXPECT_THAT(Reads(*conn), ElementsAre("EOF"));
  EXPECT_THAT(conn->Write("x"), IsBrokenPipe());
}

TEST(FuzzConnTest, MemoryIsLimited) {
  FuzzOptions options;
  options.max_data = 3;
  options.max_written = 4;
  const auto conn = MakeFuzzConn(FuzzBytes("hello"), options);
  EXPECT_THAT(Reads(*conn), ElementsAre("hel", "EOF"));
  EXPECT_THAT(conn->Write("123"), IsOk());
  const absl::Status status = conn->Write("456");
  EXPECT_THAT(status, IsBrokenPipe());
  EXPECT_EQ(BytesDone(status), 1);
}

TEST(FuzzConnTest, AnyBytesAreAPlanThatLoads) {
  std::string bytes;
  uint32_t random = 1;
  for (int i = 0; i < 2000; ++i) {
    bytes.clear();
    for (int j = 0; j < 24; ++j) {
      random = random * 1664525 + 1013904223;
      bytes.push_back(static_cast<char>(random >> 24));
    }
    const FuzzInput input = ParseFuzzInput(bytes);
    ASSERT_THAT(MakeFaults(input.plan).status(), IsOk());
    EXPECT_EQ(Reads(*MakeFuzzConn(bytes)), Reads(*MakeFuzzConn(bytes)))
        << DescribeFuzzInput(input);
  }
}

TEST(FuzzConnTest, IsDescribed) {
  EXPECT_EQ(DescribeFuzzInput(ParseFuzzInput(OneRule(Rule(0, 0, 1), "a\n"))),
            "rule {\n  id: \"rule 1\"\n  match {\n    operation: READ\n  }\n"
            "  chunk {\n    max_bytes: 2\n  }\n}\ndata: \"a\\n\"\n");
}

}  // namespace
}  // namespace plumb
