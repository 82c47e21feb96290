#include "examples/telemetry/collector.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "transport/error.h"
#include "transport/io.h"
#include "transport/pipe.h"

namespace examples {
namespace {

Report MakeReport(const std::string& source, uint64_t sequence, double load) {
  Report report;
  report.set_source(source);
  report.set_sequence(sequence);
  (*report.mutable_values())["load"] = load;
  return report;
}

// What Handle says of a connection on which `bytes` came before its end.
absl::Status HandleBytes(Collector& collector, absl::string_view bytes) {
  auto [near, far] = plumb::Pipe();
  EXPECT_EQ(near->Write(bytes), absl::OkStatus());
  EXPECT_EQ(near->CloseWrite(), absl::OkStatus());
  return collector.Handle(*far);
}

TEST(CollectorTest, AnswersEachReportAndKeepsTheLatestOfASource) {
  auto [near, far] = plumb::Pipe();
  for (const Report& report : {MakeReport("a", 1, 0.5), MakeReport("b", 1, 3),
                               MakeReport("a", 2, 0.25)}) {
    ASSERT_EQ(plumb::WriteMessage(*near, report), absl::OkStatus());
  }
  ASSERT_EQ(near->CloseWrite(), absl::OkStatus());
  Collector collector;
  EXPECT_EQ(collector.Handle(*far), absl::OkStatus());

  for (uint64_t sequence : {1, 1, 2}) {
    Receipt receipt;
    ASSERT_EQ(plumb::ReadMessage(*near, &receipt), absl::OkStatus());
    EXPECT_EQ(receipt.sequence(), sequence);
  }
  const auto latest = collector.Latest();
  ASSERT_EQ(latest.size(), 2u);
  EXPECT_EQ(latest.at("a").sequence(), 2u);
  EXPECT_EQ(latest.at("a").values().at("load"), 0.25);
  EXPECT_EQ(latest.at("b").values().at("load"), 3);
}

TEST(CollectorTest, AReportOverTheLimitEndsTheConnection) {
  plumb::MessageOptions options;
  options.max_bytes = 8;
  Collector collector(options);
  const absl::Status status =
      HandleBytes(collector, std::string("\0\0\0\x09", 4));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(),
            "read pipe pipe->pipe: message of 9 bytes is longer than the limit "
            "of 8");
}

TEST(CollectorTest, WhatIsNoReportEndsTheConnection) {
  Collector collector;
  const absl::Status status =
      HandleBytes(collector, std::string("\0\0\0\1\xff", 5));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "read pipe pipe->pipe: 1 bytes are no examples.Report");
  EXPECT_TRUE(collector.Latest().empty());
}

TEST(CollectorTest, AReportThatIsCutIsDataLoss) {
  Collector collector;
  const absl::Status status =
      HandleBytes(collector, std::string("\0\0\0\5a", 5));
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(status.message(), "unexpected EOF");
}

}  // namespace
}  // namespace examples
