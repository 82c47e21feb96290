// Handles that go along with what a FaultTransport judges.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

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
#include "testing/matchers.h"
#include "testing/wait_until_blocked.h"
#include "transport/conn.h"
#include "transport/descriptor.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/handle_passing.h"
#include "transport/packet_conn.h"

namespace plumb {
namespace {

// The writing end of a pipe(2), to pass.
class Passed {
 public:
  Passed() {
    int fds[2] = {-1, -1};
    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0) return;
    read_ = Descriptor(fds[0]);
    write_ = Descriptor(fds[1]);
  }
  std::vector<int> handles() const { return {write_.get()}; }
  void CloseOwn() { write_.Close(); }
  bool Is(const Descriptor& handle) const {
    char byte = 0;
    return write(handle.get(), "x", 1) == 1 &&
           ::read(read_.get(), &byte, 1) == 1;
  }
  // Nobody has it any more.
  bool Gone() const {
    char byte = 0;
    return ::read(read_.get(), &byte, 1) == 0;
  }
  // Waits for who sends in the background, and so has it for a moment more.
  bool AwaitGone() const {
    pollfd fd = {read_.get(), POLLIN, 0};
    return poll(&fd, 1, -1) == 1 && Gone();
  }

 private:
  Descriptor read_;
  Descriptor write_;
};

// What one ReadWithHandles got.
struct Got {
  absl::Status status;
  std::string data;
  std::vector<Descriptor> handles;
};
Got ReadHandles(Conn& conn, size_t size = 100,
                size_t max_handles = kMaxHandles) {
  Got result;
  result.data.resize(size);
  auto got = Extension<HandlePassing>(conn)->ReadWithHandles(
      absl::MakeSpan(&result.data[0], size), max_handles);
  result.status = got.status();
  result.data.resize(got.ok() ? got->size : 0);
  if (got.ok()) result.handles = std::move(got->handles);
  return result;
}
absl::Status WriteHandles(Conn& conn, absl::string_view data,
                          absl::Span<const int> handles) {
  return Extension<HandlePassing>(conn)->WriteWithHandles(data, handles);
}

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

}  // namespace
}  // namespace plumb
