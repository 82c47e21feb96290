#include "testing/capture/capture_on_failure.h"

#include <filesystem>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/capture/file.h"
#include "testing/capture/pcapng_reader.h"
#include "testing/run_program.h"
#include "testing/temp_directory.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// failing_program_for_test, whose outputs go to `directory`.
ProgramOutcome RunWith(const std::string& directory) {
  return RunProgram(absl::StrCat("TEST_UNDECLARED_OUTPUTS_DIR='", directory,
                                 "' TEST_TMPDIR='", directory,
                                 "' testing/capture/failing_program_for_test"));
}

TEST(CaptureOnFailureTest, WritesAFileForEachCaptureOfATestThatFails) {
  const TempDirectory directory;
  const ProgramOutcome run = RunWith(directory.path());
  EXPECT_EQ(run.exit_status, 1);
  std::set<std::string> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(directory.path())) {
    files.insert(entry.path().filename().string());
  }
  EXPECT_THAT(files, ElementsAre("Net.Fails.pcapng", "Plain.Fails.pcapng",
                                 "Plain.FailsAfterItsNetworks-2.pcapng",
                                 "Plain.FailsAfterItsNetworks.pcapng",
                                 "Store.Fails-2.pcapng", "Store.Fails.pcapng"));
  const std::string path = directory.path() + "/Store.Fails-2.pcapng";
  EXPECT_THAT(
      run.output,
      HasSubstr(absl::StrCat(
          "Store.Fails failed; its packets are in\n", path,
          "\n(bazel run @plumb//testing/capture:show -- FILE draws them)\n")));
  // The fixture's goes last.
  const absl::StatusOr<std::string> bytes = ReadWholeFile(path);
  ASSERT_EQ(bytes.status(), absl::OkStatus());
  const absl::StatusOr<PcapngFile> file = ParsePcapng(path, *bytes);
  ASSERT_EQ(file.status(), absl::OkStatus());
  ASSERT_EQ(file->packets.size(), 1);
  EXPECT_THAT(std::string(file->packets[0].data), HasSubstr("the last words"));
}

TEST(CaptureOnFailureTest, AFullDiskChangesNothing) {
  const TempDirectory directory;
  for (const char* name : {"Net.Fails", "Plain.Fails"}) {
    std::filesystem::create_symlink(
        "/dev/full", absl::StrCat(directory.path(), "/", name, ".pcapng"));
  }
  const ProgramOutcome run = RunWith(directory.path());
  EXPECT_EQ(run.exit_status, 1);
  for (const char* name : {"Net.Fails", "Plain.Fails"}) {
    EXPECT_THAT(run.output,
                HasSubstr(absl::StrCat(
                    name, " failed; its packets cannot be kept: write ",
                    directory.path(), "/", name,
                    ".pcapng: no space left on device\n")));
  }
  EXPECT_THAT(run.output, HasSubstr("[  PASSED  ] 2 tests."));
  EXPECT_THAT(run.output, HasSubstr("5 FAILED TESTS"));
}

TEST(CaptureOnFailureTest, AFileThatCannotBeWrittenChangesNothing) {
  const ProgramOutcome run = RunWith("/nowhere");
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
