// A FakeNetwork for tests that always keeps what goes over it, in a bounded
// ring, and writes that to a file when the test fails:
//
//   class StoreTest : public ::testing::Test {
//    protected:
//     plumb::TestNetwork network_;
//     Store store_{*network_.Host("web")};
//   };
//
//   StoreTest.Reconnects failed; its packets are in
//   /.../test.outputs/StoreTest.Reconnects.pcapng
//   (bazel run //testing/capture:show -- FILE draws them)
//
// The file is that of capture_on_failure.h, and what is in it is told in
// capture_observer.h. As every network with an observer it carries segments,
// which is slower than FakeNetwork's handing over of bytes.
//
// Threads, lifetime and errors: as FakeNetwork; made and destroyed on the
// test's own thread.
#ifndef PLUMB_TESTING_CAPTURE_TEST_NETWORK_H_
#define PLUMB_TESTING_CAPTURE_TEST_NETWORK_H_

#include "backends/fake/fake.h"
#include "testing/capture/capture.h"
#include "testing/capture/capture_on_failure.h"

namespace plumb {

// What a TestNetwork has before its network, and until after it.
class TestNetworkCapture {
 protected:
  explicit TestNetworkCapture(const CaptureOptions& options)
      : capture_(options) {}
  ~TestNetworkCapture() = default;

  CaptureOnFailure capture_;
};

class TestNetwork final : private TestNetworkCapture, public FakeNetwork {
 public:
  // Times in the capture are those of the network's clock. An observer in
  // `options` sees everything, too.
  explicit TestNetwork(FakeNetworkOptions options = FakeNetworkOptions());

  // For notes and comments of the test's own.
  Capture& capture() { return capture_; }
};

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_TEST_NETWORK_H_
