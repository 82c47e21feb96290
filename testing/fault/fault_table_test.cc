// The table of what is honoured where, made of what is refused when a plan is
// loaded, is the one in README.md. That what is not refused happens is for
// fault_policy_test, fault_transport_test, fault_stream_test and
// fault_message_test, which run on each of the columns.
#include <fstream>
#include <iterator>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_plan.h"
#include "testing/fault/fault_support.h"

namespace plumb {
namespace {

struct Row {
  const char* name;
  const char* operation;  // empty: the action's own
  const char* action;
};

constexpr Row kRows[] = {
    {"`delay`", "", "delay { min: '1s' }"},
    {"`delay` of DIAL", "DIAL", "delay { min: '1s' }"},
    {"`delay` of ACCEPT", "ACCEPT", "delay { min: '1s' }"},
    {"`delay` of READ", "READ", "delay { min: '1s' }"},
    {"`delay` of WRITE", "WRITE", "delay { min: '1s' }"},
    {"`rate`", "", "rate { bytes_per_second: 1 }"},
    {"`loss`", "", "loss {}"},
    {"`loss` in bursts", "", "loss { gilbert_elliott { p: 0.1 r: 0.5 } }"},
    {"`duplicate`", "", "duplicate {}"},
    {"`reorder`", "", "reorder { by: '1s' }"},
    {"`corrupt`", "", "corrupt {}"},
    {"`hold`", "", "hold {}"},
    {"`partition`", "", "partition {}"},
    {"`half_open`", "", "half_open {}"},
    {"`reset`", "", "reset {}"},
    {"`chunk` of READ", "READ", "chunk { max_bytes: 1 }"},
    {"`chunk` of WRITE", "WRITE", "chunk { max_bytes: 1 }"},
    {"`stop_reading`", "", "stop_reading {}"},
    {"`fail_dial` REFUSED", "", "fail_dial { how: REFUSED }"},
    {"`fail_dial` TIMEOUT", "", "fail_dial { how: TIMEOUT }"},
    {"`fail_dial` HANG", "", "fail_dial { how: HANG }"},
    {"`fail_dial` NO_SUCH_HOST", "", "fail_dial { how: NO_SUCH_HOST }"},
    {"`fail_op` of DIAL", "DIAL", "fail_op { error: 'EIO' }"},
    {"`fail_op` of ACCEPT", "ACCEPT", "fail_op { error: 'EIO' }"},
    {"`fail_op` of READ", "READ", "fail_op { error: 'EIO' }"},
    {"`fail_op` of WRITE", "WRITE", "fail_op { error: 'EIO' }"},
};

struct Column {
  const char* name;
  FaultTarget target;
  const char* network;
};

constexpr Column kColumns[] = {
    {"fake: tcp", FaultTarget::kFake, "tcp"},
    {"udp", FaultTarget::kFake, "udp"},
    {"unix", FaultTarget::kFake, "unix"},
    {"unixgram, unixpacket", FaultTarget::kFake, "unixgram"},
    {"tcp", FaultTarget::kTcp, "tcp"},
    {"udp", FaultTarget::kUdp, "udp"},
    {"unix", FaultTarget::kUnix, "unix"},
    {"unixgram", FaultTarget::kUnix, "unixgram"},
    {"unixpacket", FaultTarget::kUnix, "unixpacket"},
};

std::string CellOf(const Row& row, const Column& column, const char* network) {
  std::string match = absl::StrCat("network: '", network, "'");
  if (*row.operation != '\0') {
    absl::StrAppend(&match, " operation: ", row.operation);
  }
  const absl::StatusOr<FaultPlan> plan = ParseFaultPlan(
      absl::StrCat("rule { id: 'x' match { ", match, " } ", row.action, " }"));
  if (!plan.ok()) return std::string(plan.status().message());
  const absl::Status status = ValidateFaultPlan(*plan, {{column.target}});
  if (status.ok()) return "yes";
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented) << status;
  EXPECT_TRUE(absl::StartsWith(status.message(), "rule[0] 'x': ")) << status;
  return "-";
}

std::string Table() {
  std::string table = "| action |";
  std::string line = "|---|";
  for (const Column& column : kColumns) {
    absl::StrAppend(&table, " ", column.name, " |");
    absl::StrAppend(&line, "---|");
  }
  absl::StrAppend(&table, "\n", line, "\n");
  for (const Row& row : kRows) {
    absl::StrAppend(&table, "| ", row.name, " |");
    for (const Column& column : kColumns) {
      absl::StrAppend(&table, " ", CellOf(row, column, column.network), " |");
    }
    absl::StrAppend(&table, "\n");
  }
  return table;
}

TEST(FaultTableTest, IsThatOfTheReadme) {
  std::ifstream stream("testing/fault/README.md");
  const std::string readme((std::istreambuf_iterator<char>(stream)), {});
  ASSERT_FALSE(readme.empty());
  const std::string table = Table();
  EXPECT_TRUE(absl::StrContains(readme, table)) << "README.md has not:\n"
                                                << table;
}

TEST(FaultTableTest, OnAFakeUnixpacketIsAsUnixgram) {
  const Column fake = kColumns[3];
  for (const Row& row : kRows) {
    EXPECT_EQ(CellOf(row, fake, "unixpacket"), CellOf(row, fake, "unixgram"));
  }
}

}  // namespace
}  // namespace plumb
