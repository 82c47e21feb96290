// A test program some of whose tests fail, for capture_on_failure_test.
#include <memory>

#include "backends/fake/fake.h"
#include "gtest/gtest.h"
#include "testing/capture/capture_observer.h"
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

void Carry(FakeNetwork& network) {
  const auto socket = *network.Host("db")->ListenPacket("udp", "db:53");
  EXPECT_TRUE(
      network.Host("web")->Dial("udp", "db:53").value()->Write("!").ok());
}

// Of a network with a capture of the test's own.
TEST(Net, Fails) {
  CaptureOnFailure capture;
  FakeNetworkOptions options;
  options.observer = std::make_shared<CaptureObserver>(capture);
  FakeNetwork network(options);
  Carry(network);
  FAIL() << "on purpose";
}

// Of networks that are not asked to be captured.
TEST(Plain, Passes) {
  FakeNetwork network;
  Carry(network);
}

TEST(Plain, Fails) {
  FakeNetwork carries_nothing;
  FakeNetwork network;
  Carry(network);
  FAIL() << "on purpose";
}

TEST(Plain, FailsAfterItsNetworks) {
  for (int i = 0; i < 2; ++i) {
    FakeNetwork network;
    Carry(network);
  }
  FAIL() << "on purpose";
}

TEST(Plain, FailsWithoutACapture) {
  FakeNetworkOptions options;
  options.default_observer = false;
  FakeNetwork network(options);
  Carry(network);
  FAIL() << "on purpose";
}

}  // namespace
}  // namespace plumb
