// A test whose packets are kept when it fails, for Wireshark and for
// `bazel run //testing/capture:show`.
#include "absl/status/status.h"
#include "backends/fake/fake.h"
#include "gtest/gtest.h"
#include "testing/capture/capture_on_failure.h"
#include "testing/capture/capture_transport.h"
#include "transport/buffered_reader.h"

namespace examples {
namespace {

TEST(GreetingTest, ArrivesWhole) {
  plumb::FakeNetwork network;
  plumb::CaptureOnFailure capture;
  plumb::CaptureTransport web(network.Host("web"), capture, "web");
  plumb::CaptureTransport db(network.Host("db"), capture, "db");
  auto listener = db.Listen("tcp", "db:5432");
  auto conn = web.Dial("tcp", "db:5432");
  auto accepted = (*listener)->Accept();
  EXPECT_EQ((*accepted)->Write("hello\n"), absl::OkStatus());
  EXPECT_EQ(*plumb::BufferedReader(**conn).ReadLine(), "hello");
}

}  // namespace
}  // namespace examples
