// A Capture whose file is written when the test fails, and only then:
//
//   class StoreTest : public ::testing::Test {
//    protected:
//     plumb::FakeNetwork network_;
//     plumb::CaptureOnFailure capture_;
//     plumb::CaptureTransport web_{network_.Host("web"), capture_, "web"};
//   };
//
//   StoreTest.Reconnects failed; its packets are in
//   /.../test.outputs/StoreTest.Reconnects.pcapng
//   (bazel run @plumb//testing/capture:show -- FILE draws them)
//
// A member of a fixture or a local variable of a test. The file is written when
// it is destroyed, to $TEST_UNDECLARED_OUTPUTS_DIR, where Bazel keeps it as
// bazel-testlogs/.../test.outputs, else to gtest's TempDir(). A second one of
// the same test adds "-2" to the name. A file that cannot be written is told on
// stderr and changes nothing about the test.
//
// Threads: as Capture; made and destroyed on the test's own thread.
#ifndef PLUMB_TESTING_CAPTURE_CAPTURE_ON_FAILURE_H_
#define PLUMB_TESTING_CAPTURE_CAPTURE_ON_FAILURE_H_

#include <string>

#include "testing/capture/capture.h"
#include "testing/capture/capture_options.h"

namespace plumb {

class CaptureOnFailure final : public Capture {
 public:
  explicit CaptureOnFailure(CaptureOptions options = CaptureOptions());
  ~CaptureOnFailure();

  // Where the file of the running test goes. Unique with each call.
  static std::string NextPath();
};

// Writes it as of a test that has failed, and says where.
void WriteCaptureOfTest(const Capture& capture);

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_CAPTURE_ON_FAILURE_H_
