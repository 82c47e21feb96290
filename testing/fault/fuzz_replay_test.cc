// That a file on which a handler crashed is a test of it: replayed, the handler
// dies of the same.
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/fault/fuzz_conn.h"
#include "transport/conn.h"
#include "transport/error.h"

namespace plumb {
namespace {

// Reads frames, a digit and as many bytes, and goes on after a Read that
// failed. With the bug it begins to count anew then, but not to fill. Returns
// what it is to die of; empty for nothing.
std::string Handle(Conn& conn, bool has_bug) {
  std::array<char, 9> frame;
  size_t size = 0, got = 0, filled = 0;
  for (int failures = 0; failures < 3;) {
    char byte = 0;
    const absl::StatusOr<size_t> n = conn.Read(absl::MakeSpan(&byte, 1));
    if (IsEof(n.status())) return "";
    if (!n.ok()) {
      ++failures;
      if (has_bug) got = 0;
      continue;
    }
    if (size == 0) {
      if (byte < '1' || byte > '9') return "";
      size = static_cast<size_t>(byte - '0');
      continue;
    }
    if (filled == size) {
      return absl::StrCat("a frame of ", size, " bytes is full");
    }
    frame[filled++] = byte;
    if (++got == size) size = got = filled = 0;
  }
  return "";
}

std::string HandleBytes(const std::string& bytes, bool has_bug = true) {
  return Handle(*MakeFuzzConn(bytes), has_bug);
}

std::string Contents(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  EXPECT_TRUE(stream.good()) << file;
  return {std::istreambuf_iterator<char>(stream), {}};
}

// As LLVMFuzzerTestOneInput would be run.
void Replay(const std::string& file) {
  const std::string fatal = HandleBytes(Contents(file));
  if (fatal.empty()) return;
  std::fprintf(stderr, "%s\n", fatal.c_str());
  std::abort();
}

constexpr char kCrash[] = "testing/fault/fuzz_corpus/crash-frame";

// The style in which the child begins anew does not go with the fake stacks of
// AddressSanitizer; here are no threads.
class FuzzReplayDeathTest : public ::testing::Test {
 protected:
  FuzzReplayDeathTest() { GTEST_FLAG_SET(death_test_style, "fast"); }
};

TEST_F(FuzzReplayDeathTest, ACrashFileDiesOfTheSame) {
  EXPECT_EQ(DescribeFuzzInput(ParseFuzzInput(Contents(kCrash))),
            "rule {\n  id: \"rule 1\"\n  match {\n    operation: READ\n"
            "    nth: 3\n  }\n  fail_op {\n    error: \"EIO\"\n  }\n}\n"
            "data: \"3abcdef\"\nthen the peer ends its direction\n");
  EXPECT_DEATH(Replay(kCrash), "a frame of 3 bytes is full");
  EXPECT_DEATH(Replay(kCrash), "a frame of 3 bytes is full");
  // Of a handler that is mended it is the test.
  EXPECT_EQ(HandleBytes(Contents(kCrash), false), "");
}

// Bytes by chance, always the same.
class Mutator {
 public:
  std::string Mutate(std::string bytes) {
    for (uint32_t i = Next() % 6 + 1; i > 0; --i) {
      bytes[Next() % bytes.size()] = static_cast<char>(Next());
    }
    return bytes;
  }

 private:
  uint32_t Next() {
    random_ = random_ * 1664525 + 1013904223;
    return random_ >> 16;
  }

  uint32_t random_ = 1;
};

// What a fuzzer does, without one.
TEST_F(FuzzReplayDeathTest, SoDoesWhatASearchFinds) {
  // Its one rule fails a Read that does not come.
  const std::string seed = std::string({1, 2, 15, 0, 0, 0}) + "3abc2de4fg";
  ASSERT_EQ(HandleBytes(seed), "");
  Mutator mutator;
  std::string bytes, fatal;
  for (int i = 0; i < 20000 && fatal.empty(); ++i) {
    bytes = mutator.Mutate(seed);
    fatal = HandleBytes(bytes);
  }
  ASSERT_NE(fatal, "");
  const std::string file = absl::StrCat(::testing::TempDir(), "/crash-found");
  std::ofstream(file, std::ios::binary) << bytes;
  EXPECT_DEATH(Replay(file), fatal);
  EXPECT_EQ(HandleBytes(Contents(file), false), "");
}

}  // namespace
}  // namespace plumb
