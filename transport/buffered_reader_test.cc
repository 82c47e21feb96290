#include "transport/buffered_reader.h"

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "transport/error.h"
#include "transport/io.h"
#include "transport/scripted_conn_for_test.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

std::string ReadSome(BufferedReader& reader, size_t room) {
  std::string buffer(room, '-');
  const absl::StatusOr<size_t> n =
      reader.Read(absl::MakeSpan(&buffer[0], room));
  if (!n.ok()) return std::string(n.status().message());
  return buffer.substr(0, *n);
}

TEST(BufferedReaderTest, ReadsLinesHoweverTheyArrive) {
  ScriptedConn conn({"one\ntwo\r\nth", "r", "ee\r", "\n\n\r\nfour\rfive\n"});
  BufferedReader reader(conn);
  EXPECT_EQ(*reader.ReadLine(), "one");
  EXPECT_EQ(*reader.ReadLine(), "two");
  EXPECT_EQ(*reader.ReadLine(), "three");
  EXPECT_EQ(*reader.ReadLine(), "");
  EXPECT_EQ(*reader.ReadLine(), "");
  EXPECT_EQ(*reader.ReadLine(), "four\rfive");
  const absl::Status status = reader.ReadLine().status();
  ExpectError(status, Code::kOutOfRange, "EOF", 0);
  EXPECT_TRUE(IsEof(status));
}

TEST(BufferedReaderTest, StripsOneCarriageReturnOnly) {
  ScriptedConn conn({"a\r\r\n"});
  BufferedReader reader(conn);
  EXPECT_EQ(*reader.ReadLine(), "a\r");
}

TEST(BufferedReaderTest, ReadsFewTimes) {
  ScriptedConn conn({"a\nb\nc\n"});
  BufferedReader reader(conn);
  EXPECT_EQ(*reader.ReadLine(), "a");
  EXPECT_EQ(*reader.ReadLine(), "b");
  EXPECT_EQ(*reader.ReadLine(), "c");
  EXPECT_EQ(conn.reads(), 1);
}

TEST(BufferedReaderTest, AnEndInsideALineLosesNothing) {
  ScriptedConn conn({"one\ntw", "o"});
  BufferedReader reader(conn);
  EXPECT_EQ(*reader.ReadLine(), "one");
  for (int i = 0; i < 2; ++i) {
    const absl::Status status = reader.ReadLine().status();
    ExpectError(status, Code::kDataLoss, "unexpected EOF", 3);
    EXPECT_EQ(GetErrorInfo(status)->kind, ErrorKind::kUnexpectedEof);
  }
  EXPECT_EQ(ReadSome(reader, 10), "two");
  EXPECT_TRUE(IsEof(reader.ReadLine().status()));
}

TEST(BufferedReaderTest, ALineGoesOnAfterATimeout) {
  ScriptedConn conn({"on"});
  conn.EndReadsWith(TimeoutError(conn.Info("read")));
  BufferedReader reader(conn);
  const absl::Status status = reader.ReadLine().status();
  EXPECT_TRUE(IsTimeout(status));
  EXPECT_EQ(reader.buffered(), 2u);
  conn.AddRead("e\n");
  EXPECT_EQ(*reader.ReadLine(), "one");
}

TEST(BufferedReaderTest, ALineOfExactlyTheLimit) {
  ScriptedConn conn({"1234567\n1234567\r\n"});
  BufferedReader reader(conn, 8);
  EXPECT_EQ(*reader.ReadLine(), "1234567");
  ExpectError(reader.ReadLine().status(), Code::kResourceExhausted,
              "read tcp 10.0.0.1:9->10.0.0.2:80: "
              "line is longer than the limit of 8 bytes",
              0);
}

TEST(BufferedReaderTest, ALineThatIsTooLongCanBeReadOtherwise) {
  ScriptedConn conn({"123456789\nnext\n"});
  BufferedReader reader(conn, 8);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(reader.ReadLine().status().code(), Code::kResourceExhausted);
    EXPECT_EQ(reader.buffered(), 8u);
  }
  ExpectError(reader.ReadUntil(';').status(), Code::kResourceExhausted,
              "read tcp 10.0.0.1:9->10.0.0.2:80: "
              "delimited text is longer than the limit of 8 bytes",
              0);
  EXPECT_EQ(ReadSome(reader, 5), "12345");
  EXPECT_EQ(*reader.ReadLine(), "6789");
  EXPECT_EQ(*reader.ReadLine(), "next");
}

TEST(BufferedReaderTest, TheDefaultLimitIs64KiB) {
  const std::string longest(65535, 'x');
  ScriptedConn conn({longest + "\n" + longest + "x\n"});
  BufferedReader reader(conn);
  EXPECT_EQ(*reader.ReadLine(), longest);
  ExpectError(reader.ReadLine().status(), Code::kResourceExhausted,
              "read tcp 10.0.0.1:9->10.0.0.2:80: "
              "line is longer than the limit of 65536 bytes",
              0);
}

TEST(BufferedReaderTest, ReadUntilKeepsTheDelimiter) {
  ScriptedConn conn({"a;", "b", std::string("c;\0d", 4), "e;"});
  BufferedReader reader(conn);
  EXPECT_EQ(*reader.ReadUntil(';'), "a;");
  EXPECT_EQ(*reader.ReadUntil(';'), "bc;");
  EXPECT_EQ(*reader.ReadUntil('\0'), std::string(1, '\0'));
  EXPECT_EQ(*reader.ReadUntil(';'), "de;");
  EXPECT_TRUE(IsEof(reader.ReadUntil(';').status()));
}

TEST(BufferedReaderTest, ReadTakesWhatIsBufferedFirst) {
  ScriptedConn conn({"line\nrest", "more"});
  BufferedReader reader(conn);
  EXPECT_EQ(*reader.ReadLine(), "line");
  EXPECT_EQ(ReadSome(reader, 3), "res");
  EXPECT_EQ(ReadSome(reader, 0), "");
  EXPECT_EQ(ReadSome(reader, 100), "t");
  EXPECT_EQ(conn.reads(), 1);
  EXPECT_EQ(ReadSome(reader, 1), "m");
  EXPECT_EQ(reader.buffered(), 3u);
  EXPECT_EQ(ReadSome(reader, 100), "ore");
  EXPECT_EQ(ReadSome(reader, 0), "");
  EXPECT_EQ(ReadSome(reader, 100), "EOF");
}

TEST(BufferedReaderTest, ABigReadGoesPastTheBuffer) {
  ScriptedConn conn({std::string(50000, 'x')});
  BufferedReader reader(conn);
  EXPECT_EQ(ReadSome(reader, 50000), std::string(50000, 'x'));
  EXPECT_EQ(conn.largest_read(), 50000u);
  EXPECT_EQ(reader.buffered(), 0u);
}

TEST(BufferedReaderTest, WorksWithReadFull) {
  ScriptedConn conn({"5\nhe", "llo"});
  BufferedReader reader(conn);
  EXPECT_EQ(*reader.ReadLine(), "5");
  char body[5];
  EXPECT_EQ(ReadFull(reader, absl::MakeSpan(body)), absl::OkStatus());
  EXPECT_EQ(absl::string_view(body, 5), "hello");
}

TEST(BufferedReaderTest, PeekTakesNothing) {
  ScriptedConn conn({"ab", "cd", "ef"});
  BufferedReader reader(conn);
  EXPECT_EQ(*reader.Peek(0), "");
  EXPECT_EQ(conn.reads(), 0);
  EXPECT_EQ(*reader.Peek(3), "abc");
  EXPECT_EQ(reader.buffered(), 4u);
  EXPECT_EQ(*reader.Peek(1), "a");
  EXPECT_EQ(ReadSome(reader, 2), "ab");
  EXPECT_EQ(*reader.Peek(4), "cdef");
}

TEST(BufferedReaderTest, PeekAtTheEndLosesNothing) {
  ScriptedConn conn({"ab"});
  BufferedReader reader(conn);
  ExpectError(reader.Peek(3).status(), Code::kDataLoss, "unexpected EOF", 2);
  EXPECT_EQ(*reader.Peek(2), "ab");
  EXPECT_EQ(ReadSome(reader, 2), "ab");
  EXPECT_TRUE(IsEof(reader.Peek(1).status()));
}

TEST(BufferedReaderTest, PeekOfMoreThanTheLimitIsRefused) {
  ScriptedConn conn({"123456789"});
  BufferedReader reader(conn, 8);
  EXPECT_EQ(*reader.Peek(8), "12345678");
  ExpectError(reader.Peek(9).status(), Code::kResourceExhausted,
              "read tcp 10.0.0.1:9->10.0.0.2:80: "
              "peek is longer than the limit of 8 bytes",
              0);
}

}  // namespace
}  // namespace plumb
