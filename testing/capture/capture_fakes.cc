// Linked into a gtest program, gives its fake networks captures; what they are
// is told in fake_captures.h.
#include "backends/fake/default_observer.h"
#include "gtest/gtest.h"
#include "testing/capture/capture_on_failure.h"
#include "testing/capture/fake_captures.h"

namespace plumb {
namespace {

// Never destroyed: networks may be, later than anything else.
FakeCaptures& Captures() {
  static auto* const captures = new FakeCaptures;
  return *captures;
}

// After TearDown and the fixture's end, whatever they add to what failed.
class WriteWhenFailed final : public ::testing::EmptyTestEventListener {
  void OnTestEnd(const ::testing::TestInfo& test) override {
    if (test.result()->Failed()) {
      for (const auto& capture : Captures().Captures()) {
        if (capture->Counters().packets > 0) WriteCaptureOfTest(*capture);
      }
    }
    Captures().DropEnded();
  }
};

[[maybe_unused]] const bool linked = [] {
  SetDefaultObserver([] { return Captures().NewObserver(); });
  // gtest's, which is not initialised yet, and need not be.
  ::testing::UnitTest::GetInstance()->listeners().Append(new WriteWhenFailed);
  return true;
}();

}  // namespace
}  // namespace plumb
