// What a test asks without waiting of what goes through a FaultTransport on a
// fake network.
#include "testing/fault/fault_probe.h"

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/fake/probes.h"
#include "backends/tcp/tcp.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_calls.h"
#include "testing/fault/fault_cell_fixture.h"
#include "testing/fault/fault_context.h"
#include "testing/fault/fault_queue.h"
#include "testing/fault/fault_receiver.h"
#include "testing/fault/fault_sender.h"
#include "testing/fault/fault_transport.h"
#include "testing/fault/make_faults.h"
#include "testing/matchers.h"
#include "testing/probe_matchers.h"
#include "testing/wait_until_blocked.h"
#include "transport/conn.h"
#include "transport/direction.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/io.h"
#include "transport/listener.h"
#include "transport/manual_clock.h"
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

TEST_P(FaultProbeTest, WhatAHoldLetsGoIsThere) {
  Connect(R"(rule { id: "stop" off: true hold {} })");
  ASSERT_THAT(client_->faults().Enable("stop"), IsOk());
  ASSERT_THAT(far_->Write("held"), IsOk());
  EXPECT_THAT(near_, Not(CanRead()));
  ASSERT_THAT(client_->faults().Disable("stop"), IsOk());
  EXPECT_THAT(near_, CanRead());
  EXPECT_EQ(ReadSome(*near_), "held");
}

TEST_P(FaultProbeTest, WhatAPartitionKeepsFromAReadIsNotThere) {
  Connect(R"(
    rule { id: "far" delay { min: "1s" } }
    rule { id: "cut" off: true partition {} }
  )");
  ASSERT_THAT(far_->Write("late"), IsOk());
  EXPECT_THAT(near_, Not(CanRead()));
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(near_, CanRead());
  ASSERT_THAT(client_->faults().Enable("cut"), IsOk());
  EXPECT_THAT(near_, Not(CanRead()));
  ASSERT_THAT(client_->faults().Disable("cut"), IsOk());
  if (net().stream) {
    EXPECT_THAT(near_, CanRead());
    EXPECT_EQ(ReadSome(*near_), "late");
  } else {
    EXPECT_THAT(near_, Not(CanRead()));
  }
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

// It is behind the data, which has not come.
TEST_P(FaultStreamProbeTest, TheEndIsNotThereBeforeWhatIsKept) {
  Connect(R"(rule { id: "stop" match { segment: DATA direction: BOTH }
             hold {} })");
  ASSERT_THAT(far_->Write("data"), IsOk());
  ASSERT_THAT(far_->CloseWrite(), IsOk());
  EXPECT_THAT(near_, Not(IsClosedByPeer()));
  EXPECT_THAT(near_, Not(CanRead()));
  ASSERT_THAT(client_->faults().Disable("stop"), IsOk());
  EXPECT_THAT(near_, IsClosedByPeer());
  EXPECT_THAT(near_, CanRead());
  EXPECT_EQ(ReadSome(*near_), "data");
  EXPECT_THAT(ReadError(*near_), IsEof());
}

TEST_P(FaultStreamProbeTest, WhatWaitsForRoomInsideIsInFlight) {
  Connect(R"(rule { id: "stop" match { segment: DATA } hold {} })");
  std::string much(1 << 20, 'x');
  ASSERT_THAT(near_->Write(much), IsOk());
  ASSERT_THAT(client_->faults().Disable("stop"), IsOk());
  EXPECT_TRUE(WaitUntilBlocked(*near_, 1, Direction::kWrite));
  EXPECT_THAT(near_, BytesInFlight(much.size()));
  ASSERT_THAT(ReadFull(*far_, absl::MakeSpan(much)), IsOk());
  EXPECT_THAT(near_, BytesInFlight(0));
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

// A connection on which there is always something to read.
class AlwaysReady final : public ConnProbe {
 public:
  bool CanRead() const override { return true; }
  bool IsClosedByPeer() const override { return false; }
  size_t BytesInFlight() const override { return 0; }
};

TEST(FaultProbeCallTest, TakesNothingInBehindItsDeadline) {
  ManualClock clock;
  FaultContext context;
  context.faults = *MakeFaults("rule { id: 'far' delay { min: '1s' } }",
                               FaultSetting(), clock);
  const auto calls = std::make_shared<FaultCalls>(clock, nullptr);
  int reads = 0;
  FaultReceiver receiver(context.faults, true, false, calls,
                         {[&](size_t, FaultPiece*) {
                            ++reads;
                            calls->state().SetDeadline(Direction::kRead,
                                                       absl::Time());
                            return TimeoutError(calls->Info("read"));
                          },
                          [](absl::string_view) {}, nullptr});
  AlwaysReady inner;
  const auto sender =
      std::make_shared<FaultSender>(context.faults, true, FaultSender::Hooks());
  const FaultProbe probe(context, &inner, calls, sender, receiver, 100);
  EXPECT_TRUE(probe.CanRead());
  EXPECT_FALSE(probe.IsClosedByPeer());
  EXPECT_EQ(reads, 1);
}

TEST(RealSocketProbeTest, HaveNone) {
  ManualClock clock;
  const auto client =
      *MakeFaultTransport(MakeTcp(clock), "", FaultTransportOptions(), clock);
  const auto listener = *client->Listen("tcp", "127.0.0.1:0");
  const auto near = *client->Dial("tcp", listener->Address().ToString());
  EXPECT_EQ(Extension<ConnProbe>(*near), nullptr);
  EXPECT_EQ(Extension<ListenerProbe>(*listener), nullptr);
}

}  // namespace
}  // namespace plumb
