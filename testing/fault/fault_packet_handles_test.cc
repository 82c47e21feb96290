// Handles that go along with the datagrams of the PacketConns of a
// FaultTransport.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_cell_fixture.h"
#include "testing/fault/fault_handles_fixture.h"
#include "testing/matchers.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/handle_passing.h"
#include "transport/packet_conn.h"

namespace plumb {
namespace {

class FaultHandlesDatagramTest : public FaultCellTest {};
INSTANTIATE_TEST_SUITE_P(Cells, FaultHandlesDatagramTest,
                         ::testing::ValuesIn(Cells({kUnixgram, kFakeUnixgram})),
                         CellName);

TEST_P(FaultHandlesDatagramTest, OfPacketConns) {
  Load(R"(
    rule { id: "loss" match { network: "$net" nth: 1 } loss {} }
    rule { id: "twice" match { network: "$net" nth: 2 } duplicate {} }
    rule { id: "rot" match { nth: 3 } corrupt {} }
  )");
  const auto a = *client_->ListenPacket(net().network, "");
  const auto b = *inner_->ListenPacket(net().network, "");
  for (const auto& [from, to] :
       {std::pair(a.get(), b.get()), std::pair(b.get(), a.get())}) {
    Passed lost, passed;
    auto& sender = *Extension<PacketHandlePassing>(*from);
    auto& receiver = *Extension<PacketHandlePassing>(*to);
    ASSERT_THAT(sender.WriteToWithHandles("1", to->LocalAddr(), lost.handles()),
                IsOk());
    for (const char* data : {"2", "3"}) {
      ASSERT_THAT(
          sender.WriteToWithHandles(data, to->LocalAddr(), passed.handles()),
          IsOk());
    }
    lost.CloseOwn();
    char byte = 0;
    for (int i = 0; i < 3; ++i) {
      auto got = receiver.ReadFromWithHandles(absl::MakeSpan(&byte, 1));
      ASSERT_THAT(got.status(), IsOk());
      EXPECT_EQ(got->received.from, from->LocalAddr());
      ASSERT_EQ(got->handles.size(), 1u);
      EXPECT_TRUE(passed.Is(got->handles[0]));
    }
    EXPECT_NE(byte, '3');
    EXPECT_TRUE(lost.Gone());
  }
}

TEST_P(FaultHandlesDatagramTest, OfADialledConn) {
  Load(R"(rule { id: "far" delay { min: "20ms" } })");
  Listen();
  near_ = *Dial();
  auto& peer = *Extension<PacketHandlePassing>(*packets_);
  Passed passed;
  ASSERT_THAT(WriteHandles(*near_, "there", passed.handles()), IsOk());
  char buffer[10];
  const auto there = AtAlarms(
      1, [&] { return peer.ReadFromWithHandles(absl::MakeSpan(buffer)); });
  ASSERT_THAT(there.status(), IsOk());
  EXPECT_EQ(there->received.size, 5u);
  ASSERT_EQ(there->handles.size(), 1u);
  EXPECT_TRUE(passed.Is(there->handles[0]));
  ASSERT_THAT(
      peer.WriteToWithHandles("back", there->received.from, passed.handles()),
      IsOk());
  const Got back = AtAlarms(1, [&] { return ReadHandles(*near_); });
  EXPECT_EQ(back.data, "back");
  ASSERT_EQ(back.handles.size(), 1u);
  EXPECT_TRUE(passed.Is(back.handles[0]));
}

TEST_P(FaultHandlesDatagramTest, OfPacketConnsThatNobodyTakes) {
  Load(R"(rule { id: "far" delay { min: "20ms" } })");
  const auto a = *client_->ListenPacket(net().network, "");
  const auto b = *inner_->ListenPacket(net().network, "");
  auto& sender = *Extension<PacketHandlePassing>(*b);
  auto& receiver = *Extension<PacketHandlePassing>(*a);
  Passed passed;
  for (const char* data : {"many", "read"}) {
    ASSERT_THAT(
        sender.WriteToWithHandles(data, a->LocalAddr(), passed.handles()),
        IsOk());
  }
  passed.CloseOwn();
  char buffer[10];
  const absl::Status many = AtAlarms(1, [&] {
    return receiver.ReadFromWithHandles(absl::MakeSpan(buffer), 0).status();
  });
  EXPECT_THAT(std::string(many.message()),
              ::testing::EndsWith(": too many handles: 1, at most 0"));
  EXPECT_EQ(BytesDone(many), 4u);
  // Both have come at once.
  EXPECT_THAT(a->ReadFrom(absl::MakeSpan(buffer)), IsOk());
  EXPECT_TRUE(passed.Gone());
}

TEST_P(FaultHandlesDatagramTest, OfPacketConnsThatAreClosed) {
  Load(R"(rule { id: "far" delay { min: "20ms" } })");
  const auto a = *client_->ListenPacket(net().network, "");
  const auto b = *inner_->ListenPacket(net().network, "");
  auto& sender = *Extension<PacketHandlePassing>(*b);
  Passed passed;
  ASSERT_THAT(sender.WriteToWithHandles("1", a->LocalAddr(), passed.handles()),
              IsOk());
  ASSERT_THAT(sender.WriteToWithHandles("2", a->LocalAddr(), passed.handles()),
              IsOk());
  passed.CloseOwn();
  char byte;
  ASSERT_THAT(
      AtAlarms(1,
               [&] { return a->ReadFrom(absl::MakeSpan(&byte, 1)).status(); }),
      IsOk());
  EXPECT_FALSE(passed.Gone());
  ASSERT_THAT(a->Close(), IsOk());
  EXPECT_TRUE(passed.Gone());
}

// Also where what is good would be lost.
TEST_P(FaultHandlesDatagramTest, BadOnesAreRefusedAndCounted) {
  Load(R"(
    rule { id: "stop" off: true hold {} }
    rule { id: "loss" match { network: "$net" nth: 4 } loss {} }
  )");
  const auto a = *client_->ListenPacket(net().network, "");
  const auto b = *inner_->ListenPacket(net().network, "");
  auto& sender = *Extension<PacketHandlePassing>(*a);
  const auto refused = [&](std::vector<int> handles) {
    const absl::Status status =
        sender.WriteToWithHandles("bad", b->LocalAddr(), handles);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  const auto refuses = [&] {
    EXPECT_THAT(refused({1 << 30}),
                ::testing::EndsWith(": sendmsg: bad file descriptor"));
    EXPECT_THAT(refused(std::vector<int>(kMaxHandles + 1, 0)),
                ::testing::EndsWith(": too many handles: 254, at most 253"));
  };
  refuses();
  ASSERT_THAT(a->WriteTo("3", b->LocalAddr()), IsOk());
  ASSERT_THAT(a->WriteTo("4", b->LocalAddr()), IsOk());
  ASSERT_THAT(a->WriteTo("5", b->LocalAddr()), IsOk());
  char bytes[2];
  for (char& byte : bytes) {
    ASSERT_THAT(b->ReadFrom(absl::MakeSpan(&byte, 1)), IsOk());
  }
  EXPECT_EQ(absl::string_view(bytes, 2), "35");
  ASSERT_THAT(client_->faults().Enable("stop"), IsOk());
  const std::string much(100000, 'x');
  while (Hits("stop") < 4) {
    ASSERT_THAT(a->WriteTo(much, b->LocalAddr()), IsOk());
  }
  refuses();
}

}  // namespace
}  // namespace plumb
