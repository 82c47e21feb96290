// Closing.

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

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

CONFORMANCE_CASE(ConnConformance, CloseUnblocksReads) {
  Covers({"S-CL-01", "N-10", "N-G01", "C-EO-08", "D-CL-01", "S-ER-07"});
  absl::Status status[3];
  std::unique_ptr<Task> tasks[3];
  for (int i = 0; i < 3; ++i) {
    tasks[i] = Go([this, i, &to = status[i]] {
      to = i == 1 ? near().WaitReadable() : ReadSome(near()).status();
    });
  }
  ASSERT_TRUE(WaitUntilBlocked(near(), 3, kRead));
  EXPECT_THAT(near().Close(), IsOk());
  for (int i = 0; i < 3; ++i) {
    tasks[i]->Join();
    EXPECT_TRUE(IsClosedOf("read", near(), status[i]));
    EXPECT_THAT(status[i], IsClosed());
  }
}

CONFORMANCE_CASE(ConnConformance, CloseUnblocksWrites) {
  Covers({"S-CL-01", "N-10", "C-EO-08", "D-CL-01"});
  std::unique_ptr<Writer> writers[2];
  for (auto& writer : writers) writer = StartWriter(near());
  if (abilities().backpressure) {
    ASSERT_TRUE(WaitUntilBlocked(near(), 2, Direction::kWrite));
  }
  EXPECT_THAT(near().Close(), IsOk());
  for (auto& writer : writers) {
    writer->task->Join();
    EXPECT_TRUE(IsClosedOf("write", near(), writer->status));
  }
}

CONFORMANCE_CASE(ConnConformance, EveryCallAfterClose) {
  Covers({"S-CL-02", "S-CL-03", "S-CL-04", "N-G02", "C-EO-09", "S-ER-04",
          "S-ER-05", "S-ER-07", "C-AD-02"});
  const Addr local = near().LocalAddr(), remote = near().RemoteAddr();
  ASSERT_THAT(near().Close(), IsOk());
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(IsClosedOf("read", near(), ReadSome(near()).status()));
    EXPECT_TRUE(IsClosedOf("read", near(), near().WaitReadable()));
    EXPECT_TRUE(IsClosedOf("write", near(), near().Write("x")));
    EXPECT_TRUE(IsClosedOf("write", near(), near().Write("")));
    EXPECT_TRUE(IsClosedOf("close", near(), near().CloseWrite()));
    EXPECT_TRUE(IsClosedOf("set", near(), near().SetDeadline(LongAgo())));
    EXPECT_TRUE(IsClosedOf("close", near(), near().Close()));
  }
  EXPECT_EQ(near().LocalAddr(), local);
  EXPECT_EQ(near().RemoteAddr(), remote);
  EXPECT_EQ(CountBlocked(*Extension<BlockedProbe>(near()), Direction::kBoth),
            0);
}

CONFORMANCE_CASE(ConnConformance, OneOfManyClosesIsTheFirst) {
  Covers({"S-CL-03", "D-CL-02"});
  for (int round = 0; round < 20; ++round) {
    PLUMB_ASSERT_OK_AND_ASSIGN(ConnPair pair, MakePair());
    std::atomic<int> first{0}, others{0};
    auto reader = Go([&] { ReadSome(*pair.near).IgnoreError(); });
    std::vector<std::unique_ptr<Task>> tasks;
    for (int i = 0; i < 4; ++i) {
      tasks.push_back(Go([&] {
        const absl::Status status = pair.near->Close();
        if (status.ok()) {
          ++first;
        } else if (IsClosed(status)) {
          ++others;
        }
      }));
    }
    tasks.clear();
    EXPECT_EQ(first, 1);
    EXPECT_EQ(others, 3);
  }
}

CONFORMANCE_CASE(ConnConformance, CloseDoesNotWaitForACallThatHasNotRunYet) {
  Covers({"D-CL-03"});
  std::atomic<bool> ran{false};
  auto reader = Go([&] {
    EXPECT_THAT(ReadSome(near()), IsClosed());
    ran = true;
  });
  ASSERT_TRUE(WaitUntilBlocked(near(), 1, kRead));
  EXPECT_THAT(near().Close(), IsOk());
  // A decorator waits until all have left it.
  const bool decorated =
      GetParam().variant.decorated || abilities().close_waits;
  if (executor().one_at_a_time() && !decorated) {
    EXPECT_FALSE(ran);
  }
  reader->Join();
  EXPECT_TRUE(ran);
}

CONFORMANCE_CASE(ConnConformance, TheDestructorCloses) {
  Covers({"S-CL-11", "D-DT-01"});
  TakeNear().reset();
  if (abilities().end_of_stream) {
    EXPECT_THAT(ReadSome(far()), IsEof());
    return;
  }
  EXPECT_TRUE(ReadWaits(far()));
}

CONFORMANCE_CASE(ConnConformance, DestroyedWhileBlocked) {
  Covers({"D-DT-02", "C-CN-04"});
  absl::Status read, waited;
  std::unique_ptr<Conn> conn = TakeNear();
  auto reader = Go([&read, to = conn.get()] { read = ReadSome(*to).status(); });
  auto waiter = Go([&waited, to = conn.get()] { waited = to->WaitReadable(); });
  std::unique_ptr<Writer> writer = StartWriter(*conn);
  const bool blocks = abilities().backpressure;
  ASSERT_TRUE(WaitUntilBlocked(*conn, 2, kRead));
  if (blocks) {
    ASSERT_TRUE(WaitUntilBlocked(*conn, 1, Direction::kWrite));
  } else {
    // It would enter again.
    ASSERT_THAT(conn->SetWriteDeadline(LongAgo()), IsOk());
    writer->task->Join();
  }
  conn.reset();
  reader->Join();
  waiter->Join();
  writer->task->Join();
  EXPECT_THAT(read, IsClosed());
  EXPECT_THAT(waited, IsClosed());
  if (blocks) {
    EXPECT_THAT(writer->status, IsClosed());
  }
}

CONFORMANCE_CASE(ConnConformance, CloseIgnoresDeadlinesAndScopes) {
  Covers({"D-CL-04"});
  ASSERT_THAT(near().SetDeadline(LongAgo()), IsOk());
  CancelScope cancelled;
  cancelled.Cancel();
  const DeadlineScope passed(absl::ZeroDuration());
  EXPECT_THAT(near().Close(), IsOk());
}

CONFORMANCE_CASE(ConnConformance, WhatWasWrittenArrivesAfterClose) {
  Covers({"S-CL-10"});
  const std::string data = TestBytes(1000);
  ASSERT_THAT(near().Write(data), IsOk());
  ASSERT_THAT(near().Close(), IsOk());
  EXPECT_THAT(ReadBytes(far(), data.size()), IsOkAndHolds(data));
}

// Of all others Close waits for nobody. In the variant whose tasks share one
// thread a close(2) that waits would keep it from the peer.
CONFORMANCE_CASE(ConnConformance, ALingeringCloseWaitsForThePeer) {
  auto* const tcp = GetParam().variant.name() == "Coop"
                        ? nullptr
                        : Extension<TcpControl>(near());
  if (tcp != nullptr) {
    Covers({"S-CL-10"});
    ASSERT_THAT(tcp->SetLinger(absl::Minutes(10)), IsOk());
  }
  const std::unique_ptr<Writer> writer = StartWriter(near());
  if (abilities().backpressure) {
    ASSERT_TRUE(WaitUntilBlocked(near(), 1, Direction::kWrite));
  }
  std::atomic<bool> closed{false};
  auto closer = Go([&] {
    EXPECT_THAT(near().Close(), IsOk());
    closed = true;
  });
  writer->task->Join();
  EXPECT_THAT(writer->status, IsClosed());
  if (tcp == nullptr) return closer->Join();
  EXPECT_FALSE(closed);
  absl::Status end;
  EXPECT_EQ(ReadUntilError(far(), &end).size(), writer->written);
  EXPECT_THAT(end, IsEof());
  closer->Join();
}

CONFORMANCE_CASE(ConnConformance, ThePeerOutlivesAnEnd) {
  Covers({"D-DT-01"});
  ASSERT_THAT(near().Write("left behind"), IsOk());
  TakeNear().reset();
  EXPECT_THAT(ReadBytes(far(), 11), IsOkAndHolds("left behind"));
  EXPECT_THAT(far().Close(), IsOk());
}

CONFORMANCE_CASE(ConnConformance, CallsAndCloseRace) {
  Covers({"S-CL-05", "S-CL-06", "D-CL-05"});
  for (int round = 0; round < 50; ++round) {
    PLUMB_ASSERT_OK_AND_ASSIGN(ConnPair pair, MakePair());
    std::vector<std::unique_ptr<Task>> tasks;
    const auto go = [&](std::function<absl::Status()> call) {
      tasks.push_back(Go([this, call = std::move(call)] {
        absl::Status status;
        while (!IsClosed(status = call())) {
          // Refused is how a peer that is gone shows, where it shows.
          if (!status.ok()) {
            EXPECT_NE(status.code(), absl::StatusCode::kInternal);
          }
          executor().Yield();
        }
      }));
    };
    go([&] { return ReadSome(*pair.near).status(); });
    go([&] { return pair.near->Write("data"); });
    go([&] { return pair.near->SetDeadline(absl::InfiniteFuture()); });
    auto peer = Go([&] {
      for (int i = 0; i < 5; ++i) {
        pair.far->Write("data").IgnoreError();
        executor().Yield();
      }
    });
    for (int i = 0; i < round % 7; ++i) executor().Yield();
    EXPECT_THAT(pair.near->Close(), IsOk());
    tasks.clear();
  }
}

CONFORMANCE_CASE(ConnConformance, OpenedAndClosedManyTimes) {
  Covers({"C-RS-01", "N-G11"});
  // The leak check looks at what this leaves.
  const int times = Amount(1000, 100);
  for (int i = 0; i < times; ++i) {
    PLUMB_ASSERT_OK_AND_ASSIGN(ConnPair pair, MakePair());
    if (i % 2 == 0) {
      ASSERT_THAT(pair.near->Close(), IsOk());
    }
  }
}

}  // namespace plumb
