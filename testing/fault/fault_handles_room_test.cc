// Handles for which this process has no room, in its table of descriptors.
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "testing/fault/fault_cell_fixture.h"
#include "testing/fault/fault_handles_fixture.h"
#include "testing/matchers.h"
#include "testing/no_descriptors_for_test.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/handle_passing.h"
#include "transport/packet_conn.h"

namespace plumb {
namespace {

// What `body` gives while no descriptor can be had. It calls nothing for the
// first time: UndefinedBehaviorSanitizer then takes one, to look at the object.
template <typename Body>
auto WithoutRoom(Body body) {
  const NoDescriptors none;
  return body();
}

void Talk(Conn& from, Conn& to, int copies = 1) {
  Passed passed;
  ASSERT_THAT(WriteHandles(from, "hello", passed.handles()), IsOk());
  for (int i = 0; i < copies; ++i) {
    EXPECT_EQ(ReadHandles(to).data, "hello");
  }
}

constexpr char kJudged[] = R"(rule { id: "never" match { after_bytes: 99 }
    optional: true active { from: "9h" } hold {} })";

class FaultHandlesRoomTest : public FaultCellTest {
 protected:
  // As the kernel's own recvmsg(2) has it, and the bytes have been read.
  void ExpectLost(const absl::Status& status, uint64_t bytes) {
    ExpectError(status, absl::StatusCode::kResourceExhausted,
                absl::StrCat("read ", net().network, " ", EndsOf(*near_),
                             ": recvmsg: too many open files"),
                bytes);
  }
};
INSTANTIATE_TEST_SUITE_P(Cells, FaultHandlesRoomTest,
                         ::testing::ValuesIn(Cells({kUnix, kUnixpacket})),
                         CellName);

TEST_P(FaultHandlesRoomTest, BytesComeWithoutThem) {
  Connect(kJudged);
  Talk(*far_, *near_);
  Passed passed;
  for (const char* data : {"lost", "read"}) {
    ASSERT_THAT(WriteHandles(*far_, data, passed.handles()), IsOk());
  }
  ExpectLost(WithoutRoom([&] { return ReadHandles(*near_).status; }), 4);
  EXPECT_EQ(WithoutRoom([&] { return ReadSome(*near_); }), "read");
  ASSERT_THAT(WriteHandles(*far_, "with", passed.handles()), IsOk());
  const Got got = ReadHandles(*near_);
  EXPECT_EQ(got.data, "with");
  ASSERT_EQ(got.handles.size(), 1u);
  EXPECT_TRUE(passed.Is(got.handles[0]));
}

TEST_P(FaultHandlesRoomTest, WhatPassesGoesAtOnce) {
  Connect(kJudged);
  Talk(*near_, *far_);
  Passed passed;
  ASSERT_THAT(WithoutRoom([&] {
                return WriteHandles(*near_, "with", passed.handles());
              }),
              IsOk());
  const Got got = ReadHandles(*far_);
  EXPECT_EQ(got.data, "with");
  ASSERT_EQ(got.handles.size(), 1u);
  EXPECT_TRUE(passed.Is(got.handles[0]));
}

TEST_P(FaultHandlesRoomTest, WhatWouldWaitIsNotSent) {
  Connect(R"(rule { id: "stop" off: true hold {} })");
  Talk(*near_, *far_);
  ASSERT_THAT(client_->faults().Enable("stop"), IsOk());
  Passed passed;
  const absl::Status full = WithoutRoom(
      [&] { return WriteHandles(*near_, "lost", passed.handles()); });
  ExpectError(full, absl::StatusCode::kResourceExhausted,
              absl::StrCat("write ", net().network, " ", EndsOf(*near_),
                           ": sendmsg: too many open files"),
              0u);
  ASSERT_THAT(client_->faults().Disable("stop"), IsOk());
  ASSERT_THAT(near_->Write("good"), IsOk());
  EXPECT_EQ(ReadSome(*far_), "good");
}

class FaultHandlesRoomTwiceTest : public FaultHandlesRoomTest {};
INSTANTIATE_TEST_SUITE_P(
    Cells, FaultHandlesRoomTwiceTest,
    ::testing::ValuesIn(Cells({kUnixpacket, kFakeUnixpacket})), CellName);

// Who reads the first copy has duplicates, the last one the handles themselves.
TEST_P(FaultHandlesRoomTwiceTest, ACopyComesWithoutThem) {
  Connect(R"(rule { id: "twice" match { network: "$net" } duplicate {} })");
  Talk(*far_, *near_, 2);
  Passed passed;
  ASSERT_THAT(WriteHandles(*far_, "twice", passed.handles()), IsOk());
  ASSERT_THAT(near_->WaitReadable(), IsOk());
  ExpectLost(WithoutRoom([&] { return ReadHandles(*near_).status; }), 5);
  const Got got = WithoutRoom([&] { return ReadHandles(*near_); });
  EXPECT_EQ(got.data, "twice");
  ASSERT_EQ(got.handles.size(), 1u);
  EXPECT_TRUE(passed.Is(got.handles[0]));
}

class FaultHandlesRoomPacketTest : public FaultCellTest {};
INSTANTIATE_TEST_SUITE_P(Cells, FaultHandlesRoomPacketTest,
                         ::testing::ValuesIn(Cells({kUnixgram})), CellName);

TEST_P(FaultHandlesRoomPacketTest, ADatagramComesWithoutThem) {
  Load(R"(rule { id: "loss" match { network: "unixgram" nth: 4 } loss {} })");
  const auto a = *client_->ListenPacket(net().network, "");
  const auto b = *inner_->ListenPacket(net().network, "");
  auto& sender = *Extension<PacketHandlePassing>(*b);
  auto& receiver = *Extension<PacketHandlePassing>(*a);
  Passed passed;
  char buffer[10];
  for (const char* data : {"hello", "read", "lost"}) {
    ASSERT_THAT(
        sender.WriteToWithHandles(data, a->LocalAddr(), passed.handles()),
        IsOk());
  }
  ASSERT_THAT(receiver.ReadFromWithHandles(absl::MakeSpan(buffer)).status(),
              IsOk());
  PLUMB_ASSERT_OK_AND_ASSIGN(const Received got, WithoutRoom([&] {
                               return a->ReadFrom(absl::MakeSpan(buffer));
                             }));
  EXPECT_EQ(absl::string_view(buffer, got.size), "read");
  EXPECT_EQ(got.from, b->LocalAddr());
  const absl::Status lost = WithoutRoom([&] {
    return receiver.ReadFromWithHandles(absl::MakeSpan(buffer)).status();
  });
  EXPECT_EQ(lost.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(lost.message(),
            absl::StrCat("read unixgram ", a->LocalAddr().ToString(), "->",
                         b->LocalAddr().ToString(),
                         ": recvmsg: too many open files"));
  EXPECT_EQ(BytesDone(lost), 4u);
  // Both were counted.
  for (const char* data : {"4", "5"}) {
    ASSERT_THAT(b->WriteTo(data, a->LocalAddr()), IsOk());
  }
  ASSERT_THAT(a->ReadFrom(absl::MakeSpan(buffer)), IsOk());
  EXPECT_EQ(buffer[0], '5');
}

}  // namespace
}  // namespace plumb
