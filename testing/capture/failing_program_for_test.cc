// A test program of which one test fails, for capture_on_failure_test.
#include "gtest/gtest.h"
#include "testing/capture/capture_on_failure.h"

namespace plumb {
namespace {

class Store : public ::testing::Test {
 protected:
  CaptureOnFailure capture_;
};

TEST_F(Store, Passes) { capture_.Note("db", "nothing to see"); }

TEST_F(Store, Fails) {
  CaptureOnFailure another;
  capture_.Note("db", "the last words");
  FAIL() << "on purpose";
}

}  // namespace
}  // namespace plumb
