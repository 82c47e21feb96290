// What `show` says, and what it leaves behind.
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/capture/file.h"

namespace plumb {
namespace {

using ::testing::HasSubstr;

constexpr char kTrace[] =
    "plumb trace 1\n"
    "1.000000000 web out 10.0.0.2:9 > 10.0.0.1:80 udp datagram 'hi'\n";

struct Outcome {
  int exit_status = -1;
  std::string output;  // stdout and stderr
};

class ShowTest : public ::testing::Test {
 protected:
  ShowTest() : directory_(absl::StrCat(::testing::TempDir(), "/show")) {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
  }

  std::string At(const char* name) const {
    return absl::StrCat(directory_, "/", name);
  }
  std::string Make(const char* name, const char* contents) const {
    EXPECT_EQ(WriteWholeFile(At(name), contents), absl::OkStatus());
    return At(name);
  }
  static Outcome Show(const std::string& arguments,
                      const std::string& before = "") {
    const std::string command =
        absl::StrCat(before, "testing/capture/show ", arguments, " 2>&1");
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

 private:
  const std::string directory_;
};

TEST_F(ShowTest, DrawsATraceBesideIt) {
  const Outcome run = Show(Make("x.trace", kTrace));
  EXPECT_EQ(run.exit_status, 0);
  EXPECT_EQ(run.output, At("x.html") + "\n");
  const absl::StatusOr<std::string> page = ReadWholeFile(At("x.html"));
  ASSERT_EQ(page.status(), absl::OkStatus());
  EXPECT_NE(page->find(R"("columns":["web","10.0.0.1"])"), std::string::npos);
}

TEST_F(ShowTest, WhatIsNoCaptureHasNoPage) {
  const std::string path = Make("x.pcapng", "hello, this is no capture");
  const Outcome run = Show(path);
  EXPECT_EQ(run.exit_status, 1);
  EXPECT_THAT(run.output, HasSubstr(absl::StrCat("show: ", path, ": ")));
  EXPECT_FALSE(std::filesystem::exists(At("x.html")));
}

TEST_F(ShowTest, ALineThatIsWrongIsNamed) {
  const std::string path = Make("x.trace", "plumb trace 1\nnow\n");
  const Outcome run = Show(path);
  EXPECT_EQ(run.exit_status, 1);
  EXPECT_EQ(run.output,
            absl::StrCat("show: ", path, ": line 2: no time: now\n"));
}

TEST_F(ShowTest, AFileThatIsNotThereIsNamed) {
  const Outcome run = Show(At("none.pcapng"));
  EXPECT_EQ(run.exit_status, 1);
  EXPECT_EQ(run.output, absl::StrCat("show: open ", At("none.pcapng"),
                                     ": no such file or directory\n"));
}

TEST_F(ShowTest, AFullDiskIsNamed) {
  const std::string trace = Make("x.trace", kTrace);
  const Outcome run = Show(trace + " /dev/full");
  EXPECT_EQ(run.exit_status, 1);
  EXPECT_EQ(run.output, "show: write /dev/full: no space left on device\n");
}

// As on a disk that fills up in the middle.
TEST_F(ShowTest, APageThatCannotBeWrittenWholeIsRemoved) {
  const std::string trace = Make("x.trace", kTrace);
  const Outcome run = Show(trace, "trap '' XFSZ; ulimit -f 1; exec ");
  EXPECT_EQ(run.exit_status, 1);
  EXPECT_EQ(run.output,
            absl::StrCat("show: write ", At("x.html"), ": file too large\n"));
  EXPECT_FALSE(std::filesystem::exists(At("x.html")));
}

TEST_F(ShowTest, WrongArgumentsAreTwo) {
  const Outcome run = Show("");
  EXPECT_EQ(run.exit_status, 2);
  EXPECT_EQ(run.output,
            "usage: show CAPTURE.pcapng|TRACE [PAGE.html|NEW.trace]\n");
}

}  // namespace
}  // namespace plumb
