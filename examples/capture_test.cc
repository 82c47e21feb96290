// Tests whose packets are kept when they fail, for Wireshark and for
// `bazel run //testing/capture:show`.
#include "absl/status/status.h"
#include "backends/all.h"
#include "backends/fake/fake.h"
#include "gtest/gtest.h"
#include "testing/capture/capture_on_failure.h"
#include "testing/capture/capture_transport.h"
#include "transport/buffered_reader.h"

namespace examples {
namespace {

TEST(GreetingTest, ArrivesWhole) {
  plumb::FakeNetwork network;
  auto listener = network.Host("db")->Listen("tcp", "db:5432");
  auto conn = network.Host("web")->Dial("tcp", "db:5432");
  auto accepted = (*listener)->Accept();
  EXPECT_EQ((*accepted)->Write("hello\n"), absl::OkStatus());
  EXPECT_EQ(*plumb::BufferedReader(**conn).ReadLine(), "hello");
}

TEST(GreetingTest, ArrivesWholeOverRealSockets) {
  plumb::CaptureOnFailure capture;
  plumb::CaptureTransport transport(plumb::DefaultRegistry(), capture);
  auto listener = transport.Listen("tcp", "127.0.0.1:0");
  auto conn = transport.Dial("tcp", (*listener)->Address().ToString());
  auto accepted = (*listener)->Accept();
  EXPECT_EQ((*accepted)->Write("hello\n"), absl::OkStatus());
  EXPECT_EQ(*plumb::BufferedReader(**conn).ReadLine(), "hello");
}

}  // namespace
}  // namespace examples
