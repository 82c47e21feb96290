// A failure that a rule made up says so: in its error, in what is logged of
// that, and in captures.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "backends/fake/fake.h"
#include "backends/fake/link_policy.h"
#include "backends/fake/packet.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/capture/capture.h"
#include "testing/capture/capture_observer.h"
#include "testing/capture/capture_transport.h"
#include "testing/capture/read_back.h"
#include "testing/fault/fault_policy.h"
#include "testing/fault/fault_transport.h"
#include "testing/fault/faults.h"
#include "testing/fault/make_faults.h"
#include "testing/matchers.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/listener.h"
#include "transport/manual_clock.h"
#include "transport/packet_conn.h"

namespace plumb {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
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

// A fake network with a plan and a capture.
class FaultToldOnAFakeTest : public ::testing::Test {
 protected:
  void Load(absl::string_view plan) {
    CaptureOptions capture_options;
    capture_options.clock = &clock_;
    capture_ = std::make_unique<Capture>(capture_options);
    FaultSetting setting;
    setting.targets = {FaultTarget::kFake};
    faults_ = *MakeFaults(plan, setting, clock_);
    FakeNetworkOptions options;
    options.clock = &clock_;
    options.policy = std::make_shared<FaultPolicy>(faults_);
    options.observer = std::make_shared<CaptureObserver>(*capture_);
    network_ = std::make_unique<FakeNetwork>(options);
  }
  void Connect(const std::string& network, const std::string& address) {
    listener_ = *network_->Host("db")->Listen(network, address);
    const std::string from = network == "tcp" ? "web" : "db";
    client_ = *network_->Host(from)->Dial(network, address);
    server_ = *listener_->Accept();
  }
  std::vector<std::string> Told() const { return ToldBy(*capture_); }

  ManualClock clock_;
  std::unique_ptr<Capture> capture_;
  std::shared_ptr<Faults> faults_;
  std::unique_ptr<FakeNetwork> network_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Conn> client_, server_;
};

TEST_F(FaultToldOnAFakeTest, InErrorsAndOfWhatDoesNotPass) {
  Load(R"(rule { id: "keep it" match { segment: DATA nth: 1 } hold {} }
          rule { id: "lose it" match { segment: DATA nth: 2 } loss {} }
          rule { id: "reset it" match { segment: DATA nth: 3 } reset {} })");
  Connect("tcp", "db:80");
  ASSERT_THAT(client_->Write("1"), IsOk());
  EXPECT_THAT(Told(), ElementsAre("1 # held by rule 'keep it'"));
  clock_.Advance(absl::Seconds(2));
  ASSERT_THAT(faults_->Disable("keep it"), IsOk());
  ASSERT_THAT(client_->Write("2"), IsOk());
  ASSERT_THAT(client_->Write("3"), IsOk());
  const absl::Status status = ReadError(*client_);
  EXPECT_THAT(status, IsReset());
  EXPECT_EQ(GetErrorInfo(status)->injected_by, "reset it");
  EXPECT_THAT(status.ToString(), HasSubstr("reset it"));
  EXPECT_THAT(Told(), ElementsAre("1 # held 2s by rule 'keep it'",
                                  "2 # rule 'lose it' dropped it",
                                  "3 # rule 'reset it' dropped it"));
}

// Neither is a rule's doing.
TEST_F(FaultToldOnAFakeTest, OfCrashesAndPauses) {
  Load("");
  Connect("tcp", "db:80");
  faults_->Pause("db");
  ASSERT_THAT(client_->Write("1"), IsOk());
  EXPECT_THAT(Told(), ElementsAre("1 # held: pause of db"));
  clock_.Advance(absl::Seconds(2));
  faults_->Resume("db");
  faults_->Crash("db");
  ASSERT_THAT(client_->Write("2"), IsOk());
  faults_->Restart("db");
  clock_.Advance(absl::Milliseconds(200));
  const absl::Status status = ReadError(*client_);
  EXPECT_EQ(GetErrorInfo(status)->injected_by, "restart of db");
  EXPECT_THAT(status.ToString(), HasSubstr("restart of db"));
  EXPECT_THAT(Told(), ElementsAre("1 # held 2s: pause of db",
                                  "2 # dropped: crash of db",
                                  "2 # sent again; dropped: restart of db"));
}

constexpr absl::string_view kPassing =
    R"(rule { id: "far" match { segment: DATA } delay { min: "20ms" } }
       rule { id: "late" match { segment: DATA nth: 1 } reorder { by: "5ms" } }
       rule { id: "twice" match { segment: DATA nth: 2 }
              duplicate { interval: "3ms" } }
       rule { id: "rot" match { segment: DATA nth: 3 } corrupt {} }
       rule { id: "thin" match { segment: DATA nth: 4 }
              rate { bytes_per_second: 1000 } })";

// Of "1" to "4".
std::vector<std::string> PassingTold() {
  return {
      "1 # rules 'far', 'late' delayed it; arrived after 25ms",
      "2 # rule 'far' delayed it; rule 'twice' duplicated it; arrived after "
      "20ms",
      "2 # a copy; rule 'far' delayed it; rule 'twice' duplicated it; arrived "
      "after 23ms",
      "3 # rule 'far' delayed it; rule 'rot' corrupted it; arrived after 20ms",
      "4 # rules 'far', 'thin' delayed it; arrived after 21ms"};
}

TEST_F(FaultToldOnAFakeTest, OfWhatPassesOnTcp) {
  Load(kPassing);
  Connect("tcp", "db:80");
  for (const char* text : {"1", "2", "3", "4"}) {
    ASSERT_THAT(client_->Write(text), IsOk());
  }
  EXPECT_THAT(Told(),
              Contains("1 # rules 'far', 'late' delayed it; on its way"));
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Told(), PassingTold());
}

TEST_F(FaultToldOnAFakeTest, OfWhatPassesOnUnix) {
  Load(R"(rule { id: "far" match { network: "unix" segment: DATA }
                 delay { min: "20ms" } })");
  Connect("unix", "/run/db");
  ASSERT_THAT(client_->Write("1"), IsOk());
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(Told(), ElementsAre("1 # rule 'far' delayed it; arrived after "
                                  "20ms"));
}

TEST_F(FaultToldOnAFakeTest, OfDatagrams) {
  Load(kPassing);
  const auto socket = *network_->Host("db")->ListenPacket("udp", "db:53");
  client_ = *network_->Host("web")->Dial("udp", "db:53");
  for (const char* text : {"1", "2", "3", "4"}) {
    ASSERT_THAT(client_->Write(text), IsOk());
  }
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Told(), PassingTold());
}

TEST_F(FaultToldOnAFakeTest, WhatRulesLeaveAloneHasNoComment) {
  Load(R"(rule { id: "thin" match { segment: DATA }
                 rate { bytes_per_second: 1000000000000000 } }
          rule { id: "never" probability: 0 delay { min: "1s" } })");
  Connect("tcp", "db:80");
  ASSERT_THAT(client_->Write("1"), IsOk());
  EXPECT_THAT(Told(), ElementsAre("1"));
}

// Says whether there is an observer.
class Control final : public LinkControl {
 public:
  explicit Control(bool is_observed) : is_observed_(is_observed) {}
  void JudgeInFlight() override {}
  void CallAfter(absl::Duration, absl::AnyInvocable<void()>) override {}
  bool IsObserved() const override { return is_observed_; }

 private:
  const bool is_observed_;
};

TEST(FaultToldTest, WithoutAnObserverNobodyIsNamed) {
  for (const bool is_observed : {false, true}) {
    ManualClock clock;
    FaultPolicy policy(*MakeFaults(R"(rule { id: "far" delay { min: "1s" } })",
                                   FaultSetting(), clock));
    const auto control = std::make_shared<Control>(is_observed);
    policy.Start(control);
    const Judgement judgement = policy.AtSend(Packet(), clock.TimeNow());
    EXPECT_EQ(judgement.delay, absl::Seconds(1));
    ASSERT_EQ(judgement.changes.size(), is_observed ? 1 : 0);
    if (is_observed) {
      EXPECT_EQ(judgement.changes[0].rule, "far");
    }
  }
}

}  // namespace
}  // namespace plumb
