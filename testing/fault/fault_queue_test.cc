#include "testing/fault/fault_queue.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_handles.h"
#include "testing/fault/fault_link.h"
#include "testing/fault/fault_network.h"
#include "testing/fault/fault_verdict.h"
#include "testing/fault/faults.h"
#include "testing/fault/make_faults.h"
#include "transport/error.h"

namespace plumb {
namespace {

class FaultQueueTest : public ::testing::Test {
 protected:
  void Add(FaultQueue& queue, FaultSegment segment, std::string data,
           absl::Duration delay, absl::Status end = absl::OkStatus()) {
    FaultPiece piece;
    piece.packet.segment = segment;
    piece.data = std::move(data);
    piece.end = std::move(end);
    FaultVerdict verdict;
    verdict.delay = delay;
    queue.Add(std::move(piece), verdict, now_);
  }

  const absl::Time now_ = absl::UnixEpoch();
  const std::shared_ptr<Faults> faults_ = *MakeFaults("");
};

TEST_F(FaultQueueTest, MessagesOvertakeEachOtherButNotTheirEnd) {
  FaultQueue queue(faults_, false);
  Add(queue, FaultSegment::kData, "late", absl::Milliseconds(10));
  Add(queue, FaultSegment::kData, "soon", absl::ZeroDuration());
  Add(queue, FaultSegment::kEnd, "", absl::ZeroDuration());
  EXPECT_EQ(queue.TakeDue(now_).data, "soon");
  EXPECT_FALSE(queue.HasDue(now_));
  const absl::Time later = now_ + absl::Milliseconds(10);
  EXPECT_EQ(queue.NextChange(now_), later);
  EXPECT_EQ(queue.TakeDue(later).data, "late");
  EXPECT_EQ(queue.TakeDue(later).packet.segment, FaultSegment::kEnd);
  EXPECT_TRUE(queue.empty());
}

TEST_F(FaultQueueTest, AnErrorIsNoEnd) {
  FaultQueue queue(faults_, false);
  Add(queue, FaultSegment::kData, "late", absl::Milliseconds(10));
  ErrorInfo info;
  info.op = "read";
  info.network = "udp";
  Add(queue, FaultSegment::kEnd, "", absl::ZeroDuration(),
      TimeoutError(std::move(info)));
  EXPECT_TRUE(IsTimeout(queue.TakeDue(now_).end));
}

TEST_F(FaultQueueTest, EmptyMessagesCostSomething) {
  FaultQueue queue(faults_, false);
  Add(queue, FaultSegment::kData, "", absl::Milliseconds(10));
  EXPECT_EQ(queue.bytes(), 0u);
  EXPECT_GT(queue.cost(), 0u);
}

TEST_F(FaultQueueTest, WhatItDropsIsItsOwners) {
  const std::shared_ptr<Faults> faults =
      *MakeFaults("rule { id: 'cut' off: true partition {} }");
  FaultQueue queue(faults, false);
  FaultEnds ends;
  ends.network = FaultNetwork::kUdp;
  const auto link = std::make_shared<FaultLink>(faults, ends);
  const auto with_handles = [&] {
    FaultPiece piece;
    piece.link = link;
    piece.data = "x";
    piece.handles = std::make_shared<FaultHandles>();
    return piece;
  };
  FaultPiece piece = with_handles();
  FaultVerdict lost_at_once;
  lost_at_once.action = FaultVerdict::Action::kDrop;
  queue.Add(std::move(piece), lost_at_once, now_);
  EXPECT_NE(piece.handles, nullptr);
  queue.Add(with_handles(), FaultVerdict(), now_);
  FaultQueue::Pieces lost;
  EXPECT_EQ(queue.Judge(now_, &lost), "");
  EXPECT_TRUE(lost.empty());
  ASSERT_TRUE(faults->Enable("cut").ok());
  EXPECT_EQ(queue.Judge(now_, &lost), "");
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_NE(lost.front().handles, nullptr);
  EXPECT_EQ(queue.cost(), 0u);
  queue.Add(with_handles(), FaultVerdict(), now_);
  EXPECT_EQ(queue.Clear().size(), 1u);
  EXPECT_EQ(queue.cost(), 0u);
}

}  // namespace
}  // namespace plumb
