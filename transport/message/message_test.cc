#include "transport/message/message.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/message/message_test.pb.h"
#include "transport/pipe.h"
#include "transport/scripted_conn_for_test.h"

namespace plumb {
namespace {

using ::plumb::message_test::Nothing;
using ::plumb::message_test::Sample;
using Code = absl::StatusCode;

Sample MakeSample(absl::string_view name, size_t payload = 0) {
  Sample sample;
  sample.set_name(std::string(name));
  if (payload > 0) sample.set_payload(std::string(payload, 'x'));
  return sample;
}

MessageOptions Limit(size_t max_bytes) {
  MessageOptions options;
  options.max_bytes = max_bytes;
  return options;
}

// A stream on which `bytes` came before its end.
class Stream {
 public:
  explicit Stream(absl::string_view bytes) {
    std::tie(near_, far_) = Pipe();
    EXPECT_EQ(far_->Write(bytes), absl::OkStatus());
  }
  Conn& Ended() {
    EXPECT_EQ(far_->CloseWrite(), absl::OkStatus());
    return *near_;
  }
  Conn& Open() { return *near_; }
  Conn& peer() { return *far_; }

 private:
  std::unique_ptr<Conn> near_;
  std::unique_ptr<Conn> far_;
};

// Each of its reads is a datagram.
class DatagramConn final : public ScriptedConn, public MessageTraits {
 public:
  explicit DatagramConn(std::string datagram, size_t max_size = 65507)
      : datagram_(std::move(datagram)), max_size_(max_size) {}

  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override {
    room_ = buffer.size();
    const size_t n = datagram_.copy(buffer.data(), buffer.size());
    if (n == datagram_.size()) return n;
    ErrorInfo info = Info("read");
    info.bytes_done = datagram_.size();
    return OpError(Code::kInvalidArgument, info, "message too long");
  }
  void* Extension(absl::string_view name) override {
    return FindExtension<MessageTraits>(name, this);
  }
  size_t MaxMessageSize() const override { return max_size_; }
  bool EmptyMessages() const override { return true; }

  // What the reader had room for.
  size_t room() const { return room_; }

 private:
  const std::string datagram_;
  const size_t max_size_;
  size_t room_ = 0;
};

TEST(WriteMessageTest, WritesTheLengthAndTheBytesAtOnce) {
  ScriptedConn conn;
  ASSERT_EQ(WriteMessage(conn, MakeSample("abc")), absl::OkStatus());
  ASSERT_EQ(conn.writes().size(), 1u);
  EXPECT_EQ(conn.writes()[0], std::string("\0\0\0\5\n\3abc", 9));
}

TEST(WriteMessageTest, AnEmptyMessageIsItsLength) {
  ScriptedConn conn;
  ASSERT_EQ(WriteMessage(conn, Nothing()), absl::OkStatus());
  ASSERT_EQ(conn.writes().size(), 1u);
  EXPECT_EQ(conn.writes()[0], std::string(4, '\0'));
}

TEST(WriteMessageTest, TooLongWritesNothing) {
  ScriptedConn conn;
  const Sample sample = MakeSample("abc");
  ExpectError(WriteMessage(conn, sample, Limit(4)), Code::kResourceExhausted,
              "write tcp 10.0.0.1:9->10.0.0.2:80: message of 5 bytes is longer "
              "than the limit of 4",
              0);
  EXPECT_TRUE(conn.writes().empty());
  EXPECT_EQ(WriteMessage(conn, sample, Limit(5)), absl::OkStatus());
}

TEST(WriteMessageTest, ARequiredFieldIsMissing) {
  ScriptedConn conn;
  ExpectError(WriteMessage(conn, Sample()), Code::kInvalidArgument,
              "write tcp 10.0.0.1:9->10.0.0.2:80: plumb.message_test.Sample "
              "without name",
              0);
  EXPECT_TRUE(conn.writes().empty());
}

TEST(WriteMessageTest, TheErrorOfTheConnComesOut) {
  ScriptedConn conn;
  conn.FailWritesAfter(3);
  const absl::Status status = WriteMessage(conn, MakeSample("abc"));
  EXPECT_TRUE(IsTimeout(status)) << status;
  EXPECT_EQ(BytesDone(status), 3u);
}

TEST(ReadMessageTest, ReadsWhatWasWrittenInOrder) {
  auto [near, far] = Pipe();
  ASSERT_EQ(WriteMessage(*far, MakeSample("one", 1000)), absl::OkStatus());
  ASSERT_EQ(WriteMessage(*far, Nothing()), absl::OkStatus());
  ASSERT_EQ(WriteMessage(*far, MakeSample("two")), absl::OkStatus());
  ASSERT_EQ(far->CloseWrite(), absl::OkStatus());

  Sample sample;
  Nothing nothing;
  ASSERT_EQ(ReadMessage(*near, &sample), absl::OkStatus());
  EXPECT_EQ(sample.name(), "one");
  EXPECT_EQ(sample.payload(), std::string(1000, 'x'));
  EXPECT_EQ(ReadMessage(*near, &nothing), absl::OkStatus());
  ASSERT_EQ(ReadMessage(*near, &sample), absl::OkStatus());
  EXPECT_EQ(sample.name(), "two");
  EXPECT_FALSE(sample.has_payload());
  ExpectError(ReadMessage(*near, &sample), Code::kOutOfRange, "EOF", 0);
}

TEST(ReadMessageTest, TakesPiecesAsTheyCome) {
  ScriptedConn conn({std::string(1, '\0'), std::string("\0\0", 2),
                     std::string("\5\n", 2), "\3a", "b", "c"});
  Sample sample;
  ASSERT_EQ(ReadMessage(conn, &sample), absl::OkStatus());
  EXPECT_EQ(sample.name(), "abc");
}

TEST(ReadMessageTest, MessagesOfManyWritersDoNotMix) {
  auto [near, far] = Pipe();
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&conn = *far] {
      const Sample sample = MakeSample("writer", 100000);
      for (int j = 0; j < 5; ++j) {
        EXPECT_EQ(WriteMessage(conn, sample), absl::OkStatus());
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    Sample sample;
    ASSERT_EQ(ReadMessage(*near, &sample), absl::OkStatus());
    EXPECT_EQ(sample.payload().size(), 100000u);
  }
  for (std::thread& writer : writers) writer.join();
}

TEST(ReadMessageTest, AnEndInTheLengthIsDataLoss) {
  Stream stream(std::string("\0\0", 2));
  Sample sample;
  ExpectError(ReadMessage(stream.Ended(), &sample), Code::kDataLoss,
              "unexpected EOF", 2);
}

TEST(ReadMessageTest, AnEndAfterTheLengthIsDataLoss) {
  Stream stream(std::string("\0\0\0\5", 4));
  Sample sample;
  ExpectError(ReadMessage(stream.Ended(), &sample), Code::kDataLoss,
              "unexpected EOF", 4);
}

TEST(ReadMessageTest, AnEndInTheBytesIsDataLoss) {
  Stream stream(std::string("\0\0\0\5\n\3a", 7));
  Sample sample;
  const absl::Status status = ReadMessage(stream.Ended(), &sample);
  ExpectError(status, Code::kDataLoss, "unexpected EOF", 7);
  EXPECT_EQ(GetErrorInfo(status)->kind, ErrorKind::kUnexpectedEof);
}

TEST(ReadMessageTest, ALengthOverTheLimitIsRefusedBeforeItsBytesCome) {
  Stream stream("\xff\xff\xff\xff");
  Sample sample;
  ExpectError(
      ReadMessage(stream.Open(), &sample), Code::kResourceExhausted,
      "read pipe pipe->pipe: message of 4294967295 bytes is longer than "
      "the limit of 1048576",
      4);
}

TEST(ReadMessageTest, NoLimitIsMoreThanProtobufCanParse) {
  Stream stream(std::string("\x80\0\0\0", 4));
  Sample sample;
  ExpectError(
      ReadMessage(stream.Open(), &sample,
                  Limit(std::numeric_limits<size_t>::max())),
      Code::kResourceExhausted,
      "read pipe pipe->pipe: message of 2147483648 bytes is longer than "
      "the limit of 2147483647",
      4);
}

TEST(ReadMessageTest, TheLimitItselfIsAllowed) {
  Stream stream(std::string("\0\0\0\5\n\3abc\0\0\0\6\n\4abcd", 19));
  Sample sample;
  EXPECT_EQ(ReadMessage(stream.Open(), &sample, Limit(5)), absl::OkStatus());
  ExpectError(ReadMessage(stream.Open(), &sample, Limit(5)),
              Code::kResourceExhausted,
              "read pipe pipe->pipe: message of 6 bytes is longer than the "
              "limit of 5",
              4);
}

TEST(ReadMessageTest, AfterBadBytesTheNextMessageCanBeRead) {
  Stream stream(std::string("\0\0\0\2\n\3\0\0\0\3\n\1a", 13));
  Sample sample;
  ExpectError(ReadMessage(stream.Open(), &sample), Code::kInvalidArgument,
              "read pipe pipe->pipe: 2 bytes are no plumb.message_test.Sample",
              0);
  ASSERT_EQ(ReadMessage(stream.Open(), &sample), absl::OkStatus());
  EXPECT_EQ(sample.name(), "a");
}

TEST(ReadMessageTest, ARequiredFieldIsMissing) {
  Stream stream(std::string(4, '\0'));
  Sample sample;
  ExpectError(ReadMessage(stream.Open(), &sample), Code::kInvalidArgument,
              "read pipe pipe->pipe: plumb.message_test.Sample without name",
              0);
}

TEST(ReadMessageTest, ACallThatTimedOutBetweenMessagesMayBeMadeAgain) {
  Stream stream("");
  Sample sample;
  ASSERT_EQ(stream.Open().SetDeadline(absl::UnixEpoch()), absl::OkStatus());
  const absl::Status status = ReadMessage(stream.Open(), &sample);
  EXPECT_TRUE(IsTimeout(status)) << status;
  EXPECT_EQ(BytesDone(status), 0u);

  ASSERT_EQ(stream.Open().SetDeadline(absl::InfiniteFuture()),
            absl::OkStatus());
  ASSERT_EQ(WriteMessage(stream.peer(), MakeSample("a")), absl::OkStatus());
  EXPECT_EQ(ReadMessage(stream.Open(), &sample), absl::OkStatus());
}

TEST(ReadMessageTest, ATimeoutInsideSaysHowFarItGot) {
  ScriptedConn conn({std::string("\0\0\0\5\n", 5)});
  conn.EndReadsWith(TimeoutError(conn.Info("read")));
  Sample sample;
  const absl::Status status = ReadMessage(conn, &sample);
  EXPECT_TRUE(IsTimeout(status)) << status;
  EXPECT_EQ(BytesDone(status), 5u);
}

TEST(ReadMessageTest, ADatagramIsOneMessage) {
  DatagramConn conn(std::string("\0\0\0\5\n\3abc", 9));
  Sample sample;
  ASSERT_EQ(ReadMessage(conn, &sample), absl::OkStatus());
  EXPECT_EQ(sample.name(), "abc");
}

TEST(ReadMessageTest, AllocatesNoMoreThanADatagramOrTheLimit) {
  DatagramConn conn(std::string("\0\0\0\5\n\3abc", 9), 100);
  Sample sample;
  EXPECT_EQ(ReadMessage(conn, &sample), absl::OkStatus());
  EXPECT_EQ(conn.room(), 100u);
  EXPECT_EQ(ReadMessage(conn, &sample, Limit(10)), absl::OkStatus());
  EXPECT_EQ(conn.room(), 14u);
}

TEST(ReadMessageTest, ADatagramOverTheLimitIsRefused) {
  DatagramConn conn(std::string("\0\0\0\5\n\3abc", 9));
  Sample sample;
  ExpectError(ReadMessage(conn, &sample, Limit(4)), Code::kResourceExhausted,
              "read tcp 10.0.0.1:9->10.0.0.2:80: message of 5 bytes is longer "
              "than the limit of 4",
              0);
}

TEST(ReadMessageTest, ADatagramThatIsNotOneMessageIsRefused) {
  const std::string bad[] = {
      "", std::string("\0\0\0", 3), std::string("\0\0\0\5\n\3ab", 8),
      std::string("\0\0\0\5\n\3abcd", 10), std::string("\xff\xff\xff\xff", 4)};
  for (const std::string& datagram : bad) {
    DatagramConn conn(datagram);
    Sample sample;
    ExpectError(
        ReadMessage(conn, &sample), Code::kInvalidArgument,
        absl::StrCat("read tcp 10.0.0.1:9->10.0.0.2:80: datagram of ",
                     datagram.size(), " bytes is not one whole message"),
        0);
  }
}

}  // namespace
}  // namespace plumb
