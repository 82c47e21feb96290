#include "transport/io.h"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "transport/error.h"
#include "transport/scripted_conn_for_test.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;
using Writes = std::vector<std::string>;

// F-154.
TEST(ReadFullTest, FillsTheBufferFromManyReads) {
  ScriptedConn conn({"ab", "c", "defg"});
  std::string buffer(5, '-');
  EXPECT_EQ(ReadFull(conn, absl::MakeSpan(&buffer[0], 5)), absl::OkStatus());
  EXPECT_EQ(buffer, "abcde");
  EXPECT_EQ(conn.unread(), 2u);
}

TEST(ReadFullTest, NothingNeedsNoRead) {
  ScriptedConn conn({"ab"});
  EXPECT_EQ(ReadFull(conn, absl::Span<char>()), absl::OkStatus());
  EXPECT_EQ(conn.reads(), 0);
}

TEST(ReadFullTest, AnEndBeforeTheFirstByteIsEof) {
  ScriptedConn conn;
  char buffer[4];
  const absl::Status status = ReadFull(conn, absl::MakeSpan(buffer));
  ExpectError(status, Code::kOutOfRange, "EOF", 0);
  EXPECT_TRUE(IsEof(status));
}

TEST(ReadFullTest, AnEndInTheMiddleIsDataLoss) {
  ScriptedConn conn({"ab", "c"});
  std::string buffer(4, '-');
  const absl::Status status = ReadFull(conn, absl::MakeSpan(&buffer[0], 4));
  ExpectError(status, Code::kDataLoss, "unexpected EOF", 3);
  EXPECT_FALSE(IsEof(status));
  EXPECT_EQ(GetErrorInfo(status)->kind, ErrorKind::kUnexpectedEof);
  EXPECT_EQ(GetErrorInfo(status)->op, "read");
  EXPECT_EQ(buffer, "abc-");
}

TEST(ReadFullTest, AnErrorSaysHowMuchCame) {
  ScriptedConn conn({"ab"});
  conn.EndReadsWith(TimeoutError(conn.Info("read")));
  char buffer[4];
  const absl::Status status = ReadFull(conn, absl::MakeSpan(buffer));
  ExpectError(status, Code::kDeadlineExceeded,
              "read tcp 10.0.0.1:9->10.0.0.2:80: i/o timeout", 2);
  EXPECT_TRUE(IsTimeout(status));
}

TEST(ReadFullTest, SomebodyElsesErrorSaysSoToo) {
  ScriptedConn conn({"ab"});
  conn.EndReadsWith(absl::OutOfRangeError("EOF"));
  char buffer[4];
  const absl::Status status = ReadFull(conn, absl::MakeSpan(buffer));
  ExpectError(status, Code::kOutOfRange, "EOF", 2);
  EXPECT_FALSE(IsEof(status));
}

TEST(ReadAtLeastTest, StopsAtTheMinimum) {
  ScriptedConn conn({"ab", "cd", "ef"});
  char buffer[8];
  EXPECT_EQ(*ReadAtLeast(conn, absl::MakeSpan(buffer), 3), 4u);
  EXPECT_EQ(absl::string_view(buffer, 4), "abcd");
  EXPECT_EQ(conn.unread(), 2u);
}

TEST(ReadAtLeastTest, AMinimumOfNothingNeedsNoRead) {
  ScriptedConn conn({"ab"});
  char buffer[8];
  EXPECT_EQ(*ReadAtLeast(conn, absl::MakeSpan(buffer), 0), 0u);
  EXPECT_EQ(conn.reads(), 0);
}

TEST(ReadAtLeastTest, TheEndAfterTheMinimumIsNoError) {
  ScriptedConn conn({"abc"});
  char buffer[8];
  EXPECT_EQ(*ReadAtLeast(conn, absl::MakeSpan(buffer), 3), 3u);
}

TEST(ReadAtLeastTest, ABufferThatCannotHoldTheMinimumIsRefused) {
  ScriptedConn conn({"abc"});
  char buffer[2];
  ExpectError(ReadAtLeast(conn, absl::MakeSpan(buffer), 3).status(),
              Code::kInvalidArgument, "read: short buffer", 0);
  EXPECT_EQ(conn.reads(), 0);
}

TEST(ReadAllTest, ReadsToTheEnd) {
  ScriptedConn conn({"ab", "c"});
  EXPECT_EQ(*ReadAll(conn), "abc");
  EXPECT_EQ(*ReadAll(conn), "");
}

TEST(ReadAllTest, ReadsMoreThanItsFirstBuffer) {
  std::string big;
  for (int i = 0; i < 100000; ++i) big.push_back(static_cast<char>(i * 7));
  ScriptedConn conn({big});
  EXPECT_EQ(*ReadAll(conn), big);
}

TEST(ReadAllTest, AcceptsExactlyTheLimit) {
  ScriptedConn conn({"abc"});
  EXPECT_EQ(*ReadAll(conn, 3), "abc");
  ScriptedConn empty;
  EXPECT_EQ(*ReadAll(empty, 0), "");
  ScriptedConn unlimited({"abc"});
  EXPECT_EQ(*ReadAll(unlimited, std::numeric_limits<size_t>::max()), "abc");
}

TEST(ReadAllTest, MoreThanTheLimitNamesIt) {
  ScriptedConn conn({"abcd"});
  ExpectError(ReadAll(conn, 3).status(), Code::kResourceExhausted,
              "read tcp 10.0.0.1:9->10.0.0.2:80: "
              "stream is longer than the limit of 3 bytes",
              0);
}

TEST(ReadAllTest, AnErrorSaysHowMuchCame) {
  ScriptedConn conn({"abcd"});
  conn.EndReadsWith(ClosedError(conn.Info("read")));
  ExpectError(ReadAll(conn).status(), Code::kCancelled,
              "read tcp 10.0.0.1:9->10.0.0.2:80: "
              "use of closed network connection",
              4);
}

// F-155, S-CP-04.
TEST(CopyTest, TheEndOfTheSourceIsSuccess) {
  ScriptedConn source({"ab", "cde"}), destination;
  EXPECT_EQ(*Copy(destination, source), 5u);
  EXPECT_EQ(destination.writes(), Writes({"ab", "cde"}));
}

TEST(CopyTest, OfNothing) {
  ScriptedConn source, destination;
  EXPECT_EQ(*Copy(destination, source), 0u);
  EXPECT_EQ(destination.writes(), Writes());
}

TEST(CopyTest, UsesABufferOf32KiB) {
  ScriptedConn source({std::string(40000, 'x')}), destination;
  EXPECT_EQ(*Copy(destination, source), 40000u);
  EXPECT_EQ(source.largest_read(), 32768u);
  EXPECT_EQ(destination.writes(),
            Writes({std::string(32768, 'x'), std::string(7232, 'x')}));
}

// S-CP-09.
TEST(CopyTest, AReadErrorSaysHowMuchWasWritten) {
  ScriptedConn source({"ab", "cde"}), destination;
  source.EndReadsWith(TimeoutError(source.Info("read")));
  const absl::Status status = Copy(destination, source).status();
  ExpectError(status, Code::kDeadlineExceeded,
              "read tcp 10.0.0.1:9->10.0.0.2:80: i/o timeout", 5);
}

// S-CP-09, S-CP-10: "e" is lost.
TEST(CopyTest, AWriteErrorSaysHowMuchWasWritten) {
  ScriptedConn source({"ab", "cde", "f"}), destination;
  destination.FailWritesAfter(4);
  const absl::Status status = Copy(destination, source).status();
  ExpectError(status, Code::kDeadlineExceeded,
              "write tcp 10.0.0.1:9->10.0.0.2:80: i/o timeout", 4);
  EXPECT_EQ(source.unread(), 1u);
}

// S-CP-03.
TEST(CopyNTest, TakesNoMoreThanAsked) {
  ScriptedConn source({"ab", "cde"}), destination;
  EXPECT_EQ(*CopyN(destination, source, 3), 3u);
  EXPECT_EQ(destination.writes(), Writes({"ab", "c"}));
  EXPECT_EQ(source.unread(), 2u);
  EXPECT_EQ(source.largest_read(), 3u);
}

TEST(CopyNTest, NothingTouchesNeitherSide) {
  ScriptedConn source({"ab"}), destination;
  EXPECT_EQ(*CopyN(destination, source, 0), 0u);
  EXPECT_EQ(source.reads(), 0);
  EXPECT_EQ(destination.writes(), Writes());
}

TEST(CopyNTest, AnEarlyEndIsEof) {
  ScriptedConn source({"ab"}), destination;
  const absl::Status status = CopyN(destination, source, 3).status();
  ExpectError(status, Code::kOutOfRange, "EOF", 2);
  EXPECT_TRUE(IsEof(status));
  EXPECT_EQ(destination.writes(), Writes({"ab"}));
}

TEST(WriteCordTest, IsOneWriteOfAllChunks) {
  absl::Cord cord = absl::MakeCordFromExternal("first", [] {});
  cord.Append(absl::MakeCordFromExternal("second", [] {}));
  ScriptedConn conn;
  EXPECT_EQ(WriteCord(conn, cord), absl::OkStatus());
  EXPECT_EQ(conn.writes(), Writes({"first|second"}));
}

TEST(WriteCordTest, OfNothing) {
  ScriptedConn conn;
  EXPECT_EQ(WriteCord(conn, absl::Cord()), absl::OkStatus());
  EXPECT_EQ(conn.writes(), Writes({""}));
}

TEST(WriteCordTest, AnErrorSaysHowMuchWent) {
  ScriptedConn conn;
  conn.FailWritesAfter(3);
  ExpectError(WriteCord(conn, absl::Cord("first")), Code::kDeadlineExceeded,
              "write tcp 10.0.0.1:9->10.0.0.2:80: i/o timeout", 3);
}

}  // namespace
}  // namespace plumb
