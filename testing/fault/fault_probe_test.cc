// What a test asks without waiting of what goes through a FaultTransport on a
// fake network.
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_cell_fixture.h"
#include "testing/fault/fault_transport.h"
#include "testing/matchers.h"
#include "testing/probe_matchers.h"
#include "testing/wait_until_blocked.h"
#include "transport/conn.h"
#include "transport/extension.h"
#include "transport/listener.h"
#include "transport/packet_conn.h"

namespace plumb {
namespace {

using ::testing::Not;

class FaultProbeTest : public FaultCellTest {};
INSTANTIATE_TEST_SUITE_P(
    Cells, FaultProbeTest,
    ::testing::ValuesIn(Cells({kFakeTcp, kFakeUdp, kFakeUdpPackets, kFakeUnix,
                               kFakeUnixgram, kFakeUnixgramPackets,
                               kFakeUnixpacket})),
    CellName);

TEST_P(FaultProbeTest, WithoutRulesAsTheConnectionInside) {
  Connect("");
  EXPECT_THAT(near_, Not(CanRead()));
  ASSERT_THAT(far_->Write("x"), IsOk());
  EXPECT_THAT(near_, CanRead());
  EXPECT_EQ(ReadSome(*near_), "x");
  EXPECT_THAT(near_, Not(CanRead()));
  EXPECT_THAT(near_, Not(IsClosedByPeer()));
  EXPECT_THAT(near_, BytesInFlight(0));
}

TEST_P(FaultProbeTest, WhatARuleKeepsIsNotThere) {
  Connect(R"(rule { id: "far" delay { min: "1s" } })");
  ASSERT_THAT(far_->Write("late"), IsOk());
  EXPECT_THAT(near_, Not(CanRead()));
  EXPECT_THAT(near_, Not(CanRead()));
  EXPECT_EQ(Hits("far"), 1);
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(near_, CanRead());
  EXPECT_EQ(ReadSome(*near_), "late");
  EXPECT_EQ(Hits("far"), 1);
}

TEST_P(FaultProbeTest, WhatIsSentIsInFlightUntilItIsSent) {
  Connect(R"(rule { id: "stop" off: true hold {} })");
  ASSERT_THAT(client_->faults().Enable("stop"), IsOk());
  ASSERT_THAT(near_->Write("12345"), IsOk());
  EXPECT_THAT(near_, BytesInFlight(5));
  ASSERT_THAT(client_->faults().Disable("stop"), IsOk());
  EXPECT_EQ(ReadSome(*far_), "12345");
  EXPECT_THAT(near_, BytesInFlight(0));
}

// It is the one that gets what comes.
TEST_P(FaultProbeTest, WhoReadsMeanwhileIsNotDisturbed) {
  Connect(R"(rule { id: "stop" off: true hold {} })");
  std::string got;
  const auto reader = Go([&] { got = ReadSome(*near_); });
  EXPECT_TRUE(WaitUntilBlocked(*near_, 1));
  EXPECT_THAT(near_, Not(CanRead()));
  ASSERT_THAT(far_->Write("x"), IsOk());
  reader->Join();
  EXPECT_EQ(got, "x");
}

TEST_P(FaultProbeTest, AClosedOneAnswersAtOnce) {
  Connect(R"(rule { id: "stop" off: true hold {} })");
  ASSERT_THAT(near_->Close(), IsOk());
  EXPECT_THAT(near_, CanRead());
  EXPECT_THAT(near_, Not(IsClosedByPeer()));
}

class FaultStreamProbeTest : public FaultCellTest {};
INSTANTIATE_TEST_SUITE_P(Cells, FaultStreamProbeTest,
                         ::testing::ValuesIn(Cells({kFakeTcp, kFakeUnix})),
                         CellName);

TEST_P(FaultStreamProbeTest, TheEndIsThereWhenNoRuleKeepsIt) {
  Connect(
      R"(rule { id: "stop" match { segment: END direction: BOTH } hold {} })");
  ASSERT_THAT(far_->Write("data"), IsOk());
  ASSERT_THAT(far_->CloseWrite(), IsOk());
  EXPECT_THAT(near_, CanRead());
  EXPECT_THAT(near_, Not(IsClosedByPeer()));
  ASSERT_THAT(client_->faults().Disable("stop"), IsOk());
  EXPECT_EQ(ReadSome(*near_), "data");
  EXPECT_THAT(ReadError(*near_), IsEof());
  EXPECT_THAT(near_, IsClosedByPeer());
  EXPECT_THAT(near_, CanRead());
}

class FaultResetProbeTest : public FaultCellTest {};
INSTANTIATE_TEST_SUITE_P(Cells, FaultResetProbeTest,
                         ::testing::ValuesIn(Cells({kFakeTcp})), CellName);

TEST_P(FaultResetProbeTest, AResetIsThePeersEnd) {
  Connect(R"(rule { id: "rst" match { network: "tcp" } reset {} })");
  ASSERT_THAT(near_->Write("x"), IsOk());
  EXPECT_THAT(near_, IsClosedByPeer());
  EXPECT_THAT(near_, CanRead());
  EXPECT_THAT(ReadError(*near_), IsReset());
  EXPECT_THAT(near_, IsClosedByPeer());
}

class FaultListenerProbeTest : public FaultCellTest {};
INSTANTIATE_TEST_SUITE_P(Cells, FaultListenerProbeTest,
                         ::testing::ValuesIn(Cells(
                             {kFakeTcp, kFakeUdp, kFakeUnix, kFakeUnixpacket})),
                         CellName);

TEST_P(FaultListenerProbeTest, SaysWhoWaits) {
  Load(
      R"(rule { id: "slow" match { operation: ACCEPT } delay { min: "1s" } })");
  const auto listener = *client_->Listen(net().network, FreeAddress());
  EXPECT_THAT(listener, Not(CanAccept()));
  near_ = *inner_->Dial(net().network, listener->Address().ToString());
  ASSERT_THAT(near_->Write("hello"), IsOk());
  EXPECT_THAT(listener, CanAccept());
  EXPECT_THAT(listener, PendingConnects(1));
  EXPECT_THAT(AtAlarms(1, [&] { return listener->Accept().status(); }), IsOk());
  EXPECT_THAT(listener, PendingConnects(0));
}

TEST(RealSocketProbeTest, HaveNone) {
  ManualClock clock;
  const auto client =
      *MakeFaultTransport(OnTcp(clock), "", FaultTransportOptions(), clock);
  const auto listener = *client->Listen("tcp", "127.0.0.1:0");
  const auto near = *client->Dial("tcp", listener->Address().ToString());
  EXPECT_EQ(Extension<ConnProbe>(*near), nullptr);
  EXPECT_EQ(Extension<ListenerProbe>(*listener), nullptr);
}

}  // namespace
}  // namespace plumb
