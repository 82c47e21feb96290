// Replays what a fuzzer found, and the inputs that it begins with.
#include "testing/differential/script_fuzz.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "testing/differential/choices.h"
#include "testing/differential/generator.h"
#include "testing/differential/script.h"

namespace plumb {
namespace {

constexpr char kCorpus[] = "testing/differential/script_corpus";

std::vector<uint8_t> Contents(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  EXPECT_TRUE(stream.good()) << file;
  return {std::istreambuf_iterator<char>(stream), {}};
}

Script ScriptOf(const std::vector<uint8_t>& bytes) {
  Choices choices(absl::MakeConstSpan(bytes));
  return Generate(choices);
}

TEST(ScriptFuzzTest, ReplaysTheCorpus) {
  std::set<std::string> networks;
  for (const auto& file : std::filesystem::directory_iterator(kCorpus)) {
    const std::vector<uint8_t> bytes = Contents(file.path());
    const Script script = ScriptOf(bytes);
    SCOPED_TRACE(file.path().string() + ":\n" + FormatScript(script));
    for (const Step& step : script) networks.insert(step.network);
    EXPECT_EQ(LLVMFuzzerTestOneInput(bytes.data(), bytes.size()), 0);
  }
  for (const char* network : {"tcp", "unix", "unixpacket", "udp", "unixgram"}) {
    EXPECT_EQ(networks.count(network), 1) << network;
  }
}

TEST(ScriptFuzzTest, BytesAreChoices) {
  const std::vector<uint8_t> none;
  EXPECT_EQ(LLVMFuzzerTestOneInput(none.data(), 0), 0);
  std::vector<uint8_t> bytes(64, 0);
  bytes[0] = 8;  // unix
  const std::string unix_script = FormatScript(ScriptOf(bytes));
  EXPECT_NE(unix_script.find("listen L0 unix "), std::string::npos)
      << unix_script;
  bytes[0] = 13;  // udp
  EXPECT_EQ(FormatScript(ScriptOf(bytes)).rfind("packet P", 0), 0u);
}

}  // namespace
}  // namespace plumb
