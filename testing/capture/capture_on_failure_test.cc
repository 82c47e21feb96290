#include "testing/capture/capture_on_failure.h"

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/capture/file.h"
#include "testing/capture/pcapng_reader.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Outcome {
  int exit_status = -1;
  std::string output;  // stdout and stderr
};

// failing_program_for_test, whose outputs go to `directory`.
Outcome RunWith(const std::string& directory) {
  const std::string command = absl::StrCat(
      "TEST_UNDECLARED_OUTPUTS_DIR='", directory, "' TEST_TMPDIR='", directory,
      "' testing/capture/failing_program_for_test 2>&1");
  Outcome run;
  FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return run;
  char buffer[4096];
  size_t n;
  while ((n = fread(buffer, 1, sizeof buffer, pipe)) > 0) {
    run.output.append(buffer, n);
  }
  run.exit_status = WEXITSTATUS(pclose(pipe));
  return run;
}

std::string Directory(const char* name) {
  std::string directory = absl::StrCat(::testing::TempDir(), "/", name);
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  return directory;
}

TEST(CaptureOnFailureTest, WritesAFileForEachCaptureOfATestThatFails) {
  const std::string directory = Directory("outputs");
  const Outcome run = RunWith(directory);
  EXPECT_EQ(run.exit_status, 1);
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    files.insert(entry.path().filename().string());
  }
  EXPECT_THAT(files, ElementsAre("Net.Fails.pcapng", "Plain.Fails.pcapng",
                                 "Plain.FailsAfterItsNetworks-2.pcapng",
                                 "Plain.FailsAfterItsNetworks.pcapng",
                                 "Store.Fails-2.pcapng", "Store.Fails.pcapng"));
  const std::string path = directory + "/Store.Fails-2.pcapng";
  EXPECT_THAT(
      run.output,
      HasSubstr(absl::StrCat(
          "Store.Fails failed; its packets are in\n", path,
          "\n(bazel run //testing/capture:show -- FILE draws them)\n")));
  // The fixture's goes last.
  const absl::StatusOr<std::string> bytes = ReadWholeFile(path);
  ASSERT_EQ(bytes.status(), absl::OkStatus());
  const absl::StatusOr<PcapngFile> file = ParsePcapng(path, *bytes);
  ASSERT_EQ(file.status(), absl::OkStatus());
  ASSERT_EQ(file->packets.size(), 1);
  EXPECT_THAT(std::string(file->packets[0].data), HasSubstr("the last words"));
}

TEST(CaptureOnFailureTest, AFullDiskChangesNothing) {
  const std::string directory = Directory("full");
  for (const char* name : {"Net.Fails", "Plain.Fails"}) {
    std::filesystem::create_symlink(
        "/dev/full", absl::StrCat(directory, "/", name, ".pcapng"));
  }
  const Outcome run = RunWith(directory);
  EXPECT_EQ(run.exit_status, 1);
  for (const char* name : {"Net.Fails", "Plain.Fails"}) {
    EXPECT_THAT(
        run.output,
        HasSubstr(absl::StrCat(
            name, " failed; its packets cannot be kept: write ", directory, "/",
            name, ".pcapng: no space left on device\n")));
  }
  EXPECT_THAT(run.output, HasSubstr("[  PASSED  ] 2 tests."));
  EXPECT_THAT(run.output, HasSubstr("5 FAILED TESTS"));
}

TEST(CaptureOnFailureTest, AFileThatCannotBeWrittenChangesNothing) {
  const Outcome run = RunWith("/nowhere");
  EXPECT_EQ(run.exit_status, 1);
  EXPECT_THAT(run.output,
              HasSubstr("Store.Fails failed; its packets cannot be kept: open "
                        "/nowhere/Store.Fails.pcapng: no such file or "
                        "directory\n"));
  EXPECT_THAT(run.output, HasSubstr("[  PASSED  ] 2 tests."));
  EXPECT_THAT(run.output, HasSubstr("5 FAILED TESTS"));
}

}  // namespace
}  // namespace plumb
