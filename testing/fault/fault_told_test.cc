// A failure that a rule made up says so: in its error, in what is logged of
// that, and in captures.
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "backends/fake/fake.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/capture/capture.h"
#include "testing/capture/capture_observer.h"
#include "testing/capture/capture_transport.h"
#include "testing/fault/fault_policy.h"
#include "testing/fault/fault_transport.h"
#include "testing/fault/faults.h"
#include "testing/fault/make_faults.h"
#include "testing/matchers.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/manual_clock.h"

namespace plumb {
namespace {

using ::testing::HasSubstr;

absl::Status ReadError(Conn& conn) {
  char byte[1];
  return conn.Read(absl::MakeSpan(byte)).status();
}

TEST(FaultToldTest, ByAFaultTransport) {
  ManualClock clock;
  FakeNetworkOptions options;
  options.clock = &clock;
  FakeNetwork network(options);
  const auto listener = *network.Host("db")->Listen("tcp", ":80");
  const std::shared_ptr<FaultTransport> faulty = *MakeFaultTransport(
      network.Host("web"),
      R"(rule { id: "reset by plan" match { network: "tcp" } reset {} })",
      FaultTransportOptions(), clock);
  CaptureOptions capture_options;
  capture_options.clock = &clock;
  Capture capture(capture_options);
  CaptureTransport web(faulty, capture, "web");
  const auto client = *web.Dial("tcp", "db:80");
  const auto server = *listener->Accept();
  ASSERT_THAT(client->Write("x"), IsOk());
  const absl::Status status = ReadError(*client);
  EXPECT_THAT(status, IsReset());
  EXPECT_EQ(GetErrorInfo(status)->injected_by, "reset by plan");
  EXPECT_THAT(status.ToString(), HasSubstr("reset by plan"));
  EXPECT_THAT(capture.Encode(), HasSubstr("injected by reset by plan"));
}

TEST(FaultToldTest, ByAFakeNetwork) {
  ManualClock clock;
  CaptureOptions capture_options;
  capture_options.clock = &clock;
  Capture capture(capture_options);
  FaultSetting setting;
  setting.targets = {FaultTarget::kFake};
  const auto faults = *MakeFaults(
      R"(rule { id: "keep it" match { segment: DATA nth: 1 } hold {} }
         rule { id: "lose it" match { segment: DATA nth: 2 } loss {} }
         rule { id: "reset it" match { segment: DATA nth: 3 } reset {} })",
      setting, clock);
  FakeNetworkOptions options;
  options.clock = &clock;
  options.policy = std::make_shared<FaultPolicy>(faults);
  options.observer = std::make_shared<CaptureObserver>(capture);
  FakeNetwork network(options);
  const auto listener = *network.Host("db")->Listen("tcp", ":80");
  const auto client = *network.Host("web")->Dial("tcp", "db:80");
  const auto server = *listener->Accept();
  ASSERT_THAT(client->Write("1"), IsOk());
  clock.Advance(absl::Seconds(2));
  ASSERT_THAT(faults->Disable("keep it"), IsOk());
  ASSERT_THAT(client->Write("2"), IsOk());
  ASSERT_THAT(client->Write("3"), IsOk());
  const absl::Status status = ReadError(*client);
  EXPECT_THAT(status, IsReset());
  EXPECT_EQ(GetErrorInfo(status)->injected_by, "reset it");
  EXPECT_THAT(status.ToString(), HasSubstr("reset it"));
  const std::string file = capture.Encode();
  EXPECT_THAT(file, HasSubstr("held 2s by keep it"));
  EXPECT_THAT(file, HasSubstr("dropped: lose it"));
  EXPECT_THAT(file, HasSubstr("dropped: reset it"));
}

}  // namespace
}  // namespace plumb
