// What a Peek shows, and that it takes nothing away.

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "testing/conformance/case.h"
#include "testing/conformance/conn_fixture.h"
#include "testing/matchers.h"
#include "testing/wait_until_blocked.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/scope.h"

namespace plumb {
namespace {

class Peeked {
 public:
  // Of at most `size` bytes.
  Peeked(Peeker& peeker, size_t size) : buffer_(size, '\0') {
    absl::StatusOr<size_t> n = peeker.Peek(absl::MakeSpan(buffer_));
    status_ = n.status();
    buffer_.resize(n.value_or(0));
  }
  const absl::Status& status() const { return status_; }
  const std::string& bytes() const { return buffer_; }

 private:
  absl::Status status_;
  std::string buffer_;
};

}  // namespace

CONFORMANCE_CASE(ConnConformance, PeekShowsWhatComesNext) {
  auto* const peeker = Extension<Peeker>(near());
  if (!abilities().peek || GetParam().variant.decorated) {
    EXPECT_EQ(peeker, nullptr);
    return CoversLack({"D-PE-01"});
  }
  Covers({"D-PE-01"});
  auto writer = Go([&] {
    ASSERT_TRUE(WaitUntilBlocked(near(), 1));
    EXPECT_THAT(far().Write("hello"), IsOk());
  });
  for (int i = 0; i < 2; ++i) {
    const Peeked peeked(*peeker, 64);
    ASSERT_THAT(peeked.status(), IsOk());
    EXPECT_EQ(peeked.bytes(), "hello");
  }
  writer->Join();
  const Peeked cut(*peeker, 2);
  if (abilities().messages) {
    EXPECT_TRUE(HasError(cut.status(), absl::StatusCode::kInvalidArgument,
                         "read", near(), "read: message too long"));
    EXPECT_EQ(BytesDone(cut.status()), 5u);
  } else {
    EXPECT_EQ(cut.bytes(), "he");
  }
  EXPECT_THAT(ReadSome(near()), IsOkAndHolds("hello"));
  if (!abilities().end_of_stream) return;
  ASSERT_THAT(far().Close(), IsOk());
  EXPECT_THAT(Peeked(*peeker, 64).status(), IsEof());
  EXPECT_THAT(ReadSome(near()), IsEof());
}

// Who looks for more than there is may find out that the stream has ended; that
// is for whoever has read the rest.
CONFORMANCE_CASE(ConnConformance, APeekForMoreThanIsThereChangesNothing) {
  auto* const peeker = Extension<Peeker>(near());
  if (!abilities().peek || GetParam().variant.decorated) {
    EXPECT_EQ(peeker, nullptr);
    return CoversLack({"D-PE-01"});
  }
  Covers({"D-PE-01"});
  const bool ends = abilities().half_close == HalfClose::kFull;
  const std::string all = abilities().messages ? "ab" : "abcd";
  std::string shown;
  const auto look = [&] { return shown = Peeked(*peeker, 64).bytes(); };
  ASSERT_THAT(far().Write("ab"), IsOk());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(look(), "ab");
  ASSERT_THAT(far().Write("cd"), IsOk());
  ASSERT_TRUE(WaitUntil([&] { return look() == all || shown != "ab"; },
                        "what came since"));
  EXPECT_EQ(shown, all);
  if (ends) {
    ASSERT_THAT(far().CloseWrite(), IsOk());
  }
  for (int round = 0; round < 3; ++round) {
    LetOthersLookAround(round);
    EXPECT_EQ(look(), all);
    ASSERT_THAT(near().Write("other way"), IsOk());
    EXPECT_THAT(ReadBytes(far(), 9), IsOkAndHolds("other way"));
  }
  // One that is full.
  EXPECT_EQ(Peeked(*peeker, all.size()).bytes(), all);
  EXPECT_THAT(ReadSome(near(), all.size()), IsOkAndHolds(all));
  if (abilities().messages) {
    EXPECT_THAT(ReadSome(near()), IsOkAndHolds("cd"));
  }
  if (ends) {
    EXPECT_THAT(Peeked(*peeker, 64).status(), IsEof());
    EXPECT_THAT(ReadSome(near()), IsEof());
    return;
  }
  EXPECT_TRUE(ReadWaits(near()));
  ReadFullAfterAWait(near(), far(), "more");
}

CONFORMANCE_CASE(ConnConformance, PeekEndsAsAReadDoes) {
  auto* const peeker = Extension<Peeker>(near());
  if (!abilities().peek || GetParam().variant.decorated) {
    EXPECT_EQ(peeker, nullptr);
    return CoversLack({"D-PE-01"});
  }
  Covers({"D-PE-01"});
  char byte[1];
  const auto peek = [&] { return peeker->Peek(absl::MakeSpan(byte)).status(); };
  {
    const DeadlineScope scope(absl::Milliseconds(1));
    EXPECT_TRUE(IsTimeoutOf("read", near(), peek()));
    CancelScope cancelled;
    cancelled.Cancel();
    EXPECT_TRUE(IsCancelOf("read", near(), peek()));
  }
  CancelSource source;
  auto scoped = Go([&] {
    const CancelScope scope(source);
    EXPECT_TRUE(IsCancelOf("read", near(), peek()));
  });
  ASSERT_TRUE(WaitUntilBlocked(near(), 1));
  source.Cancel();
  scoped->Join();
  ASSERT_THAT(near().SetReadDeadline(LongAgo()), IsOk());
  EXPECT_TRUE(IsTimeoutOf("read", near(), peek()));
  ASSERT_THAT(near().SetReadDeadline(absl::InfiniteFuture()), IsOk());
  auto blocked = Go([&] { EXPECT_TRUE(IsClosedOf("read", near(), peek())); });
  ASSERT_TRUE(WaitUntilBlocked(near(), 1));
  ASSERT_THAT(near().Close(), IsOk());
  blocked->Join();
  EXPECT_TRUE(IsClosedOf("read", near(), peek()));
}

}  // namespace plumb
