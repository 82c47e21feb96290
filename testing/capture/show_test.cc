// What `show` says, and what it leaves behind.
#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/capture/file.h"
#include "testing/run_program.h"
#include "testing/temp_directory.h"

namespace plumb {
namespace {

using ::testing::HasSubstr;

constexpr char kTrace[] =
    "plumb trace 1\n"
    "1.000000000 web out 10.0.0.2:9 > 10.0.0.1:80 udp datagram 'hi'\n";

class ShowTest : public ::testing::Test {
 protected:
  std::string At(const char* name) const {
    return absl::StrCat(directory_.path(), "/", name);
  }
  std::string Make(const char* name, const char* contents) const {
    EXPECT_EQ(WriteWholeFile(At(name), contents), absl::OkStatus());
    return At(name);
  }
  static ProgramOutcome Show(const std::string& arguments,
                             const std::string& before = "") {
    return RunProgram(absl::StrCat(before, "testing/capture/show ", arguments));
  }

 private:
  const TempDirectory directory_;
};

TEST_F(ShowTest, DrawsATraceBesideIt) {
  const ProgramOutcome run = Show(Make("x.trace", kTrace));
  EXPECT_EQ(run.exit_status, 0);
  EXPECT_EQ(run.output, At("x.html") + "\n");
  const absl::StatusOr<std::string> page = ReadWholeFile(At("x.html"));
  ASSERT_EQ(page.status(), absl::OkStatus());
  EXPECT_NE(page->find(R"("columns":["web","10.0.0.1"])"), std::string::npos);
}

TEST_F(ShowTest, WritesATraceOutInFull) {
  const std::string path =
      Make("x.trace", "plumb trace 1\n1 web - - > - note 'the end'");
  const ProgramOutcome run = Show(absl::StrCat(path, " ", At("y.trace")));
  EXPECT_EQ(run.exit_status, 0);
  EXPECT_EQ(run.output, At("y.trace") + "\n");
  const absl::StatusOr<std::string> trace = ReadWholeFile(At("y.trace"));
  ASSERT_EQ(trace.status(), absl::OkStatus());
  EXPECT_EQ(*trace, "plumb trace 1\n1.000000000 web - - > - note 'the end'\n");
}

TEST_F(ShowTest, WhatIsNoCaptureHasNoPage) {
  const std::string path = Make("x.pcapng", "hello, this is no capture");
  const ProgramOutcome run = Show(path);
  EXPECT_EQ(run.exit_status, 1);
  EXPECT_THAT(run.output, HasSubstr(absl::StrCat("show: ", path, ": ")));
  EXPECT_FALSE(std::filesystem::exists(At("x.html")));
}

TEST_F(ShowTest, ALineThatIsWrongIsNamed) {
  const std::string path = Make("x.trace", "plumb trace 1\nnow\n");
  const ProgramOutcome run = Show(path);
  EXPECT_EQ(run.exit_status, 1);
  EXPECT_EQ(run.output,
            absl::StrCat("show: ", path, ": line 2: no time: now\n"));
}

TEST_F(ShowTest, AFileThatIsNotThereIsNamed) {
  const ProgramOutcome run = Show(At("none.pcapng"));
  EXPECT_EQ(run.exit_status, 1);
  EXPECT_EQ(run.output, absl::StrCat("show: open ", At("none.pcapng"),
                                     ": no such file or directory\n"));
}

TEST_F(ShowTest, AFullDiskIsNamed) {
  const std::string trace = Make("x.trace", kTrace);
  const ProgramOutcome run = Show(trace + " /dev/full");
  EXPECT_EQ(run.exit_status, 1);
  EXPECT_EQ(run.output, "show: write /dev/full: no space left on device\n");
}

// As on a disk that fills up in the middle.
TEST_F(ShowTest, APageThatCannotBeWrittenWholeIsRemoved) {
  const std::string trace = Make("x.trace", kTrace);
  const ProgramOutcome run = Show(trace, "trap '' XFSZ; ulimit -f 1; exec ");
  EXPECT_EQ(run.exit_status, 1);
  EXPECT_EQ(run.output,
            absl::StrCat("show: write ", At("x.html"), ": file too large\n"));
  EXPECT_FALSE(std::filesystem::exists(At("x.html")));
}

TEST_F(ShowTest, WrongArgumentsAreTwo) {
  const ProgramOutcome run = Show("");
  EXPECT_EQ(run.exit_status, 2);
  EXPECT_EQ(run.output,
            "usage: show CAPTURE.pcapng|TRACE [PAGE.html|NEW.trace]\n");
}

}  // namespace
}  // namespace plumb
