// Copy (transport/io.h), which ends as the Reads and Writes that it makes do.

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "testing/conformance/case.h"
#include "testing/conformance/conn_fixture.h"
#include "testing/matchers.h"
#include "transport/error.h"
#include "transport/io.h"

namespace plumb {

constexpr Direction kRead = Direction::kRead;

CONFORMANCE_CASE(ConnConformance, ACopyObeysTheDeadlinesOfBothEnds) {
  Covers({"S-CP-06"});
  ASSERT_THAT(near().SetWriteDeadline(LongAgo()), IsOk());
  ASSERT_THAT(far().Write("not sent back"), IsOk());
  absl::Status status = Copy(near(), near()).status();
  EXPECT_TRUE(IsTimeoutOf("write", near(), status));
  EXPECT_EQ(BytesDone(status), 0u);
  EXPECT_TRUE(ReadWaits(far()));

  ASSERT_THAT(near().SetWriteDeadline(absl::InfiniteFuture()), IsOk());
  ASSERT_THAT(near().SetReadDeadline(LongAgo()), IsOk());
  ASSERT_THAT(far().Write("not read"), IsOk());
  status = Copy(near(), near()).status();
  EXPECT_TRUE(IsTimeoutOf("read", near(), status));
  EXPECT_EQ(BytesDone(status), 0u);
  ASSERT_THAT(near().SetReadDeadline(absl::InfiniteFuture()), IsOk());
  EXPECT_THAT(ReadBytes(near(), 8), IsOkAndHolds("not read"));
}

CONFORMANCE_CASE(ConnConformance, ACopyEndsWithItsSource) {
  CoversIf(abilities().end_of_stream, {"S-CP-04"});
  absl::StatusOr<uint64_t> copied;
  auto copy = Go([&] { copied = Copy(near(), near()); });
  ASSERT_THAT(far().Write("there"), IsOk());
  EXPECT_THAT(ReadBytes(far(), 5), IsOkAndHolds("there"));
  if (!abilities().end_of_stream) {
    ASSERT_TRUE(WaitUntilBlocked(near(), 1, kRead));
    ASSERT_THAT(far().Close(), IsOk());
    ASSERT_THAT(near().SetReadDeadline(LongAgo()), IsOk());
    copy->Join();
    EXPECT_TRUE(IsTimeoutOf("read", near(), copied.status()));
    EXPECT_EQ(BytesDone(copied.status()), 5u);
    return;
  }
  const bool half = abilities().half_close == HalfClose::kFull;
  ASSERT_THAT(half ? far().CloseWrite() : far().Close(), IsOk());
  copy->Join();
  EXPECT_THAT(copied, IsOkAndHolds(5u));
  if (!half) return;
  // The destination is left open.
  ASSERT_THAT(near().Write("more"), IsOk());
  EXPECT_THAT(ReadBytes(far(), 4), IsOkAndHolds("more"));
}

CONFORMANCE_CASE(ConnConformance, ClosingTheSourceEndsACopy) {
  Covers({"S-CP-07"});
  absl::Status status;
  auto copy = Go([&] { status = Copy(near(), near()).status(); });
  ASSERT_THAT(far().Write("there"), IsOk());
  EXPECT_THAT(ReadBytes(far(), 5), IsOkAndHolds("there"));
  ASSERT_TRUE(WaitUntilBlocked(near(), 1, kRead));
  ASSERT_THAT(near().Close(), IsOk());
  copy->Join();
  EXPECT_TRUE(IsClosedOf("read", near(), status));
  EXPECT_EQ(BytesDone(status), 5u);
}

CONFORMANCE_CASE(ConnConformance, ClosingTheDestinationEndsACopy) {
  Covers({"S-CP-07"});
  PLUMB_ASSERT_OK_AND_ASSIGN(const ConnPair other, MakePair());
  absl::Status status;
  auto copy = Go([&] { status = Copy(*other.near, near()).status(); });
  std::unique_ptr<Writer> writer;
  if (abilities().backpressure) {
    writer = StartWriter(far());
    ASSERT_TRUE(WaitUntilBlocked(*other.near, 1, Direction::kWrite));
  }
  ASSERT_THAT(other.near->Close(), IsOk());
  if (writer == nullptr) {
    // No Write waits: it is told of with the next that comes.
    ASSERT_THAT(far().Write("x"), IsOk());
  }
  copy->Join();
  EXPECT_TRUE(IsClosedOf("write", *other.near, status));
  if (writer == nullptr) return;
  ASSERT_THAT(far().SetWriteDeadline(LongAgo()), IsOk());
  writer->task->Join();
}

}  // namespace plumb
