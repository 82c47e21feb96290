#include "testing/capture/capture_on_failure.h"

#include <cstdlib>
#include <iostream>
#include <map>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/synchronization/mutex.h"
#include "gtest/gtest.h"

namespace plumb {
namespace {

// "Suite.Name"; parameters have slashes in theirs.
std::string NameOfTest() {
  const ::testing::TestInfo* const test =
      ::testing::UnitTest::GetInstance()->current_test_info();
  if (test == nullptr) return "capture";
  return absl::StrReplaceAll(
      absl::StrCat(test->test_suite_name(), ".", test->name()), {{"/", "_"}});
}

std::string Directory() {
  const char* const outputs = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR");
  if (outputs != nullptr && *outputs != '\0') return outputs;
  return ::testing::TempDir();
}

// How many files of that name there were before.
int CountOf(const std::string& name) {
  static absl::Mutex mutex(absl::kConstInit);
  // Never destroyed: nothing of the library runs at exit.
  static auto* const counts = new std::map<std::string, int>;
  absl::MutexLock lock(&mutex);
  return (*counts)[name]++;
}

}  // namespace

CaptureOnFailure::CaptureOnFailure(CaptureOptions options) : Capture(options) {}

CaptureOnFailure::~CaptureOnFailure() {
  if (::testing::Test::HasFailure()) WriteCaptureOfTest(*this);
}

std::string CaptureOnFailure::NextPath() {
  const std::string directory = Directory(), name = NameOfTest();
  const int count = CountOf(name);
  return absl::StrCat(directory, directory.back() == '/' ? "" : "/", name,
                      count == 0 ? "" : absl::StrCat("-", count + 1),
                      ".pcapng");
}

void WriteCaptureOfTest(const Capture& capture) {
  const std::string path = CaptureOnFailure::NextPath();
  const absl::Status status = capture.WriteFile(path);
  if (status.ok()) {
    std::cerr
        << NameOfTest() << " failed; its packets are in\n"
        << path << "\n"
        << "(bazel run @plumb//testing/capture:show -- FILE draws them)\n";
  } else {
    std::cerr << NameOfTest()
              << " failed; its packets cannot be kept: " << status.message()
              << "\n";
  }
}

}  // namespace plumb
