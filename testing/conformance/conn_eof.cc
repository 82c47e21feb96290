// How connections end: the end of the stream, half-close, resets, and a peer
// that is gone.

#include <memory>
#include <string>

#include "testing/conformance/case.h"
#include "testing/conformance/conn_fixture.h"
#include "testing/matchers.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"

namespace plumb {

using ::testing::AnyOf;
using ::testing::Conditional;
using Code = absl::StatusCode;

CONFORMANCE_CASE(ConnConformance, TheEndComesAfterAllDataAndAgain) {
  CoversIf(abilities().end_of_stream,
           {"S-EOF-01", "S-EOF-02", "N-G09", "N-G14", "C-EO-01"});
  ASSERT_THAT(near().Write("last words"), IsOk());
  ASSERT_THAT(near().Close(), IsOk());
  if (!abilities().end_of_stream) {
    // The peer cannot know: what was sent is there, and then nothing comes.
    EXPECT_THAT(ReadSome(far()), IsOkAndHolds("last words"));
    EXPECT_TRUE(ReadWaits(far()));
    return;
  }
  EXPECT_THAT(ReadBytes(far(), 10), IsOkAndHolds("last words"));
  ErrorInfo end;
  end.kind = ErrorKind::kEof;
  for (int i = 0; i < 3; ++i) {
    const absl::Status status = ReadSome(far()).status();
    EXPECT_THAT(status, ErrorIs(Code::kOutOfRange, "EOF"));
    EXPECT_THAT(status, IsEof());
    EXPECT_EQ(GetErrorInfo(status), end);
  }
}

CONFORMANCE_CASE(ConnConformance, TheEndUnblocksARead) {
  CoversIf(abilities().end_of_stream, {"C-EO-02"});
  absl::Status status;
  auto reader = Go([&] { status = ReadSome(near()).status(); });
  ASSERT_TRUE(WaitUntilBlocked(near(), 1, Direction::kRead));
  ASSERT_THAT(far().Close(), IsOk());
  if (!abilities().end_of_stream) {
    ASSERT_THAT(near().SetReadDeadline(LongAgo()), IsOk());
    reader->Join();
    EXPECT_TRUE(IsTimeoutOf("read", near(), status));
    return;
  }
  reader->Join();
  EXPECT_THAT(status, IsEof());
}

CONFORMANCE_CASE(ConnConformance, CloseWriteEndsOneDirection) {
  CoversIf(abilities().half_close != HalfClose::kNone,
           {"N-G03", "S-HC-01", "C-EO-03"});
  ASSERT_THAT(near().Write("request"), IsOk());
  const absl::Status closed = near().CloseWrite();
  if (abilities().half_close == HalfClose::kNone) {
    EXPECT_TRUE(HasError(closed, Code::kUnimplemented, "close", near(),
                         "CloseWrite not supported"));
    EXPECT_THAT(closed, IsUnsupported());
    EXPECT_THAT(ReadSome(far()), IsOkAndHolds("request"));
    EXPECT_TRUE(Works());
    return;
  }
  ASSERT_THAT(closed, IsOk());
  EXPECT_THAT(ReadBytes(far(), 7), IsOkAndHolds("request"));
  if (abilities().half_close == HalfClose::kFull) {
    EXPECT_THAT(ReadSome(far()), IsEof());
  }
  ASSERT_THAT(far().Write("reply"), IsOk());
  EXPECT_THAT(ReadBytes(near(), 5), IsOkAndHolds("reply"));
}

CONFORMANCE_CASE(ConnConformance, WriteAfterOnesOwnCloseWrite) {
  CoversIf(abilities().half_close != HalfClose::kNone, {"S-HC-01", "D-HC-01"});
  if (abilities().half_close == HalfClose::kNone) {
    EXPECT_THAT(near().CloseWrite(), IsUnsupported());
    EXPECT_TRUE(Works());
    return;
  }
  ASSERT_THAT(near().CloseWrite(), IsOk());
  const absl::Status status = near().Write("more");
  EXPECT_TRUE(HasError(status, Code::kFailedPrecondition, "write", near(),
                       "write: broken pipe"));
  EXPECT_EQ(BytesDone(status), 0u);
}

CONFORMANCE_CASE(ConnConformance, CloseWriteOnBothSides) {
  CoversIf(abilities().half_close == HalfClose::kFull, {"C-EO-03"});
  if (abilities().half_close != HalfClose::kFull) {
    // The peer is not told, and what it sends comes.
    const bool local = abilities().half_close == HalfClose::kLocal;
    EXPECT_THAT(near().CloseWrite(),
                Conditional(local, IsOk(), IsUnsupported()));
    EXPECT_TRUE(ReadWaits(far()));
    ASSERT_THAT(far().Write("the rest"), IsOk());
    EXPECT_THAT(ReadBytes(near(), 8), IsOkAndHolds("the rest"));
    return;
  }
  ASSERT_THAT(near().CloseWrite(), IsOk());
  EXPECT_THAT(ReadSome(far()), IsEof());
  ASSERT_THAT(far().Write("the rest"), IsOk());
  ASSERT_THAT(far().CloseWrite(), IsOk());
  EXPECT_THAT(ReadBytes(near(), 8), IsOkAndHolds("the rest"));
  EXPECT_THAT(ReadSome(near()), IsEof());
  EXPECT_THAT(near().Close(), IsOk());
  EXPECT_THAT(far().Close(), IsOk());
}

CONFORMANCE_CASE(ConnConformance, CloseWriteAgainAndAfterClose) {
  Covers({"S-HC-05"});
  const bool has = abilities().half_close != HalfClose::kNone;
  CoversIf(has, {"S-HC-02"});
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(near().CloseWrite(), Conditional(has, IsOk(), IsUnsupported()));
  }
  ASSERT_THAT(near().Close(), IsOk());
  EXPECT_TRUE(IsClosedOf("close", near(), near().CloseWrite()));
}

CONFORMANCE_CASE(ConnConformance, CloseWriteLeavesOnesOwnReadAlone) {
  const bool has = abilities().half_close != HalfClose::kNone;
  CoversIf(has, {"S-HC-04"});
  absl::StatusOr<std::string> got;
  auto reader = Go([&] { got = ReadSome(near()); });
  ASSERT_TRUE(WaitUntilBlocked(near(), 1, Direction::kRead));
  EXPECT_THAT(near().CloseWrite(), Conditional(has, IsOk(), IsUnsupported()));
  ASSERT_THAT(far().Write("still"), IsOk());
  reader->Join();
  EXPECT_THAT(got, IsOkAndHolds("still"));
}

CONFORMANCE_CASE(ConnConformance, CloseWriteEndsABlockedWrite) {
  CoversIf(
      abilities().half_close != HalfClose::kNone && abilities().backpressure,
      {"D-HC-02"});
  if (abilities().half_close == HalfClose::kNone) {
    EXPECT_TRUE(HasError(near().CloseWrite(), Code::kUnimplemented, "close",
                         near(), "CloseWrite not supported"));
    EXPECT_TRUE(Works());
    return;
  }
  if (!abilities().backpressure) {
    // No Write is ever blocked; the next one fails.
    ASSERT_THAT(near().CloseWrite(), IsOk());
    EXPECT_TRUE(HasError(near().Write("x"), Code::kFailedPrecondition, "write",
                         near(), "write: broken pipe"));
    return;
  }
  std::unique_ptr<Writer> writer;
  ASSERT_TRUE(StartBlockedWriter(near(), &writer));
  ASSERT_THAT(near().CloseWrite(), IsOk());
  writer->task->Join();
  EXPECT_TRUE(HasError(writer->status, Code::kFailedPrecondition, "write",
                       near(), "write: broken pipe"));
}

CONFORMANCE_CASE(ConnConformance, CloseReadGivesWhatIsQueuedThenTheEnd) {
  auto* const closer = Extension<ReadCloser>(near());
  const bool has = abilities().close_read && !GetParam().variant.decorated;
  CoversIf(has, {"S-HC-03", "C-EO-04"});
  ASSERT_EQ(closer != nullptr, has);
  if (!has) return;
  ASSERT_THAT(far().Write("queued"), IsOk());
  ASSERT_THAT(near().WaitReadable(), IsOk());
  ASSERT_THAT(closer->CloseRead(), IsOk());
  EXPECT_THAT(ReadBytes(near(), 6), IsOkAndHolds("queued"));
  EXPECT_THAT(ReadSome(near()), IsEof());
  ASSERT_THAT(near().Write("other way"), IsOk());
  EXPECT_THAT(ReadBytes(far(), 9), IsOkAndHolds("other way"));
}

CONFORMANCE_CASE(ConnConformance, CloseReadUnblocksARead) {
  auto* const closer = Extension<ReadCloser>(near());
  CoversIf(closer != nullptr, {"S-HC-04"});
  if (closer == nullptr) {
    EXPECT_TRUE(!abilities().close_read || GetParam().variant.decorated);
    return;
  }
  absl::Status status;
  auto reader = Go([&] { status = ReadSome(near()).status(); });
  ASSERT_TRUE(WaitUntilBlocked(near(), 1, Direction::kRead));
  ASSERT_THAT(closer->CloseRead(), IsOk());
  reader->Join();
  EXPECT_THAT(status, IsEof());
  ASSERT_THAT(near().Close(), IsOk());
  EXPECT_TRUE(IsClosedOf("close", near(), closer->CloseRead()));
}

CONFORMANCE_CASE(ConnConformance, ClosingWithUnreadDataResets) {
  CoversIf(abilities().reset_on_unread,
           {"S-CL-09", "S-RW-09", "S-RW-10", "S-RW-08", "C-EO-05"});
  ASSERT_THAT(far().Write("unread"), IsOk());
  ASSERT_THAT(near().WaitReadable(), IsOk());
  ASSERT_THAT(near().Write("queued"), IsOk());
  if (abilities().end_of_stream) {
    ASSERT_THAT(far().WaitReadable(), IsOk());
  }
  ASSERT_THAT(near().Close(), IsOk());
  if (!abilities().end_of_stream) {
    EXPECT_THAT(ReadBytes(far(), 6), IsOkAndHolds("queued"));
    EXPECT_TRUE(ReadWaits(far()));
    return;
  }
  if (abilities().data_before_reset) {
    EXPECT_THAT(ReadBytes(far(), 6), IsOkAndHolds("queued"));
  }
  if (abilities().reset_on_unread) {
    const absl::Status status = ReadSome(far()).status();
    EXPECT_TRUE(HasError(status, Code::kUnavailable, "read", far(),
                         "read: connection reset by peer"));
    EXPECT_THAT(status, IsReset());
  }
  if (!abilities().data_before_reset) {
    EXPECT_THAT(ReadBytes(far(), 6), IsOkAndHolds("queued"));
  }
  EXPECT_THAT(ReadSome(far()), IsEof());
}

CONFORMANCE_CASE(ConnConformance, AResetUnblocksAReadAndAWrite) {
  const bool both = abilities().reset_on_unread && abilities().backpressure;
  CoversIf(both, {"C-EO-06"});
  if (!both) {
    // Unread data does it where it resets, the end of the stream where there
    // is one, and otherwise nothing.
    absl::Status read;
    auto reader = Go([&] { read = ReadSome(near()).status(); });
    ASSERT_TRUE(WaitUntilBlocked(near(), 1, Direction::kRead));
    ASSERT_THAT(near().Write("unread"), IsOk());
    if (abilities().end_of_stream) {
      ASSERT_THAT(far().WaitReadable(), IsOk());
    }
    ASSERT_THAT(far().Close(), IsOk());
    if (!abilities().end_of_stream) {
      EXPECT_TRUE(WaitUntilBlocked(near(), 1, Direction::kRead));
      ASSERT_THAT(near().SetReadDeadline(LongAgo()), IsOk());
      reader->Join();
      EXPECT_TRUE(IsTimeoutOf("read", near(), read));
      return;
    }
    reader->Join();
    if (abilities().reset_on_unread) {
      EXPECT_TRUE(HasError(read, Code::kUnavailable, "read", near(),
                           "read: connection reset by peer"));
    } else {
      EXPECT_THAT(read, IsEof());
    }
    return;
  }
  std::unique_ptr<Writer> writer;
  ASSERT_TRUE(StartBlockedWriter(near(), &writer));
  absl::Status read;
  auto reader = Go([&] { read = ReadSome(near()).status(); });
  ASSERT_TRUE(WaitUntilBlocked(near(), 1, Direction::kRead));
  ASSERT_THAT(far().Close(), IsOk());
  reader->Join();
  writer->task->Join();
  // One of the two is told of the reset, the other of what comes after it.
  EXPECT_TRUE(IsReset(read) || IsReset(writer->status))
      << read << ", " << writer->status;
  EXPECT_THAT(read, AnyOf(IsReset(), IsEof()));
  EXPECT_THAT(writer->status, AnyOf(IsReset(), IsBrokenPipe()));
}

CONFORMANCE_CASE(ConnConformance, WritesToAPeerThatIsGoneFail) {
  CoversIf(abilities().write_to_gone != WriteToGone::kLost,
           {"S-RW-11", "S-SG-01", "N-G09", "C-EO-07"});
  ASSERT_THAT(far().Close(), IsOk());
  absl::Status status;
  if (abilities().write_to_gone == WriteToGone::kLost) {
    for (int i = 0; i < 10; ++i) EXPECT_THAT(near().Write("lost"), IsOk());
    return;
  }
  // The first may succeed, since the peer's answer takes its time.
  ASSERT_TRUE(
      WaitUntil([&] { return !(status = near().Write("to nobody")).ok(); },
                "a Write that fails"));
  EXPECT_EQ(status.code(), Code::kUnavailable) << status;
  if (abilities().write_to_gone == WriteToGone::kRefused) {
    EXPECT_THAT(status, IsRefused());
  } else {
    EXPECT_THAT(status, AnyOf(IsBrokenPipe(), IsReset()));
  }
}

CONFORMANCE_CASE(ConnConformance, ABlockedWriteEndsWhenThePeerGoes) {
  CoversIf(abilities().backpressure, {"C-EO-07"});
  if (!abilities().backpressure) {
    // No Write is ever blocked: it is refused, or lost.
    ASSERT_THAT(far().Close(), IsOk());
    const bool refused = abilities().write_to_gone == WriteToGone::kRefused;
    for (int i = 0; i < 100; ++i) {
      const absl::Status status = near().Write(TestBytes(1000));
      EXPECT_TRUE(status.ok() || (refused && IsRefused(status))) << status;
    }
    return;
  }
  std::unique_ptr<Writer> writer;
  ASSERT_TRUE(StartBlockedWriter(near(), &writer));
  ASSERT_THAT(far().Close(), IsOk());
  writer->task->Join();
  EXPECT_EQ(writer->status.code(), Code::kUnavailable) << writer->status;
}

CONFORMANCE_CASE(ConnConformance, DataAndTheEndAreReadInSmallPieces) {
  CoversIf(abilities().end_of_stream, {"N-G09", "C-EO-01"});
  if (!abilities().end_of_stream) {
    ASSERT_THAT(near().Write("a"), IsOk());
    ASSERT_THAT(near().Close(), IsOk());
    EXPECT_THAT(ReadSome(far()), IsOkAndHolds("a"));
    EXPECT_TRUE(ReadWaits(far()));
    return;
  }
  const std::string data = TestBytes(2000);
  for (size_t i = 0; i < data.size(); i += 10) {
    // Each is a message where there are such; the reads are longer.
    if (abilities().backpressure && abilities().messages && i >= 50) break;
    ASSERT_THAT(near().Write(data.substr(i, 10)), IsOk());
  }
  ASSERT_THAT(near().Close(), IsOk());
  std::string got;
  absl::Status status;
  for (;;) {
    absl::StatusOr<std::string> some = ReadSome(far(), 10);
    if (!(status = some.status()).ok()) break;
    got += *some;
  }
  EXPECT_THAT(status, IsEof());
  EXPECT_EQ(got, data.substr(0, got.size()));
  EXPECT_EQ(got.size(), abilities().messages ? 50u : data.size());
}

}  // namespace plumb
