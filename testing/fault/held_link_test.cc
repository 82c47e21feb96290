#include "testing/fault/held_link.h"

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "backends/fake/fake.h"
#include "backends/fake/probes.h"
#include "gmock/gmock.h"
#include "gtest/gtest-spi.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_matchers.h"
#include "testing/fault/fault_policy.h"
#include "testing/fault/faults.h"
#include "testing/fault/make_faults.h"
#include "testing/fault/scoped_rule.h"
#include "testing/matchers.h"
#include "testing/probe_matchers.h"
#include "transport/conn.h"
#include "transport/extension.h"
#include "transport/listener.h"
#include "transport/manual_clock.h"
#include "transport/packet_conn.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StringMatchResultListener;

class HeldLinkTest : public ::testing::Test {
 protected:
  HeldLinkTest() {
    FakeNetworkOptions options;
    options.clock = &clock_;
    options.policy = policy_;
    network_ = std::make_unique<FakeNetwork>(options);
    listener_ = *network_->Host("db")->Listen("tcp4", ":80");
    client_ = *network_->Host("web")->Dial("tcp4", "db:80");
    server_ = *listener_->Accept();
  }

  ManualClock clock_;
  std::shared_ptr<Faults> faults_ = *MakeFaults("", FaultSetting(), clock_);
  std::shared_ptr<FaultPolicy> policy_ = std::make_shared<FaultPolicy>(faults_);
  std::unique_ptr<FakeNetwork> network_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Conn> client_, server_;
};

TEST_F(HeldLinkTest, LetsPacketsGoOneByOne) {
  HeldLink held(*network_, *policy_, "web", "db");
  for (const char* text : {"1", "2", "3"}) {
    ASSERT_THAT(client_->Write(text), IsOk());
  }
  EXPECT_THAT(held.Payloads(), ElementsAre("1", "2", "3"));
  EXPECT_THAT(client_, BytesInFlight(3));
  held.Deliver(held.Packets()[1]);
  EXPECT_THAT(held.Payloads(), ElementsAre("1", "3"));
  EXPECT_THAT(server_, Not(CanRead()));  // it overtook
  held.Deliver(held.Packets()[0]);
  EXPECT_THAT(server_, ConnReads("12"));
  held.DeliverAll();
  EXPECT_THAT(server_, ConnReads("3"));
  EXPECT_THAT(held.Packets(), IsEmpty());
}

TEST_F(HeldLinkTest, WhatIsDroppedIsSentAgainAndHeldAgain) {
  HeldLink held(*network_, *policy_, "web", "db");
  ASSERT_THAT(client_->Write("x"), IsOk());
  held.Drop(held.Packets()[0]);
  EXPECT_THAT(held.Packets(), IsEmpty());
  clock_.Advance(absl::Milliseconds(200));
  ASSERT_THAT(held.Payloads(), ElementsAre("x"));
  EXPECT_EQ(held.Packets()[0].packet.attempt, 1);
}

TEST_F(HeldLinkTest, HoldsOneWayAndLetsGoAtItsEnd) {
  {
    HeldLink held(*network_, *policy_, "web", "db");
    ASSERT_THAT(client_->Write("there"), IsOk());
    ASSERT_THAT(server_->Write("back"), IsOk());
    EXPECT_THAT(client_, ConnReads("back"));
    EXPECT_THAT(server_, Not(CanRead()));
  }
  EXPECT_THAT(server_, ConnReads("there"));
  EXPECT_THAT(faults_, AllRulesFired());
}

// A world for each network; its server is the Conn or the PacketConn at db.
class EachHeldLinkTest : public ::testing::TestWithParam<const char*> {
 protected:
  EachHeldLinkTest() {
    FakeNetworkOptions options;
    options.clock = &clock_;
    options.policy = policy_;
    network_ = std::make_unique<FakeNetwork>(options);
    const std::string kind = GetParam();
    const auto db = network_->Host("db");
    if (kind == "udp4") {
      socket_ = *db->ListenPacket(kind, ":80");
      client_ = *network_->Host("web")->Dial(kind, "db:80");
    } else if (kind == "unixgram") {
      socket_ = *db->ListenPacket(kind, "@s");
      client_ = *db->Dial(kind, "@s");
    } else {
      const bool tcp = kind == "tcp4";
      const std::string at = tcp ? "db:80" : "@s";
      listener_ = *db->Listen(kind, at);
      client_ = *network_->Host(tcp ? "web" : "db")->Dial(kind, at);
      server_ = *listener_->Accept();
    }
  }
  // What has come since the last time.
  std::string Come() {
    std::string all;
    char buffer[100];
    auto* const probe = server_ != nullptr ? Extension<ConnProbe>(*server_)
                                           : Extension<ConnProbe>(*socket_);
    while (probe->CanRead()) {
      size_t size = 0;
      if (server_ != nullptr) {
        size = server_->Read(absl::MakeSpan(buffer)).value_or(0);
      } else {
        size =
            socket_->ReadFrom(absl::MakeSpan(buffer)).value_or(Received()).size;
      }
      if (size == 0) break;
      all.append(buffer, size);
    }
    return all;
  }

  ManualClock clock_;
  std::shared_ptr<Faults> faults_ = *MakeFaults("", FaultSetting(), clock_);
  std::shared_ptr<FaultPolicy> policy_ = std::make_shared<FaultPolicy>(faults_);
  std::unique_ptr<FakeNetwork> network_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<PacketConn> socket_;
  std::unique_ptr<Conn> client_, server_;
};
INSTANTIATE_TEST_SUITE_P(Fake, EachHeldLinkTest,
                         ::testing::Values("tcp4", "udp4", "unix"),
                         [](const auto& one) { return one.param; });

TEST_P(EachHeldLinkTest, LetsGoLosesAndOvertakes) {
  HeldLink held(*network_, *policy_, "", "db");
  for (const char* text : {"1", "2", "3"}) {
    ASSERT_THAT(client_->Write(text), IsOk());
  }
  EXPECT_THAT(held.Payloads(), ElementsAre("1", "2", "3"));
  EXPECT_THAT(client_, BytesInFlight(3));
  EXPECT_EQ(Come(), "");
  held.Deliver(held.Packets()[1]);
  // It overtakes a datagram, and waits for the rest of a stream.
  const bool stream = server_ != nullptr;
  EXPECT_EQ(Come(), stream ? "" : "2");
  held.Drop(held.Packets()[0]);
  EXPECT_THAT(held.Payloads(), ElementsAre("3"));
  EXPECT_THAT(client_, BytesInFlight(stream ? 3 : 1));
  clock_.Advance(absl::Milliseconds(200));
  held.DeliverAll();
  EXPECT_EQ(Come(), stream ? "123" : "3");
  EXPECT_THAT(client_, BytesInFlight(0));
}

// Nothing gets between its ends.
class UnjudgedHeldLinkTest : public EachHeldLinkTest {};
INSTANTIATE_TEST_SUITE_P(Fake, UnjudgedHeldLinkTest,
                         ::testing::Values("unixgram", "unixpacket"),
                         [](const auto& one) { return one.param; });

TEST_P(UnjudgedHeldLinkTest, HoldsNothing) {
  HeldLink held(*network_, *policy_, "", "db");
  ASSERT_THAT(client_->Write("1"), IsOk());
  EXPECT_THAT(held.Packets(), IsEmpty());
  EXPECT_THAT(client_, BytesInFlight(0));
  EXPECT_EQ(Come(), "1");
}

TEST_F(HeldLinkTest, ARuleThatDidNothingIsNamed) {
  { ScopedRule split(*faults_, "id: 'split' match { to: 'x' } partition {}"); }
  ScopedRule maybe(*faults_, "id: 'maybe' optional: true loss {}");
  StringMatchResultListener said;
  EXPECT_FALSE(AllRulesFired().MatchAndExplain(*faults_, &said));
  EXPECT_EQ(said.str(), "of which these never fired: 'split' (0 matches)");
}

TEST_F(HeldLinkTest, AWrongRuleFailsTheTest) {
  EXPECT_NONFATAL_FAILURE(
      { ScopedRule wrong(*faults_, "id: 'x' probability: 2 loss {}"); },
      "rule 'x': probability: above 1: 2");
  EXPECT_NONFATAL_FAILURE({ ScopedRule wrong(*faults_, "loss"); },
                          "fault rule:1:5");
}

}  // namespace
}  // namespace plumb
