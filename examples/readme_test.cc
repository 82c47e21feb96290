// README.md shows code that compiles, and the commands that CI runs.
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace examples {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.is_open()) << path;
  std::ostringstream contents;
  contents << file.rdbuf();
  return contents.str();
}

// The contents of the blocks between "````language`" and "```".
std::vector<std::string> Blocks(const std::string& text,
                                const std::string& language) {
  std::vector<std::string> blocks;
  bool inside = false;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (inside && line == "```") {
      inside = false;
    } else if (inside) {
      absl::StrAppend(&blocks.back(), line, "\n");
    } else if (line == "```" + language) {
      inside = true;
      blocks.emplace_back();
    }
  }
  EXPECT_FALSE(inside) << "a block without an end";
  return blocks;
}

TEST(ReadmeTest, EachPieceOfCodeStandsInAnExample) {
  const std::string sources[] = {
      ReadFile("examples/echo_server.cc"),
      ReadFile("examples/hello_client.cc"),
      ReadFile("examples/hello_server.cc"),
      ReadFile("examples/health_check/health_checker_test.cc"),
  };
  const std::vector<std::string> blocks = Blocks(ReadFile("README.md"), "cpp");
  EXPECT_EQ(blocks.size(), 4u);
  for (const std::string& block : blocks) {
    bool found = false;
    for (const std::string& source : sources) {
      found = found || absl::StrContains(source, block);
    }
    EXPECT_TRUE(found) << "no example has:\n" << block;
  }
}

TEST(ReadmeTest, TheTwoCommandsAreThere) {
  const std::string readme = ReadFile("README.md");
  EXPECT_TRUE(absl::StrContains(
      readme, "\nthird_party/install.sh && bazel run //examples:demo\n"));
  EXPECT_TRUE(absl::StrContains(
      readme, "\nthird_party/install.sh && bazel test //...\n"));
}

}  // namespace
}  // namespace examples
