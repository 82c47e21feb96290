// Cases for deadlines and scopes of PacketConns, and for Writes that wait.
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "testing/conformance/case.h"
#include "testing/conformance/packet_suite.h"
#include "testing/matchers.h"
#include "testing/wait_until_blocked.h"
#include "transport/error.h"
#include "transport/scope.h"

namespace plumb {

using Code = absl::StatusCode;

constexpr char kTimeout[] = "i/o timeout";
constexpr char kCancelled[] = "operation was canceled";

CONFORMANCE_CASE(PacketConnConformance, PastDeadlineConsumesNothing) {
  Covers({"S-DL-01", "S-DL-02", "S-DL-04", "S-DL-06", "S-DL-11", "S-DL-16",
          "S-UD-06"});
  ASSERT_THAT(far().WriteTo("queued", near_addr()), IsOk());
  for (const absl::Time when :
       {LongAgo(), absl::Time(), absl::InfinitePast(), absl::Now()}) {
    ASSERT_THAT(near().SetDeadline(when), IsOk());
    for (int i = 0; i < 2; ++i) {
      const absl::Status read = Receive(near()).status();
      EXPECT_TRUE(FailsToRead(read, Code::kDeadlineExceeded, kTimeout));
      EXPECT_THAT(read, IsTimeout());
      EXPECT_TRUE(FailsToWrite(near().WriteTo("never", far_addr()), far_addr(),
                               Code::kDeadlineExceeded, kTimeout));
    }
  }
  ASSERT_THAT(near().SetDeadline(absl::InfiniteFuture()), IsOk());
  PLUMB_ASSERT_OK_AND_ASSIGN(const Datagram got, Receive(near()));
  EXPECT_EQ(got.data, "queued");
  // Of what could not be written nothing went.
  EXPECT_TRUE(Works());
}

CONFORMANCE_CASE(PacketConnConformance, DirectionsHaveTheirOwnDeadlines) {
  Covers({"S-DL-09", "N-G12"});
  ASSERT_THAT(near().SetReadDeadline(LongAgo()), IsOk());
  EXPECT_THAT(near().WriteTo("x", far_addr()), IsOk());
  EXPECT_THAT(Receive(near()), IsTimeout());
  ASSERT_THAT(near().SetReadDeadline(absl::InfiniteFuture()), IsOk());
  ASSERT_THAT(near().SetWriteDeadline(LongAgo()), IsOk());
  EXPECT_THAT(near().WriteTo("x", far_addr()), IsTimeout());
  EXPECT_THAT(far().WriteTo("y", near_addr()), IsOk());
  EXPECT_THAT(Receive(near()), IsOk());
}

CONFORMANCE_CASE(PacketConnConformance, PastDeadlineEndsBlockedReads) {
  Covers({"S-DL-03", "S-DL-08", "S-DL-15", "S-CN-06", "D-TQ-01"});
  std::vector<std::unique_ptr<Reader>> readers;
  for (int i = 1; i <= 2; ++i) readers.push_back(StartRead(i));
  ASSERT_THAT(near().SetReadDeadline(LongAgo()), IsOk());
  for (const auto& reader : readers) {
    EXPECT_TRUE(FailsToRead(reader->Join(), Code::kDeadlineExceeded, kTimeout));
  }
}

CONFORMANCE_CASE(PacketConnConformance, DeadlineIsNeverEarly) {
  Covers({"S-DL-12", "N-G08"});
  for (const int millis : {1, 7, 20}) {
    const absl::Time deadline = absl::Now() + absl::Milliseconds(millis);
    ASSERT_THAT(near().SetDeadline(deadline), IsOk());
    EXPECT_THAT(Receive(near()), IsTimeout());
    EXPECT_GE(absl::Now(), deadline);
  }
}

CONFORMANCE_CASE(PacketConnConformance, DeadlineIsMonotonicOnceItIsSet) {
  Covers({"S-DL-18"});
  OpenOn(jumping_clock());
  ASSERT_THAT(
      near().SetReadDeadline(jumping_clock().TimeNow() + absl::Seconds(10)),
      IsOk());
  jumping_clock().Jump(absl::Hours(1));
  ASSERT_THAT(far().WriteTo("in time", near_addr()), IsOk());
  EXPECT_THAT(Receive(near()), IsOk());
  jumping_clock().Jump(-absl::Hours(2));
  manual_clock().Advance(absl::Seconds(10));
  EXPECT_TRUE(
      FailsToRead(Receive(near()).status(), Code::kDeadlineExceeded, kTimeout));
}

CONFORMANCE_CASE(PacketConnConformance, DeadlineMovesWhileReadWaits) {
  Covers({"S-DL-07", "S-DL-08", "D-CK-01"});
  OpenOnManualClock();
  const absl::Time start = manual_clock().TimeNow();
  ASSERT_THAT(near().SetDeadline(start + absl::Minutes(1)), IsOk());
  const auto reader = StartRead();
  ASSERT_THAT(near().SetDeadline(start + absl::Hours(1)), IsOk());
  manual_clock().Advance(absl::Minutes(2));
  ASSERT_TRUE(WaitUntilBlocked(near(), 1));
  ASSERT_THAT(near().SetDeadline(start + absl::Minutes(3)), IsOk());
  manual_clock().Advance(absl::Minutes(1));
  EXPECT_TRUE(FailsToRead(reader->Join(), Code::kDeadlineExceeded, kTimeout));
}

CONFORMANCE_CASE(PacketConnConformance, DeadlineIsClearedWhileReadWaits) {
  Covers({"S-DL-06", "S-DL-07", "S-DL-13"});
  OpenOnManualClock();
  const absl::Time start = manual_clock().TimeNow();
  ASSERT_THAT(near().SetDeadline(start + absl::Minutes(1)), IsOk());
  const auto reader = StartRead();
  ASSERT_THAT(near().SetDeadline(absl::FromUnixSeconds(int64_t{1} << 60)),
              IsOk());
  manual_clock().Advance(absl::Hours(1));
  ASSERT_THAT(far().WriteTo("late", near_addr()), IsOk());
  EXPECT_THAT(reader->Join(), IsOk());
}

CONFORMANCE_CASE(PacketConnConformance, ScopesThatHaveEndedConsumeNothing) {
  Covers({"D-SC-01", "D-SC-03"});
  ASSERT_THAT(far().WriteTo("queued", near_addr()), IsOk());
  {
    CancelScope scope;
    scope.Cancel();
    const absl::Status status = Receive(near()).status();
    EXPECT_TRUE(FailsToRead(status, Code::kCancelled, kCancelled));
    EXPECT_THAT(status, IsCancelledCall());
    EXPECT_TRUE(FailsToWrite(near().WriteTo("x", far_addr()), far_addr(),
                             Code::kCancelled, kCancelled));
  }
  {
    const DeadlineScope scope(absl::ZeroDuration());
    EXPECT_THAT(Receive(near()), IsTimeout());
    EXPECT_THAT(near().WriteTo("x", far_addr()), IsTimeout());
  }
  PLUMB_ASSERT_OK_AND_ASSIGN(const Datagram got, Receive(near()));
  EXPECT_EQ(got.data, "queued");
  EXPECT_TRUE(Works());
}

CONFORMANCE_CASE(PacketConnConformance, ScopesEndABlockedRead) {
  Covers({"S-CN-06", "D-SC-01", "D-SC-03", "D-TQ-01"});
  CancelSource stop;
  absl::Status cancelled, timed_out;
  const auto first = Go([&] {
    const CancelScope scope(stop);
    cancelled = Receive(near()).status();
  });
  const auto second = Go([&] {
    const DeadlineScope scope(absl::Minutes(1), manual_clock());
    timed_out = Receive(near()).status();
  });
  ASSERT_TRUE(WaitUntilBlocked(near(), 2, Direction::kRead));
  stop.Cancel();
  first->Join();
  EXPECT_TRUE(FailsToRead(cancelled, Code::kCancelled, kCancelled));
  manual_clock().Advance(absl::Minutes(1));
  second->Join();
  EXPECT_TRUE(FailsToRead(timed_out, Code::kDeadlineExceeded, kTimeout));
  EXPECT_TRUE(Works());
}

CONFORMANCE_CASE(PacketConnConformance, OrderOfChecks) {
  Covers({"S-DL-05", "D-OC-01", "D-CL-04"});
  ASSERT_THAT(far().WriteTo("queued", near_addr()), IsOk());
  ASSERT_THAT(near().SetDeadline(LongAgo()), IsOk());
  CancelScope scope;
  EXPECT_THAT(Receive(near()), IsTimeout());
  // An address that is no good comes after all of them.
  EXPECT_THAT(near().WriteTo("x", Addr()), IsTimeout());
  scope.Cancel();
  EXPECT_THAT(Receive(near()), IsCancelledCall());
  EXPECT_THAT(near().WriteTo("x", Addr()), IsCancelledCall());
  EXPECT_THAT(near().Close(), IsOk());
  EXPECT_THAT(Receive(near()), IsClosed());
  EXPECT_THAT(near().WriteTo("x", Addr()), IsClosed());
}

CONFORMANCE_CASE(PacketConnConformance, OrderOfChecksAfterAWakeUp) {
  CoversIf(executor().one_at_a_time(), {"D-OC-02"});
  const auto reader = StartRead();
  ASSERT_THAT(far().WriteTo("x", near_addr()), IsOk());
  ASSERT_THAT(near().SetReadDeadline(LongAgo()), IsOk());
  const absl::Status& status = reader->Join();
  // On threads the datagram may have come first.
  if (executor().one_at_a_time() || !status.ok()) {
    EXPECT_TRUE(FailsToRead(status, Code::kDeadlineExceeded, kTimeout));
    ASSERT_THAT(near().SetReadDeadline(absl::InfiniteFuture()), IsOk());
    EXPECT_THAT(Receive(near()), IsOk());
  }
}

CONFORMANCE_CASE(PacketConnConformance, FullReceiver) {
  CoversIf(backend().sender_waits, {"D-BO-01"});
  OpenOnManualClock();
  const std::string data(1000, 'x');
  if (!backend().sender_waits) {
    // What there is no room for is lost; the sender does not wait.
    for (int i = 0; i < 1000; ++i) {
      ASSERT_THAT(near().WriteTo(data, far_addr()), IsOk());
    }
    return;
  }
  ASSERT_THAT(near().SetDeadline(manual_clock().TimeNow() + absl::Minutes(1)),
              IsOk());
  absl::Status status;
  int sent = 0;
  const auto writer = Go([&] {
    while ((status = near().WriteTo(data, far_addr())).ok()) ++sent;
  });
  ASSERT_TRUE(WaitUntilBlocked(near(), 1, Direction::kWrite));
  manual_clock().Advance(absl::Minutes(1));
  writer->Join();
  EXPECT_GT(sent, 0);
  EXPECT_TRUE(
      FailsToWrite(status, far_addr(), Code::kDeadlineExceeded, kTimeout));
  // All that was sent is there, and then there is room again.
  for (int i = 0; i < sent; ++i) ASSERT_THAT(Receive(far()), IsOk());
  ASSERT_THAT(near().SetDeadline(absl::InfiniteFuture()), IsOk());
  EXPECT_TRUE(Works());
}

CONFORMANCE_CASE(PacketConnConformance, FullReceiverReads) {
  CoversIf(backend().sender_waits, {"D-BO-01"});
  constexpr int kCount = 300;
  const auto writer = Go([this] {
    for (int i = 0; i < kCount; ++i) {
      EXPECT_THAT(near().WriteTo("x", far_addr()), IsOk());
    }
  });
  if (backend().sender_waits) {
    ASSERT_TRUE(WaitUntilBlocked(near(), 1, Direction::kWrite));
    for (int i = 0; i < kCount; ++i) ASSERT_THAT(Receive(far()), IsOk());
  }
  writer->Join();
}

CONFORMANCE_CASE(PacketConnConformance, CloseEndsABlockedWrite) {
  Covers({"S-CL-01", "D-CL-01"});
  CoversIf(backend().sender_waits, {"D-BO-01"});
  absl::Status status;
  const auto writer = Go([&, to = far_addr()] {
    while ((status = near().WriteTo("x", to)).ok()) executor().Yield();
  });
  if (backend().sender_waits) {
    ASSERT_TRUE(WaitUntilBlocked(near(), 1, Direction::kWrite));
  }
  EXPECT_THAT(near().Close(), IsOk());
  writer->Join();
  EXPECT_TRUE(FailsToWrite(status, far_addr(), Code::kCancelled,
                           "use of closed network connection"));
}

CONFORMANCE_CASE(PacketConnConformance, EverythingAtOnce) {
  Covers({"N-11", "S-DL-15"});
  std::vector<std::unique_ptr<Task>> others, blocking;
  for (int i = 0; i < 30; ++i) {
    blocking.push_back(Go([this, i] {
      InPacket packets[2];
      char buffer[16];
      packets[0].buffer = absl::MakeSpan(buffer);
      const absl::Status status =
          i % 3 == 0 ? near().ReadBatch(absl::MakeSpan(packets)).status()
                     : Receive(near()).status();
      if (!status.ok()) {
        EXPECT_TRUE(FailsToRead(status, Code::kDeadlineExceeded, kTimeout));
      }
    }));
    blocking.push_back(Go([this] {
      const absl::Status status = near().WriteTo("y", far_addr());
      if (!status.ok()) {
        EXPECT_TRUE(FailsToWrite(status, far_addr(), Code::kDeadlineExceeded,
                                 kTimeout));
      }
    }));
    others.push_back(Go([this, i] {
      const absl::Time when = i % 2 == 0 ? LongAgo() : absl::InfiniteFuture();
      EXPECT_THAT(near().SetReadDeadline(when), IsOk());
      EXPECT_THAT(near().SetWriteDeadline(when), IsOk());
    }));
    others.push_back(Go([this, i] {
      EXPECT_THAT(far().SetReadDeadline(LongAgo()), IsOk());
      EXPECT_EQ(near_addr(), near().LocalAddr());
      if (i >= 5) return;
      EXPECT_THAT(far().WriteTo("x", near_addr()), IsOk());
    }));
  }
  for (const auto& task : others) task->Join();
  EXPECT_THAT(near().SetDeadline(LongAgo()), IsOk());
  for (const auto& task : blocking) task->Join();
  // It is usable: what is still there comes, and then what is sent now.
  for (PacketConn* const end : {&near(), &far()}) {
    ASSERT_THAT(end->SetDeadline(absl::InfiniteFuture()), IsOk());
  }
  const auto bring_the_end = [this](PacketConn& from, PacketConn& to) {
    // There may be room only when something is read.
    const auto writer = Go(
        [&] { EXPECT_THAT(from.WriteTo("the end", to.LocalAddr()), IsOk()); });
    for (std::string got; got != "the end";) {
      PLUMB_ASSERT_OK_AND_ASSIGN(const Datagram next, Receive(to));
      got = next.data;
    }
  };
  bring_the_end(near(), far());
  bring_the_end(far(), near());
  EXPECT_TRUE(Works());
}

}  // namespace plumb
