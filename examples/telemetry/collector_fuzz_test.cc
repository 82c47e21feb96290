// Replays what a fuzzer found, and the inputs that it begins with.
#include "examples/telemetry/collector_fuzz.h"

#include <dirent.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "examples/telemetry/collector.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/fault/fuzz_conn.h"
#include "transport/error.h"

namespace examples {
namespace {

constexpr char kCorpus[] = "examples/telemetry/collector_corpus";

std::vector<std::string> CorpusFiles() {
  std::vector<std::string> files;
  DIR* const directory = opendir(kCorpus);
  if (directory == nullptr) return files;
  while (const dirent* entry = readdir(directory)) {
    if (entry->d_name[0] != '.') {
      files.push_back(absl::StrCat(kCorpus, "/", entry->d_name));
    }
  }
  closedir(directory);
  return files;
}

std::string Contents(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  EXPECT_TRUE(stream.good()) << file;
  return {std::istreambuf_iterator<char>(stream), {}};
}

int Replay(const std::string& bytes) {
  return LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()),
                                bytes.size());
}

TEST(CollectorFuzzTest, ReplaysTheCorpus) {
  const std::vector<std::string> files = CorpusFiles();
  EXPECT_GE(files.size(), 6);
  for (const std::string& file : files) {
    const std::string bytes = Contents(file);
    SCOPED_TRACE(absl::StrCat(
        file, ":\n", plumb::DescribeFuzzInput(plumb::ParseFuzzInput(bytes))));
    EXPECT_EQ(Replay(bytes), 0);
  }
}

// One file alone, as one that a fuzzer wrote when it crashed, and what is
// expected of it.
TEST(CollectorFuzzTest, ReportAfterAResetIsNotKept) {
  const std::string bytes = Contents(absl::StrCat(kCorpus, "/reset"));
  EXPECT_EQ(Replay(bytes), 0);
  Collector collector;
  const auto conn = plumb::MakeFuzzConn(bytes);
  const absl::Status status = collector.Handle(*conn);
  EXPECT_TRUE(plumb::IsReset(status)) << status;
  EXPECT_EQ(plumb::GetErrorInfo(status)->injected_by, "rule 1");
  EXPECT_EQ(collector.Latest().size(), 1);
}

TEST(CollectorFuzzTest, ReportInPiecesIsKept) {
  Collector collector;
  const auto conn = plumb::MakeFuzzConn(
      Contents(absl::StrCat(kCorpus, "/two_reports_in_pieces")));
  EXPECT_EQ(collector.Handle(*conn), absl::OkStatus());
  EXPECT_EQ(collector.Latest().at("web-1").sequence(), 2);
}

}  // namespace
}  // namespace examples
