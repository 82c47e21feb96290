// Scopes, and the order in which what ends a call is looked at.

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "testing/conformance/case.h"
#include "testing/conformance/conn_fixture.h"
#include "testing/matchers.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/scope.h"

namespace plumb {

const Direction kRead = Direction::kRead;

CONFORMANCE_CASE(ConnConformance, ACancelScopeEndsABlockedRead) {
  Covers({"D-SC-01", "C-CN-01"});
  CancelSource source;
  absl::Status read, waited;
  auto reader = Go([&] {
    const CancelScope scope(source);
    read = ReadSome(near()).status();
    waited = near().WaitReadable();
  });
  ASSERT_TRUE(WaitUntilBlocked(near(), 1, kRead));
  source.Cancel();
  reader->Join();
  for (const absl::Status& status : {read, waited}) {
    EXPECT_TRUE(IsCancelOf("read", near(), status));
    EXPECT_THAT(status, IsCancelledCall());
    EXPECT_FALSE(IsClosed(status));
  }
  // The connection is as it was.
  EXPECT_TRUE(Works());
}

CONFORMANCE_CASE(ConnConformance, AScopeEndsABlockedWriteThatSaysHowFarItGot) {
  Covers({"C-CN-01"});
  CoversIf(abilities().backpressure, {"D-SC-02"});
  CancelSource source;
  absl::Status status;
  std::atomic<uint64_t> written{0};
  auto task = Go([&] {
    const CancelScope scope(source);
    const std::string piece = TestBytes(abilities().messages ? 1000 : 70000);
    while ((status = near().Write(piece)).ok()) {
      written += piece.size();
      Breathe();
    }
    written += BytesDone(status);
  });
  if (abilities().backpressure) {
    ASSERT_TRUE(WaitUntilBlocked(near(), 1, Direction::kWrite));
  }
  source.Cancel();
  task->Join();
  EXPECT_TRUE(IsCancelOf("write", near(), status));
  if (!abilities().reliable) return;
  absl::StatusOr<std::string> got = ReadBytes(far(), written);
  ASSERT_THAT(got, IsOk());
  EXPECT_EQ(got->size(), written);
  EXPECT_TRUE(Works());
}

CONFORMANCE_CASE(ConnConformance, ADeadlineScopeEndsCallsOnAnyClock) {
  Covers({"D-SC-03"});
  absl::Status status;
  {
    const DeadlineScope scope(absl::Milliseconds(1));
    status = ReadSome(near()).status();
  }
  EXPECT_TRUE(IsTimeoutOf("read", near(), status));
  EXPECT_EQ(GetErrorInfo(status)->kind, ErrorKind::kScopeTimeout);
  MonotonicNanos ended = 0;
  auto reader = Go([&] {
    const DeadlineScope scope(absl::Seconds(7), manual_clock());
    status = ReadSome(near()).status();
    ended = manual_clock().MonotonicNow();
  });
  ASSERT_TRUE(
      WaitUntil([&] { return manual_clock().alarm_count() > 0; }, "an alarm"));
  manual_clock().Advance(absl::Seconds(7));
  reader->Join();
  EXPECT_TRUE(IsTimeoutOf("read", near(), status));
  EXPECT_EQ(ended, absl::ToInt64Nanoseconds(absl::Seconds(7)));
  EXPECT_TRUE(Works());
}

CONFORMANCE_CASE(ConnConformance, TheEarliestOfNestedScopesEndsTheCall) {
  Covers({"D-SC-04"});
  CancelSource outer;
  absl::Status status;
  auto reader = Go([&] {
    const CancelScope cancel(outer);
    const DeadlineScope later(absl::Hours(1));
    const CancelScope never;
    status = ReadSome(near()).status();
  });
  ASSERT_TRUE(WaitUntilBlocked(near(), 1, kRead));
  outer.Cancel();
  reader->Join();
  EXPECT_TRUE(IsCancelOf("read", near(), status));
  const DeadlineScope passed(absl::ZeroDuration());
  const DeadlineScope later(absl::Hours(1));
  EXPECT_TRUE(IsTimeoutOf("read", near(), ReadSome(near()).status()));
  EXPECT_TRUE(IsTimeoutOf("write", near(), near().Write("x")));
}

CONFORMANCE_CASE(ConnConformance, AShieldKeepsScopesOff) {
  Covers({"D-SC-05"});
  CancelScope cancelled;
  cancelled.Cancel();
  const DeadlineScope passed(absl::ZeroDuration());
  EXPECT_TRUE(IsCancelOf("write", near(), near().Write("x")));
  {
    const ShieldScope shield;
    EXPECT_TRUE(Works());
    const DeadlineScope inner(absl::ZeroDuration());
    EXPECT_TRUE(IsTimeoutOf("write", near(), near().Write("x")));
  }
  EXPECT_TRUE(IsCancelOf("write", near(), near().Write("x")));
}

CONFORMANCE_CASE(ConnConformance, AScopeEndsTheWaitForATurn) {
  Covers({"D-SC-06", "D-TQ-01"});
  auto holder = Go([&] { ReadSome(near()).IgnoreError(); });
  ASSERT_TRUE(WaitUntilBlocked(near(), 1, kRead));
  {
    const DeadlineScope scope(absl::Milliseconds(1));
    EXPECT_TRUE(IsTimeoutOf("read", near(), ReadSome(near()).status()));
  }
  CancelSource source;
  absl::Status status;
  auto queued = Go([&] {
    const CancelScope scope(source);
    status = near().WaitReadable();
  });
  ASSERT_TRUE(WaitUntilBlocked(near(), 2, kRead));
  source.Cancel();
  queued->Join();
  EXPECT_TRUE(IsCancelOf("read", near(), status));
  ASSERT_THAT(near().SetReadDeadline(LongAgo()), IsOk());
}

CONFORMANCE_CASE(ConnConformance, OrderOfChecksAtTheStart) {
  Covers({"S-DL-05", "D-OC-01"});
  ASSERT_THAT(far().Write("data"), IsOk());
  ASSERT_THAT(near().WaitReadable(), IsOk());
  const auto both = [&] {
    return std::make_pair(ReadSome(near()).status(), near().Write("x"));
  };
  {
    CancelScope cancelled;
    cancelled.Cancel();
    // Cancelled comes before the deadline, and both before the data.
    EXPECT_TRUE(IsCancelOf("read", near(), both().first));
    ASSERT_THAT(near().SetDeadline(LongAgo()), IsOk());
    auto [read, write] = both();
    EXPECT_TRUE(IsCancelOf("read", near(), read));
    EXPECT_TRUE(IsCancelOf("write", near(), write));
  }
  EXPECT_TRUE(IsTimeoutOf("read", near(), both().first));
  {
    // The connection's own deadline before a scope's.
    const DeadlineScope passed(absl::ZeroDuration());
    const absl::Status status = both().first;
    EXPECT_EQ(GetErrorInfo(status)->kind, ErrorKind::kTimeout);
  }
  ASSERT_THAT(near().SetDeadline(absl::InfiniteFuture()), IsOk());
  EXPECT_THAT(ReadSome(near()), IsOkAndHolds("data"));
  CancelScope cancelled;
  cancelled.Cancel();
  ASSERT_THAT(near().SetDeadline(LongAgo()), IsOk());
  ASSERT_THAT(near().Close(), IsOk());
  auto [read, write] = both();
  EXPECT_TRUE(IsClosedOf("read", near(), read));
  EXPECT_TRUE(IsClosedOf("write", near(), write));
}

CONFORMANCE_CASE(ConnConformance, OrderOfChecksAfterAWakeUp) {
  Covers({"D-OC-02"});
  // What happens at once, in any order, is only certain when the reader cannot
  // run in between.
  const bool certain = executor().one_at_a_time();
  CancelSource source;
  absl::StatusOr<std::string> got;
  const auto start = [&]() -> std::unique_ptr<Task> {
    return Go([&] {
      const CancelScope scope(source);
      got = ReadSome(near());
    });
  };
  auto reader = start();
  ASSERT_TRUE(WaitUntilBlocked(near(), 1, kRead));
  ASSERT_THAT(near().SetReadDeadline(LongAgo()), IsOk());
  source.Cancel();
  reader->Join();
  if (certain) {
    EXPECT_TRUE(IsCancelOf("read", near(), got.status()));
  } else {
    EXPECT_TRUE(IsCancelledCall(got.status()) || IsTimeout(got.status()));
  }
  ASSERT_THAT(near().SetReadDeadline(absl::InfiniteFuture()), IsOk());
  source = CancelSource();
  reader = start();
  ASSERT_TRUE(WaitUntilBlocked(near(), 1, kRead));
  source.Cancel();
  ASSERT_THAT(near().SetReadDeadline(LongAgo()), IsOk());
  ASSERT_THAT(near().Close(), IsOk());
  reader->Join();
  if (certain) {
    EXPECT_TRUE(IsClosedOf("read", near(), got.status()));
  } else {
    EXPECT_FALSE(got.ok());
  }
}

CONFORMANCE_CASE(ConnConformance, CancellingRacesWithDataExactlyOnce) {
  Covers({"C-CN-01", "D-SC-07"});
  for (int round = 0; round < 100; ++round) {
    CancelSource source;
    absl::StatusOr<std::string> got;
    auto reader = Go([&] {
      const CancelScope scope(source);
      got = ReadSome(near());
    });
    for (int i = 0; i < round % 3; ++i) executor().Yield();
    auto writer = Go([&] { EXPECT_THAT(far().Write("x"), IsOk()); });
    source.Cancel();
    reader->Join();
    writer->Join();
    if (!got.ok()) {
      ASSERT_THAT(got, IsCancelledCall());
      got = ReadSome(near());
    }
    ASSERT_THAT(got, IsOkAndHolds("x"));
  }
}

}  // namespace plumb
