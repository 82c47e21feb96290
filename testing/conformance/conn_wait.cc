// Waits: what came before one, during one that ended otherwise, or while the
// connection went from one thread to another, is not lost.
//
// A waiter that is told of news once, and one that does not look before it
// waits because the Read before took all there was, must both get this right.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "testing/conformance/case.h"
#include "testing/conformance/conn_fixture.h"
#include "testing/conformance/turns.h"
#include "testing/matchers.h"
#include "testing/wait_until_blocked.h"
#include "transport/clock.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/scope.h"

namespace plumb {

const Direction kRead = Direction::kRead;

void ConnConformance::ReadShortAfterAWait(Conn& conn, Conn& peer) {
  absl::StatusOr<std::string> got;
  auto reader = Go([&] { got = ReadSome(conn); });
  ASSERT_TRUE(WaitUntilBlocked(conn, 1, kRead));
  ASSERT_THAT(peer.Write("first"), IsOk());
  reader->Join();
  ASSERT_THAT(got, IsOkAndHolds("first"));
}

void ConnConformance::LetOthersLookAround(int round) {
  // More than the time between two looks of a fibers' thread at its
  // descriptors.
  const MonotonicNanos until = Clock::Real().MonotonicNow() + 300 * 1000;
  while (round % 2 == 0 && Clock::Real().MonotonicNow() < until) {
  }
  for (int i = 0; i < round % 3; ++i) executor().Yield();
}

CONFORMANCE_CASE(ConnConformance, WhatIsThereAfterAShortReadIsRead) {
  Covers({"D-SR-01"});
  ReadShortAfterAWait(near(), far());
  for (int round = 0; round < 20; ++round) {
    const std::string data = absl::StrCat("one", round, "two", round, "three");
    size_t written = 0;
    // Messages are the shorter reads; a stream may merge them.
    for (absl::string_view piece : {absl::string_view(data).substr(0, 3),
                                    absl::string_view(data).substr(3, 4),
                                    absl::string_view(data).substr(7)}) {
      ASSERT_THAT(far().Write(piece), IsOk());
      written += piece.size();
      LetOthersLookAround(round);
    }
    ASSERT_EQ(written, data.size());
    EXPECT_THAT(ReadShorts(near(), data.size()), IsOkAndHolds(data));
  }
}

CONFORMANCE_CASE(ConnConformance, TheEndAfterAShortReadIsRead) {
  Covers({"D-SR-01"});
  CoversIf(abilities().end_of_stream, {"C-EO-01"});
  for (int round = 0; round < 4; ++round) {
    PLUMB_ASSERT_OK_AND_ASSIGN(ConnPair pair, MakePair());
    ReadShortAfterAWait(*pair.near, *pair.far);
    ASSERT_THAT(pair.far->Write("last"), IsOk());
    LetOthersLookAround(round);
    ASSERT_THAT(pair.far->Close(), IsOk());
    LetOthersLookAround(round);
    EXPECT_THAT(ReadSome(*pair.near), IsOkAndHolds("last"));
    if (abilities().end_of_stream) {
      EXPECT_THAT(ReadSome(*pair.near), IsEof());
      continue;
    }
    ASSERT_THAT(pair.near->SetReadDeadline(LongAgo()), IsOk());
    EXPECT_TRUE(IsTimeoutOf("read", *pair.near, ReadSome(*pair.near).status()));
  }
}

CONFORMANCE_CASE(ConnConformance, AResetAfterAShortReadIsRead) {
  Covers({"D-SR-01"});
  CoversIf(abilities().reset_on_unread, {"C-EO-05"});
  ReadShortAfterAWait(far(), near());
  ASSERT_THAT(far().Write("unread"), IsOk());
  ASSERT_THAT(near().WaitReadable(), IsOk());
  ASSERT_THAT(near().Write("last"), IsOk());
  if (abilities().data_before_reset || !abilities().reset_on_unread) {
    EXPECT_THAT(ReadSome(far()), IsOkAndHolds("last"));
  }
  ASSERT_THAT(near().Close(), IsOk());
  if (abilities().reset_on_unread) {
    EXPECT_THAT(ReadSome(far()), IsReset());
  } else if (abilities().end_of_stream) {
    EXPECT_THAT(ReadSome(far()), IsEof());
  } else {
    ASSERT_THAT(far().SetReadDeadline(LongAgo()), IsOk());
    EXPECT_THAT(ReadSome(far()), IsTimeout());
  }
}

CONFORMANCE_CASE(ConnConformance, WhatAWaitSawIsRead) {
  Covers({"D-SR-02", "D-WR-01"});
  ReadShortAfterAWait(near(), far());
  for (int round = 0; round < 3; ++round) {
    absl::Status waited;
    auto waiter = Go([&] { waited = near().WaitReadable(); });
    ASSERT_TRUE(WaitUntilBlocked(near(), 1, kRead));
    ASSERT_THAT(far().Write("seen"), IsOk());
    waiter->Join();
    ASSERT_THAT(waited, IsOk());
    EXPECT_THAT(ReadSome(near()), IsOkAndHolds("seen"));
  }
}

CONFORMANCE_CASE(ConnConformance, WhatCameAsAReadTimedOutIsRead) {
  Covers({"D-SR-02", "S-RW-08"});
  for (int round = 0; round < 60; ++round) {
    absl::StatusOr<std::string> got;
    auto reader = Go([&] { got = ReadSome(near()); });
    ASSERT_TRUE(WaitUntilBlocked(near(), 1, kRead));
    ASSERT_THAT(far().Write("x"), IsOk());
    LetOthersLookAround(round);
    ASSERT_THAT(near().SetReadDeadline(LongAgo()), IsOk());
    reader->Join();
    ASSERT_THAT(near().SetReadDeadline(absl::InfiniteFuture()), IsOk());
    if (!got.ok()) {
      ASSERT_TRUE(IsTimeoutOf("read", near(), got.status()));
      got = ReadSome(near());
    }
    ASSERT_THAT(got, IsOkAndHolds("x"));
  }
}

CONFORMANCE_CASE(ConnConformance, WhatCameAsAReadWasCancelledIsRead) {
  Covers({"D-SR-02", "D-SC-07"});
  for (int round = 0; round < 60; ++round) {
    CancelSource source;
    absl::StatusOr<std::string> got;
    auto reader = Go([&] {
      const CancelScope scope(source);
      got = ReadSome(near());
    });
    ASSERT_TRUE(WaitUntilBlocked(near(), 1, kRead));
    ASSERT_THAT(far().Write("x"), IsOk());
    LetOthersLookAround(round);
    source.Cancel();
    reader->Join();
    if (!got.ok()) {
      ASSERT_TRUE(IsCancelOf("read", near(), got.status()));
      got = ReadSome(near());
    }
    ASSERT_THAT(got, IsOkAndHolds("x"));
  }
}

CONFORMANCE_CASE(ConnConformance, WhatFollowsAMarkIsRead) {
  // A decorator does not show what it takes to make one.
  const bool marks =
      backend().write_mark != nullptr && !GetParam().variant.decorated;
  CoversIf(marks, {"D-SR-03"});
  ReadShortAfterAWait(near(), far());
  for (int round = 0; round < 6; ++round) {
    std::string expected = "before";
    ASSERT_THAT(far().Write("before"), IsOk());
    LetOthersLookAround(round);
    if (marks) {
      PLUMB_ASSERT_OK_AND_ASSIGN(const std::string mark,
                                 backend().write_mark(far()));
      expected += mark;
    }
    LetOthersLookAround(round / 2);
    ASSERT_THAT(far().Write("after"), IsOk());
    expected += "after";
    EXPECT_THAT(ReadShorts(near(), expected.size()), IsOkAndHolds(expected));
  }
}

CONFORMANCE_CASE(ConnConformance, ReadsAndWritesByTurnsOnSeveralThreads) {
  Covers({"D-MT-01"});
  constexpr int kTurns = 60;
  auto peer = Go([&] {
    for (int i = 0; i < kTurns; ++i) {
      const std::string message = absl::StrCat("message ", i);
      ASSERT_THAT(far().Write(message), IsOk());
      ASSERT_THAT(ReadBytes(far(), message.size()), IsOkAndHolds(message));
    }
  });
  EXPECT_TRUE(RunByTurns(executor(), kTurns, [&](int i) {
    const absl::StatusOr<std::string> got = ReadSome(near());
    ASSERT_THAT(got, IsOkAndHolds(absl::StrCat("message ", i)));
    ASSERT_THAT(near().Write(*got), IsOk());
  }));
  peer->Join();
}

CONFORMANCE_CASE(ConnConformance, AWriteWaitsWhileReadsChangeThreads) {
  Covers({"D-MT-01"});
  CoversIf(abilities().backpressure, {"S-CN-01"});
  constexpr int kTurns = 20;
  std::atomic<int> turns{0};
  std::unique_ptr<Writer> writer;
  if (abilities().backpressure) {
    ASSERT_TRUE(StartBlockedWriter(near(), &writer));
  }
  auto peer = Go([&] {
    for (int i = 0; i < kTurns; ++i) {
      ASSERT_THAT(far().Write(absl::StrCat("message ", i)), IsOk());
      // One at a time, although nothing tells when it was read.
      ASSERT_TRUE(WaitUntil([&] { return turns > i; }, "the turn is over"));
    }
  });
  EXPECT_TRUE(RunByTurns(executor(), kTurns, [&](int i) {
    EXPECT_THAT(ReadSome(near()), IsOkAndHolds(absl::StrCat("message ", i)));
    turns = i + 1;
  }));
  peer->Join();
  if (writer == nullptr) return;
  // There is room again, and it goes on.
  const uint64_t before = writer->written;
  auto drain = Go([&] {
    absl::Status status;
    CountUntilError(far(), &status);
    EXPECT_THAT(status, IsTimeout());
  });
  ASSERT_TRUE(
      WaitUntil([&] { return writer->written > before; }, "it has written"));
  ASSERT_THAT(near().SetWriteDeadline(LongAgo()), IsOk());
  writer->task->Join();
  EXPECT_TRUE(IsTimeoutOf("write", near(), writer->status));
  ASSERT_THAT(far().SetReadDeadline(LongAgo()), IsOk());
}

}  // namespace plumb
