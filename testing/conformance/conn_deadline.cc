// Deadlines of a connection.

#include <atomic>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "testing/conformance/case.h"
#include "testing/conformance/conn_fixture.h"
#include "testing/conformance/jumping_clock.h"
#include "testing/matchers.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"

namespace plumb {

const Direction kRead = Direction::kRead;

CONFORMANCE_CASE(ConnConformance, APastDeadlineFailsReadsThoughDataIsThere) {
  Covers({"S-DL-04", "S-DL-01", "S-DL-11", "N-05", "N-07", "N-G01", "C-DL-01",
          "S-RW-08", "S-DL-06"});
  ASSERT_THAT(far().Write("kept"), IsOk());
  ASSERT_THAT(near().WaitReadable(), IsOk());
  ASSERT_THAT(near().SetReadDeadline(LongAgo()), IsOk());
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(IsTimeoutOf("read", near(), ReadSome(near()).status()));
    EXPECT_TRUE(IsTimeoutOf("read", near(), near().WaitReadable()));
  }
  EXPECT_THAT(near().Write("the other way"), IsOk());
  ASSERT_THAT(near().SetReadDeadline(absl::InfiniteFuture()), IsOk());
  EXPECT_THAT(ReadBytes(near(), 4), IsOkAndHolds("kept"));
}

CONFORMANCE_CASE(ConnConformance, APastDeadlineFailsWritesThoughThereIsRoom) {
  Covers({"S-DL-04", "S-DL-10", "N-06", "N-07", "C-DL-01", "S-DL-06"});
  ASSERT_THAT(near().SetWriteDeadline(LongAgo()), IsOk());
  for (int i = 0; i < 2; ++i) {
    const absl::Status status = near().Write("not sent");
    EXPECT_TRUE(IsTimeoutOf("write", near(), status));
    EXPECT_EQ(BytesDone(status), 0u);
  }
  ASSERT_THAT(far().Write("the other way"), IsOk());
  EXPECT_THAT(ReadBytes(near(), 13), IsOkAndHolds("the other way"));
  ASSERT_THAT(near().SetWriteDeadline(absl::InfiniteFuture()), IsOk());
  ASSERT_THAT(near().Write("sent"), IsOk());
  EXPECT_THAT(ReadSome(far()), IsOkAndHolds("sent"));
}

CONFORMANCE_CASE(ConnConformance, SetDeadlineSetsBothAndTheyAreIndependent) {
  Covers({"S-DL-09", "N-G12", "C-DL-02"});
  ASSERT_THAT(near().SetDeadline(LongAgo()), IsOk());
  EXPECT_TRUE(IsTimeoutOf("read", near(), ReadSome(near()).status()));
  EXPECT_TRUE(IsTimeoutOf("write", near(), near().Write("x")));
  ASSERT_THAT(near().SetWriteDeadline(absl::InfiniteFuture()), IsOk());
  EXPECT_THAT(near().Write("one way"), IsOk());
  EXPECT_TRUE(IsTimeoutOf("read", near(), ReadSome(near()).status()));
  // The peer's are its own.
  EXPECT_THAT(ReadBytes(far(), 7), IsOkAndHolds("one way"));
  ASSERT_THAT(near().SetDeadline(absl::InfiniteFuture()), IsOk());
  EXPECT_TRUE(Works());
}

CONFORMANCE_CASE(ConnConformance, WhichTimesAreNoneAndWhichHavePassed) {
  Covers({"S-DL-02", "S-DL-13"});
  ConnectOnManualClock();
  const absl::Time now = manual_clock().TimeNow();
  const absl::Time past[] = {absl::Time(), absl::InfinitePast(), LongAgo(),
                             now - absl::Nanoseconds(1), now};
  for (absl::Time when : past) {
    ASSERT_THAT(near().SetReadDeadline(when), IsOk());
    EXPECT_TRUE(IsTimeoutOf("read", near(), ReadSome(near()).status()));
  }
  const absl::Time never[] = {
      absl::InfiniteFuture(), now + absl::Hours(24 * 365 * 10000.0),
      absl::FromUnixSeconds(int64_t{1} << 60), now + absl::Nanoseconds(1)};
  for (absl::Time when : never) {
    ASSERT_THAT(near().SetReadDeadline(when), IsOk());
    ASSERT_THAT(far().Write("x"), IsOk());
    EXPECT_THAT(ReadSome(near()), IsOkAndHolds("x"));
  }
}

CONFORMANCE_CASE(ConnConformance, APastDeadlineEndsABlockedRead) {
  Covers({"S-DL-03", "N-08", "C-DL-03"});
  absl::Status read;
  auto reader = Go([&] { read = ReadSome(near()).status(); });
  ASSERT_TRUE(WaitUntilBlocked(near(), 1, kRead));
  ASSERT_THAT(near().SetReadDeadline(LongAgo()), IsOk());
  reader->Join();
  EXPECT_TRUE(IsTimeoutOf("read", near(), read));
}

CONFORMANCE_CASE(ConnConformance, APastDeadlineEndsABlockedWrite) {
  Covers({"S-DL-03", "N-08"});
  CoversIf(abilities().backpressure, {"S-DL-10", "N-G06", "C-DL-04"});
  std::unique_ptr<Writer> writer;
  if (!abilities().backpressure) {
    writer = StartWriter(near());
  } else {
    ASSERT_TRUE(StartBlockedWriter(near(), &writer));
  }
  ASSERT_THAT(near().SetWriteDeadline(LongAgo()), IsOk());
  writer->task->Join();
  EXPECT_TRUE(IsTimeoutOf("write", near(), writer->status));
  if (!abilities().reliable) return;
  // What it says is written arrives, and no more.
  ASSERT_THAT(near().SetWriteDeadline(absl::InfiniteFuture()), IsOk());
  absl::StatusOr<std::string> got = ReadBytes(far(), writer->written);
  ASSERT_THAT(got, IsOk());
  EXPECT_EQ(got->size(), writer->written);
  EXPECT_TRUE(Works());
}

CONFORMANCE_CASE(ConnConformance, ADeadlineFiresExactlyAtItsTime) {
  Covers({"S-DL-12", "N-09", "N-G08", "C-DL-05", "D-CK-01"});
  ConnectOnManualClock();
  const absl::Duration limit = absl::Seconds(10);
  ASSERT_THAT(near().SetReadDeadline(manual_clock().TimeNow() + limit), IsOk());
  absl::Status status;
  MonotonicNanos ended = 0;
  auto reader = Go([&] {
    status = ReadSome(near()).status();
    ended = manual_clock().MonotonicNow();
  });
  ASSERT_TRUE(WaitUntilBlocked(near(), 1, kRead));
  ASSERT_TRUE(
      WaitUntil([&] { return manual_clock().alarm_count() > 0; }, "an alarm"));
  manual_clock().Advance(limit - absl::Nanoseconds(1));
  ASSERT_TRUE(WaitUntilBlocked(near(), 1, kRead));
  manual_clock().Advance(absl::Nanoseconds(1));
  reader->Join();
  EXPECT_TRUE(IsTimeoutOf("read", near(), status));
  EXPECT_EQ(ended, absl::ToInt64Nanoseconds(limit));
  // It stays until it is set again.
  EXPECT_TRUE(IsTimeoutOf("read", near(), ReadSome(near()).status()));
  ASSERT_THAT(near().SetReadDeadline(absl::InfiniteFuture()), IsOk());
  EXPECT_TRUE(Works());
}

namespace {

// A reader that is blocked, and its deadline on the manual clock.
struct MovedDeadline {
  absl::Duration first;
  absl::Duration then;
};

}  // namespace

CONFORMANCE_CASE(ConnConformance, MovingADeadlineMovesABlockedRead) {
  Covers({"S-DL-07", "S-DL-08", "N-G08", "C-DL-06"});
  const MovedDeadline kMoves[] = {
      {absl::Seconds(10), absl::Seconds(20)},  // later
      {absl::Seconds(20), absl::Seconds(10)},  // earlier
      {absl::InfiniteDuration(), absl::Seconds(5)},
  };
  for (const MovedDeadline& move : kMoves) {
    ConnectOnManualClock();
    const absl::Time start = manual_clock().TimeNow();
    ASSERT_THAT(near().SetReadDeadline(start + move.first), IsOk());
    absl::Status status;
    absl::Time ended;
    auto reader = Go([&] {
      status = ReadSome(near()).status();
      ended = manual_clock().TimeNow();
    });
    ASSERT_TRUE(WaitUntilBlocked(near(), 1, kRead));
    ASSERT_THAT(near().SetReadDeadline(start + move.then), IsOk());
    ASSERT_TRUE(WaitUntilBlocked(near(), 1, kRead));
    manual_clock().Advance(move.then - absl::Nanoseconds(1));
    ASSERT_TRUE(WaitUntilBlocked(near(), 1, kRead));
    manual_clock().Advance(absl::Nanoseconds(1));
    reader->Join();
    EXPECT_TRUE(IsTimeoutOf("read", near(), status));
    EXPECT_EQ(ended, start + move.then);
  }
}

CONFORMANCE_CASE(ConnConformance, ClearingADeadlineLetsABlockedReadWait) {
  Covers({"S-DL-07", "S-DL-15", "C-DL-06"});
  ConnectOnManualClock();
  ASSERT_THAT(
      near().SetReadDeadline(manual_clock().TimeNow() + absl::Seconds(1)),
      IsOk());
  absl::StatusOr<std::string> got;
  auto reader = Go([&] { got = ReadSome(near()); });
  ASSERT_TRUE(WaitUntilBlocked(near(), 1, kRead));
  ASSERT_THAT(near().SetReadDeadline(absl::InfiniteFuture()), IsOk());
  // The alarm of the deadline that was replaced must not end it.
  manual_clock().Advance(absl::Seconds(2));
  ASSERT_TRUE(WaitUntilBlocked(near(), 1, kRead));
  ASSERT_THAT(far().Write("late"), IsOk());
  reader->Join();
  EXPECT_THAT(got, IsOkAndHolds("late"));
}

CONFORMANCE_CASE(ConnConformance, MovingADeadlineMovesABlockedWrite) {
  CoversIf(abilities().backpressure, {"S-DL-08", "C-DL-06"});
  ConnectOnManualClock();
  ASSERT_THAT(
      near().SetWriteDeadline(manual_clock().TimeNow() + absl::Hours(1)),
      IsOk());
  std::unique_ptr<Writer> writer = StartWriter(near());
  if (abilities().backpressure) {
    ASSERT_TRUE(WaitUntilBlocked(near(), 1, Direction::kWrite));
  }
  ASSERT_THAT(
      near().SetWriteDeadline(manual_clock().TimeNow() + absl::Seconds(1)),
      IsOk());
  // A backend that backs off has alarms of its own.
  manual_clock().Advance(absl::Seconds(1));
  writer->task->Join();
  EXPECT_TRUE(IsTimeoutOf("write", near(), writer->status));
}

CONFORMANCE_CASE(ConnConformance, ShortDeadlinesAllPassAndNeverEarly) {
  Covers({"S-DL-12", "N-09", "N-G08", "C-DL-05"});
  for (int64_t nanos : {1, 1000, 100000, 1000000, 5000000, 20000000}) {
    const absl::Duration limit = absl::Nanoseconds(nanos);
    const absl::Time deadline = Clock::Real().TimeNow() + limit;
    ASSERT_THAT(near().SetReadDeadline(deadline), IsOk());
    EXPECT_TRUE(IsTimeoutOf("read", near(), ReadSome(near()).status()));
    EXPECT_GE(Clock::Real().TimeNow(), deadline);
  }
  ASSERT_THAT(near().SetReadDeadline(absl::InfiniteFuture()), IsOk());
  EXPECT_TRUE(Works());
}

CONFORMANCE_CASE(ConnConformance, AFutureDeadlineEndsBothAndTheyRecover) {
  Covers({"N-09", "N-G13", "S-DL-06"});
  ASSERT_THAT(
      near().SetDeadline(Clock::Real().TimeNow() + absl::Milliseconds(20)),
      IsOk());
  std::unique_ptr<Writer> writer = StartWriter(near());
  EXPECT_TRUE(IsTimeoutOf("read", near(), ReadSome(near()).status()));
  writer->task->Join();
  EXPECT_TRUE(IsTimeoutOf("write", near(), writer->status));
  ASSERT_THAT(near().SetDeadline(absl::InfiniteFuture()), IsOk());
  if (abilities().reliable) {
    ASSERT_THAT(ReadBytes(far(), writer->written), IsOk());
    EXPECT_TRUE(Works());
  } else {
    EXPECT_THAT(near().Write("again"), IsOk());
  }
}

CONFORMANCE_CASE(ConnConformance, AReadThatWaitsForItsTurnObeysTheDeadline) {
  Covers({"S-CN-06", "D-TQ-01"});
  absl::Status status[3];
  std::unique_ptr<Task> readers[3];
  for (int i = 0; i < 3; ++i) {
    readers[i] =
        Go([this, &to = status[i]] { to = ReadSome(near()).status(); });
  }
  ASSERT_TRUE(WaitUntilBlocked(near(), 3, kRead));
  ASSERT_THAT(near().SetReadDeadline(LongAgo()), IsOk());
  for (int i = 0; i < 3; ++i) {
    readers[i]->Join();
    EXPECT_TRUE(IsTimeoutOf("read", near(), status[i]));
  }
}

CONFORMANCE_CASE(ConnConformance, SettingADeadlineAfterTheEnd) {
  Covers({"S-DL-14", "S-CL-02", "S-ER-05", "N-G02"});
  ASSERT_THAT(far().Close(), IsOk());
  EXPECT_THAT(near().SetDeadline(LongAgo()), IsOk());
  EXPECT_THAT(near().SetDeadline(absl::InfiniteFuture()), IsOk());
  ASSERT_THAT(near().Close(), IsOk());
  for (Direction direction : {kRead, Direction::kWrite, Direction::kBoth}) {
    EXPECT_TRUE(
        IsClosedOf("set", near(), near().SetDeadline(direction, LongAgo())));
  }
}

CONFORMANCE_CASE(ConnConformance, DeadlinesAndCallsRace) {
  Covers({"S-DL-15", "S-DL-16"});
  std::atomic<bool> stop{false};
  auto reader = Go([&] {
    while (!stop) {
      const absl::Status status = ReadSome(near(), 100).status();
      if (!status.ok()) {
        EXPECT_THAT(status, IsTimeout());
      }
      Breathe();
    }
  });
  auto writer = Go([&] {
    while (!stop) {
      const absl::Status status = near().Write("1234");
      if (!status.ok()) {
        EXPECT_THAT(status, IsTimeout());
      }
      Breathe();
    }
  });
  for (int i = 0; i < 300; ++i) {
    const absl::Time now = Clock::Real().TimeNow();
    ASSERT_THAT(near().SetReadDeadline(now + absl::Microseconds(2)), IsOk());
    ASSERT_THAT(near().SetWriteDeadline(now + absl::Microseconds(i % 50)),
                IsOk());
    executor().Yield();
  }
  stop = true;
  ASSERT_THAT(near().SetDeadline(LongAgo()), IsOk());
}

CONFORMANCE_CASE(ConnConformance, ADeadlineIsMonotonicOnceItIsSet) {
  Covers({"S-DL-18"});
  JumpingClock clock(manual_clock());
  {
    PLUMB_ASSERT_OK_AND_ASSIGN(ConnPair pair, MakePair(clock));
    ASSERT_THAT(pair.near->SetReadDeadline(clock.TimeNow() + absl::Seconds(10)),
                IsOk());
    clock.Jump(absl::Hours(1));
    ASSERT_THAT(pair.far->Write("in time"), IsOk());
    EXPECT_THAT(ReadSome(*pair.near), IsOkAndHolds("in time"));
    clock.Jump(-absl::Hours(2));
    manual_clock().Advance(absl::Seconds(10));
    EXPECT_THAT(ReadSome(*pair.near), IsTimeout());
  }
}

}  // namespace plumb
