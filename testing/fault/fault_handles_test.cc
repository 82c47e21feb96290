// Handles that go along with what a FaultTransport judges.
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_cell_fixture.h"
#include "testing/fault/fault_handles_fixture.h"
#include "testing/matchers.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/handle_passing.h"

namespace plumb {
namespace {

class FaultHandlesTest : public FaultCellTest {};
INSTANTIATE_TEST_SUITE_P(Cells, FaultHandlesTest,
                         ::testing::ValuesIn(Cells(
                             {kUnix, kUnixpacket, kFakeUnix, kFakeUnixpacket})),
                         CellName);

// Both ways: what is sent waits here, and what comes in does.
TEST_P(FaultHandlesTest, WaitWithTheirBytes) {
  Connect(R"(rule { id: "far" delay { min: "20ms" } })");
  for (const auto& [from, to] : {std::pair(near_.get(), far_.get()),
                                 std::pair(far_.get(), near_.get())}) {
    Passed passed;
    ASSERT_THAT(WriteHandles(*from, "with", passed.handles()), IsOk());
    passed.CloseOwn();
    Conn& reader = *to;
    const Got got = AtAlarms(1, [&] { return ReadHandles(reader); });
    EXPECT_EQ(got.data, "with");
    ASSERT_EQ(got.handles.size(), 1u);
    EXPECT_TRUE(passed.Is(got.handles[0]));
  }
  EXPECT_EQ(Elapsed(), absl::Milliseconds(40));
  EXPECT_EQ(Hits("far"), 2);
}

TEST_P(FaultHandlesTest, GoAlongWithBytesThatAreChanged) {
  Connect(R"(rule { id: "rot" corrupt {} })");
  for (const auto& [from, to] : {std::pair(near_.get(), far_.get()),
                                 std::pair(far_.get(), near_.get())}) {
    Passed passed;
    ASSERT_THAT(WriteHandles(*from, "0000", passed.handles()), IsOk());
    const Got got = ReadHandles(*to);
    EXPECT_EQ(got.data.size(), 4u);
    EXPECT_NE(got.data, "0000");
    ASSERT_EQ(got.handles.size(), 1u);
    EXPECT_TRUE(passed.Is(got.handles[0]));
  }
}

// Whoever took them in: a WaitReadable, or a Read of what was before.
TEST_P(FaultHandlesTest, StayWithWhatWasTakenIn) {
  Connect(R"(rule { id: "never" match { after_bytes: 99 } optional: true
             active { from: "9h" } hold {} })");
  Passed passed;
  ASSERT_THAT(WriteHandles(*far_, "with", passed.handles()), IsOk());
  ASSERT_THAT(near_->WaitReadable(), IsOk());
  const Got got = ReadHandles(*near_);
  EXPECT_EQ(got.data, "with");
  ASSERT_EQ(got.handles.size(), 1u);
  EXPECT_TRUE(passed.Is(got.handles[0]));
}

TEST_P(FaultHandlesTest, ThoseThatNobodyTakesAreClosed) {
  Connect(R"(rule { id: "stop" off: true hold {} })");
  ASSERT_THAT(client_->faults().Enable("stop"), IsOk());
  Passed read, many, lost;
  ASSERT_THAT(WriteHandles(*far_, "read", read.handles()), IsOk());
  ASSERT_THAT(WriteHandles(*far_, "many", many.handles()), IsOk());
  ASSERT_THAT(WriteHandles(*near_, "lost", lost.handles()), IsOk());
  for (Passed* passed : {&read, &many, &lost}) passed->CloseOwn();
  EXPECT_FALSE(read.Gone());
  ASSERT_THAT(client_->faults().Disable("stop"), IsOk());
  EXPECT_EQ(ReadSome(*near_), "read");
  EXPECT_TRUE(read.Gone());
  const Got got = ReadHandles(*near_, 100, 0);
  EXPECT_EQ(got.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(got.status.message()),
              ::testing::EndsWith(": too many handles: 1, at most 0"));
  EXPECT_EQ(BytesDone(got.status), 4u);
  EXPECT_TRUE(many.Gone());
  ASSERT_THAT(far_->Close(), IsOk());
  ASSERT_THAT(near_->Close(), IsOk());
  client_.reset();
  EXPECT_TRUE(lost.AwaitGone());
}

TEST_P(FaultHandlesTest, WhatIsHeldIsDroppedWithTheTransport) {
  Connect(R"(rule { id: "stop" off: true hold {} })");
  ASSERT_THAT(client_->faults().Enable("stop"), IsOk());
  Passed passed;
  ASSERT_THAT(WriteHandles(*near_, "lost", passed.handles()), IsOk());
  passed.CloseOwn();
  ASSERT_THAT(near_->Close(), IsOk());
  EXPECT_FALSE(passed.Gone());
  client_.reset();
  EXPECT_TRUE(passed.Gone());
}

TEST_P(FaultHandlesTest, CloseClosesWhatWasTakenIn) {
  Connect(R"(rule { id: "far" delay { min: "20ms" } })");
  Passed passed;
  ASSERT_THAT(WriteHandles(*far_, "with", passed.handles()), IsOk());
  passed.CloseOwn();
  ASSERT_THAT(AtAlarms(1, [&] { return near_->WaitReadable(); }), IsOk());
  EXPECT_FALSE(passed.Gone());
  ASSERT_THAT(near_->Close(), IsOk());
  EXPECT_TRUE(passed.Gone());
}

TEST_P(FaultHandlesTest, CallsAreReadsAndWrites) {
  Connect(R"(
    rule { id: "r" match { operation: READ nth: 1 } fail_op { error: "EIO" } }
    rule { id: "w" match { operation: WRITE nth: 1 }
           fail_op { error: "ENOBUFS" } }
  )");
  Passed passed;
  EXPECT_EQ(Injector(WriteHandles(*near_, "x", passed.handles())), "w");
  ASSERT_THAT(WriteHandles(*near_, "x", passed.handles()), IsOk());
  ASSERT_THAT(WriteHandles(*far_, "x", passed.handles()), IsOk());
  EXPECT_EQ(Injector(ReadHandles(*near_).status), "r");
  EXPECT_EQ(ReadHandles(*near_).handles.size(), 1u);
}

// What waits is refused in the words that the kernel's call has.
TEST_P(FaultHandlesTest, BadOnesAreRefusedWhereTheyWouldWait) {
  Connect(R"(rule { id: "stop" off: true hold {} })");
  ASSERT_THAT(client_->faults().Enable("stop"), IsOk());
  const absl::Status bad = WriteHandles(*near_, "x", {1 << 30});
  EXPECT_EQ(bad.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(bad.message()),
              ::testing::EndsWith(": sendmsg: bad file descriptor"));
  const absl::Status many =
      WriteHandles(*near_, "x", std::vector<int>(kMaxHandles + 1, 0));
  EXPECT_THAT(std::string(many.message()),
              ::testing::EndsWith(": too many handles: 254, at most 253"));
  ASSERT_THAT(client_->faults().Disable("stop"), IsOk());
  ASSERT_THAT(near_->Write("good"), IsOk());
  EXPECT_EQ(ReadSome(*far_), "good");
}

class FaultHandlesStreamTest : public FaultCellTest {};
INSTANTIATE_TEST_SUITE_P(Cells, FaultHandlesStreamTest,
                         ::testing::ValuesIn(Cells({kUnix, kFakeUnix})),
                         CellName);

TEST_P(FaultHandlesStreamTest, GoAlongWithTheFirstChunk) {
  Connect(
      R"(rule { id: "c" match { network: "$net" operation: WRITE } chunk { max_bytes: 2 } }
             rule { id: "r" match { network: "$net" operation: READ } chunk { max_bytes: 1 } })");
  Passed passed;
  ASSERT_THAT(WriteHandles(*near_, "abc", passed.handles()), IsOk());
  const Got first = ReadHandles(*far_);
  EXPECT_EQ(first.data, "ab");
  EXPECT_EQ(first.handles.size(), 1u);
  const Got rest = ReadHandles(*far_);
  EXPECT_EQ(rest.data, "c");
  EXPECT_EQ(rest.handles.size(), 0u);
  ASSERT_THAT(WriteHandles(*far_, "de", passed.handles()), IsOk());
  ASSERT_THAT(near_->WaitReadable(), IsOk());
  EXPECT_EQ(ReadHandles(*near_).handles.size(), 1u);
  EXPECT_EQ(ReadHandles(*near_).handles.size(), 0u);
}

// Of "A", "B" with handles and "C" a Read of the kernel gives "AB", then "C".
TEST_P(FaultHandlesStreamTest, AReadEndsWithTheBytesThatHaveThem) {
  Connect(R"(rule { id: "never" match { after_bytes: 99 } optional: true
             active { from: "9h" } hold {} })");
  Passed passed;
  std::string shown(100, '\0');
  const auto peek = [&] {
    const auto n =
        Extension<Peeker>(*near_)->Peek(absl::MakeSpan(&shown[0], 100));
    return n.ok() ? shown.substr(0, *n) : std::string(n.status().message());
  };
  for (const bool takes_handles : {false, true}) {
    ASSERT_THAT(far_->Write("A"), IsOk());
    ASSERT_THAT(near_->WaitReadable(), IsOk());
    ASSERT_THAT(WriteHandles(*far_, "B", passed.handles()), IsOk());
    while (peek() != "AB") {
    }
    ASSERT_THAT(far_->Write("C"), IsOk());
    EXPECT_EQ(peek(), "AB");
    if (takes_handles) {
      const Got got = ReadHandles(*near_);
      EXPECT_EQ(got.data, "AB");
      EXPECT_EQ(got.handles.size(), 1u);
    } else {
      EXPECT_EQ(ReadSome(*near_), "AB");
    }
    EXPECT_EQ(peek(), "C");
    EXPECT_EQ(ReadSome(*near_), "C");
  }
}

class FaultHandlesPacketTest : public FaultCellTest {};
INSTANTIATE_TEST_SUITE_P(
    Cells, FaultHandlesPacketTest,
    ::testing::ValuesIn(Cells({kUnixpacket, kFakeUnixpacket})), CellName);

TEST_P(FaultHandlesPacketTest, AreLostAndDoubledWithTheirMessages) {
  Connect(R"(
    rule { id: "loss" match { network: "$net" nth: 1 } loss {} }
    rule { id: "twice" match { network: "$net" nth: 2 } duplicate {} }
  )");
  for (const auto& [from, to] : {std::pair(near_.get(), far_.get()),
                                 std::pair(far_.get(), near_.get())}) {
    Passed lost, passed;
    ASSERT_THAT(WriteHandles(*from, "1", lost.handles()), IsOk());
    ASSERT_THAT(WriteHandles(*from, "2", passed.handles()), IsOk());
    lost.CloseOwn();
    passed.CloseOwn();
    for (int i = 0; i < 2; ++i) {
      const Got got = ReadHandles(*to);
      EXPECT_EQ(got.data, "2");
      ASSERT_EQ(got.handles.size(), 1u);
      EXPECT_TRUE(passed.Is(got.handles[0]));
    }
    EXPECT_TRUE(lost.AwaitGone());
    EXPECT_TRUE(passed.AwaitGone());
  }
}

// Alone they are a message, and for who takes none the end, as in the kernel.
TEST_P(FaultHandlesPacketTest, WithoutBytes) {
  Connect(
      R"(rule { id: "never" active { from: "9h" } optional: true hold {} })");
  Passed passed;
  for (int i = 0; i < 2; ++i) {
    ASSERT_THAT(WriteHandles(*far_, "", passed.handles()), IsOk());
  }
  EXPECT_EQ(ReadHandles(*near_).handles.size(), 1u);
  EXPECT_THAT(ReadError(*near_), IsEof());
}

}  // namespace
}  // namespace plumb
