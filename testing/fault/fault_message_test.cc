// What the table in README.md says of messages alone.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_cell_fixture.h"
#include "testing/matchers.h"
#include "testing/wait_until_blocked.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/packet_conn.h"

namespace plumb {
namespace {

class FaultUdpTest : public FaultCellTest {};
INSTANTIATE_TEST_SUITE_P(Cells, FaultUdpTest,
                         ::testing::ValuesIn(Cells({kUdp, kFakeUdp})),
                         CellName);

TEST_P(FaultUdpTest, ResetRefusesAConnectedSender) {
  Connect(R"(rule { id: "icmp" match { network: "$net" nth: 1 } reset {} })");
  absl::Status read;
  const auto reader = Go([&] { read = ReadError(*near_); });
  EXPECT_TRUE(WaitUntilBlocked(*near_, 1));
  ASSERT_THAT(near_->Write("1"), IsOk());
  reader->Join();
  EXPECT_THAT(read, IsRefused());
  EXPECT_EQ(Injector(read), "icmp");
  ASSERT_THAT(near_->Write("2"), IsOk());
  EXPECT_EQ(ReadSome(*far_), "2");
}

// udp(7): only a connected socket hears of it.
TEST_P(FaultUdpTest, ResetOfWhatIsNotConnectedLosesIt) {
  Load(R"(rule { id: "icmp" match { network: "$net" nth: 1 } reset {} })");
  Listen();
  const auto sender = *client_->ListenPacket(net().network, FreeAddress());
  ASSERT_THAT(sender->WriteTo("1", address_), IsOk());
  ASSERT_THAT(sender->WriteTo("2", address_), IsOk());
  char buffer[10];
  PLUMB_ASSERT_OK_AND_ASSIGN(const Received received,
                             packets_->ReadFrom(absl::MakeSpan(buffer)));
  EXPECT_EQ(absl::string_view(buffer, received.size), "2");
  EXPECT_EQ(Hits("icmp"), 1);
}

class FaultUdpReceiverTest : public FaultCellTest {};
INSTANTIATE_TEST_SUITE_P(Cells, FaultUdpReceiverTest,
                         ::testing::ValuesIn(Cells({kUdp, kUdpPackets, kFakeUdp,
                                                    kFakeUdpPackets})),
                         CellName);

TEST_P(FaultUdpReceiverTest, ResetOfWhatComesInLosesNothingElse) {
  Connect(R"(
    rule { id: "far" match { network: "$net" nth: 1 } delay { min: "20ms" } }
    rule { id: "icmp" match { network: "$net" nth: 2 } reset {} }
  )");
  for (const char* text : {"1", "2", "3"}) {
    ASSERT_THAT(far_->Write(text), IsOk());
  }
  EXPECT_EQ(ReadSome(*near_), "3");
  EXPECT_EQ(AtAlarms(1, [&] { return ReadSome(*near_); }), "1");
  EXPECT_EQ(Hits("icmp"), 1);
}

constexpr const char* kLossDuplicateAndReorder = R"(
    rule { id: "loss" match { network: "$net" nth: 1 } loss {} }
    rule { id: "twice" match { network: "$net" nth: 2 } duplicate {} }
    rule { id: "later" match { network: "$net" nth: 3 } reorder { by: "5ms" } }
  )";

class FaultMessageTest : public FaultCellTest {
 protected:
  void ExpectLossDuplicateAndReorder(Conn& from, Conn& to);
};
INSTANTIATE_TEST_SUITE_P(
    Cells, FaultMessageTest,
    ::testing::ValuesIn(Cells({kUdp, kUdpPackets, kUnixgram, kUnixgramPackets,
                               kUnixpacket, kFakeUdp, kFakeUdpPackets,
                               kFakeUnixgram, kFakeUnixgramPackets,
                               kFakeUnixpacket})),
    CellName);

// The first is lost, the second comes twice, the third late.
void FaultMessageTest::ExpectLossDuplicateAndReorder(Conn& from, Conn& to) {
  for (const char* text : {"1", "2", "3", "4"}) {
    ASSERT_THAT(from.Write(text), IsOk());
  }
  std::vector<std::string> got;
  for (int i = 0; i < 3; ++i) got.push_back(ReadSome(to));
  EXPECT_THAT(got, ::testing::UnorderedElementsAre("2", "2", "4"));
  EXPECT_EQ(AtAlarms(1, [&] { return ReadSome(to); }), "3");
  EXPECT_EQ(Elapsed(), absl::Milliseconds(5));
}

TEST_P(FaultMessageTest, LossDuplicateAndReorder) {
  Connect(kLossDuplicateAndReorder);
  ExpectLossDuplicateAndReorder(*near_, *far_);
}

// Of a bad link and a good one all are lost here, whatever chance says.
TEST_P(FaultMessageTest, LossInBursts) {
  Connect(R"(rule { id: "burst" match { network: "$net" }
             loss { gilbert_elliott { p: 0.2 r: 0.4 good_loss: 1 } } })");
  ASSERT_THAT(near_->Write("1"), IsOk());
  ASSERT_THAT(near_->Write("2"), IsOk());
  EXPECT_EQ(Hits("burst"), 2);
  ASSERT_THAT(client_->faults().Disable("burst"), IsOk());
  ASSERT_THAT(near_->Write("3"), IsOk());
  EXPECT_EQ(ReadSome(*far_), "3");
}

TEST_P(FaultMessageTest, LossDuplicateAndReorderOfWhatIsReceived) {
  Connect(kLossDuplicateAndReorder);
  ExpectLossDuplicateAndReorder(*far_, *near_);
}

class FaultDatagramTest : public FaultCellTest {};
INSTANTIATE_TEST_SUITE_P(Cells, FaultDatagramTest,
                         ::testing::ValuesIn(Cells({kUdp, kUnixgram, kFakeUdp,
                                                    kFakeUnixgram})),
                         CellName);

TEST_P(FaultDatagramTest, PacketConnsToo) {
  Load(R"(
    rule { id: "loss" match { network: "$net" nth: 2 } loss {} }
    rule { id: "rot" match { nth: 3 } corrupt {} }
    rule { id: "full" match { operation: WRITE nth: 5 }
           fail_op { error: "ENOBUFS" } }
  )");
  Listen();
  const std::unique_ptr<PacketConn> sender =
      *client_->ListenPacket(net().network, FreeAddress());
  for (const char* text : {"one", "two", "000", "four"}) {
    ASSERT_THAT(sender->WriteTo(text, address_), IsOk());
  }
  const absl::Status failed = sender->WriteTo("five", address_);
  EXPECT_THAT(std::string(failed.message()),
              ::testing::EndsWith("write: no buffer space available"));
  EXPECT_EQ(Injector(failed), "full");
  char buffer[10];
  std::vector<std::string> got;
  for (int i = 0; i < 3; ++i) {
    PLUMB_ASSERT_OK_AND_ASSIGN(const Received received,
                               packets_->ReadFrom(absl::MakeSpan(buffer)));
    got.emplace_back(buffer, received.size);
  }
  EXPECT_EQ(got[0], "one");
  EXPECT_EQ(got[1].size(), 3);
  EXPECT_EQ(std::count(got[1].begin(), got[1].end(), '0'), 2);
  EXPECT_EQ(got[2], "four");
}

TEST_P(FaultDatagramTest, ReadsOfPacketConnsAreDelayedAndFail) {
  Load(R"(
    rule { id: "r" match { operation: READ nth: 1 } fail_op { error: "EIO" } }
    rule { id: "s" match { operation: READ } delay { min: "1s" } }
  )");
  const std::unique_ptr<PacketConn> receiver =
      *client_->ListenPacket(net().network, FreeAddress());
  const std::unique_ptr<PacketConn> sender =
      *inner_->ListenPacket(net().network, FreeAddress());
  ASSERT_THAT(sender->WriteTo("kept", receiver->LocalAddr()), IsOk());
  char buffer[10];
  const auto read = [&] { return receiver->ReadFrom(absl::MakeSpan(buffer)); };
  const absl::Status failed = AtAlarms(1, [&] { return read().status(); });
  EXPECT_THAT(std::string(failed.message()),
              ::testing::EndsWith(": read: input/output error"));
  EXPECT_EQ(Injector(failed), "r");
  const size_t size = AtAlarms(1, [&] { return read()->size; });
  EXPECT_EQ(absl::string_view(buffer, size), "kept");
  EXPECT_EQ(Elapsed(), absl::Seconds(2));
}

}  // namespace
}  // namespace plumb
