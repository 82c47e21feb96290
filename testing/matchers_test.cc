#include "testing/matchers.h"

#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "transport/error.h"
#include "transport/pipe.h"

namespace plumb {
namespace {

using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StringMatchResultListener;

ErrorInfo Info() {
  ErrorInfo info;
  info.op = "read";
  info.network = "tcp";
  return info;
}

TEST(MatchersTest, EachPredicate) {
  EXPECT_THAT(absl::OkStatus(), IsOk());
  EXPECT_THAT(EofError(), IsEof());
  EXPECT_THAT(ClosedError(Info()), IsClosed());
  EXPECT_THAT(TimeoutError(Info()), IsTimeout());
  EXPECT_THAT(CancelledError(Info()), IsCancelledCall());
  EXPECT_THAT(ErrnoError(Info(), "connect", ECONNREFUSED), IsRefused());
  EXPECT_THAT(ErrnoError(Info(), "read", ECONNRESET), IsReset());
  EXPECT_THAT(ErrnoError(Info(), "write", EPIPE), IsBrokenPipe());
  EXPECT_THAT(ErrnoError(Info(), "bind", EADDRINUSE), IsAddressInUse());
  EXPECT_THAT(UnsupportedError(Info(), "that"), IsUnsupported());
  EXPECT_THAT(absl::OutOfRangeError("EOF"), Not(IsEof()));
  EXPECT_THAT(absl::OkStatus(), Not(IsNoSuchHost()));
}

TEST(MatchersTest, TakeAStatusOr) {
  const absl::StatusOr<int> value = 4;
  EXPECT_THAT(value, IsOk());
  EXPECT_THAT(value, IsOkAndHolds(4));
  EXPECT_THAT(value, IsOkAndHolds(Gt(3)));
  EXPECT_THAT(value, Not(IsOkAndHolds(5)));
  EXPECT_THAT(absl::StatusOr<int>(EofError()), IsEof());
}

TEST(MatchersTest, ErrorIsTakesATextOrAMatcher) {
  const absl::Status status = TimeoutError(Info());
  EXPECT_THAT(status, ErrorIs(absl::StatusCode::kDeadlineExceeded,
                              "read tcp: i/o timeout"));
  EXPECT_THAT(status, ErrorIs(absl::StatusCode::kDeadlineExceeded,
                              HasSubstr("timeout")));
  EXPECT_THAT(status,
              Not(ErrorIs(absl::StatusCode::kDeadlineExceeded, "timeout")));
  EXPECT_THAT(status, Not(ErrorIs(absl::StatusCode::kCancelled,
                                  "read tcp: i/o timeout")));
}

TEST(MatchersTest, ExplainWithTheWholeStatus) {
  StringMatchResultListener listener;
  EXPECT_FALSE(IsEof().MatchAndExplain(TimeoutError(Info()), &listener));
  EXPECT_THAT(listener.str(), HasSubstr("read tcp: i/o timeout"));
}

TEST(MatchersTest, ConnReads) {
  auto [near, far] = Pipe();
  ASSERT_THAT(near->Write("ping pong"), IsOk());
  EXPECT_THAT(far, plumb::ConnReads("ping "));
  EXPECT_THAT(far.get(), Not(plumb::ConnReads("ping")));
  ASSERT_THAT(near->Close(), IsOk());
  StringMatchResultListener listener;
  EXPECT_FALSE(plumb::ConnReads("x").MatchAndExplain(far, &listener));
  EXPECT_THAT(listener.str(), HasSubstr("EOF"));
}

absl::StatusOr<std::unique_ptr<int>> MakeInt() {
  return std::make_unique<int>(7);
}

TEST(MatchersTest, AssertOkAndAssignMoves) {
  PLUMB_ASSERT_OK_AND_ASSIGN(std::unique_ptr<int> value, MakeInt());
  EXPECT_EQ(*value, 7);
}

}  // namespace
}  // namespace plumb
