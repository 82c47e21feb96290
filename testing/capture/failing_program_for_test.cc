// A test program of which two tests fail, for capture_on_failure_test.
#include "gtest/gtest.h"
#include "testing/capture/capture_on_failure.h"
#include "testing/capture/test_network.h"

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

TEST(Net, Fails) {
  TestNetwork network;
  const auto socket = *network.Host("db")->ListenPacket("udp", "db:53");
  EXPECT_TRUE(
      network.Host("web")->Dial("udp", "db:53").value()->Write("!").ok());
  FAIL() << "on purpose";
}

}  // namespace
}  // namespace plumb
