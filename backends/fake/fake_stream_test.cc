#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "backends/fake/fake.h"
#include "backends/fake/fake_test_util.h"
#include "gtest/gtest.h"
#include "transport/extensions.h"
#include "transport/manual_clock.h"
#include "transport/scope.h"

namespace plumb {
namespace {

class FakeStreamTest : public testing::Test {
 protected:
  FakeStreamTest() : db_(network_.Host("db")), web_(network_.Host("web")) {}

  Connected Pair() {
    const auto listener = Must(db_->Listen("tcp", "10.0.0.1:80"));
    return Connect(*web_, *listener, "tcp", "db:80");
  }

  FakeNetwork network_;
  const std::shared_ptr<FakeHost> db_;
  const std::shared_ptr<FakeHost> web_;
};

TEST_F(FakeStreamTest, HalfClose) {
  const Connected both = Pair();
  ASSERT_TRUE(both.client->Write("request").ok());
  ASSERT_TRUE(both.client->CloseWrite().ok());
  ASSERT_TRUE(both.client->CloseWrite().ok());
  EXPECT_EQ(ReadSome(*both.server), "request");
  EXPECT_EQ(ReadSome(*both.server), "EOF");
  ASSERT_TRUE(both.server->Write("answer").ok());
  EXPECT_EQ(ReadSome(*both.client), "answer");
  const absl::Status write = both.client->Write("x");
  EXPECT_EQ(write.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(write.message(),
            "write tcp 10.0.0.2:32768->10.0.0.1:80: write: broken pipe");
}

TEST_F(FakeStreamTest, NotConnectedAfterBothEnds) {
  const Connected both = Pair();
  ASSERT_TRUE(both.client->CloseWrite().ok());
  ASSERT_TRUE(both.server->CloseWrite().ok());
  EXPECT_EQ(ErrorOf(both.client->CloseWrite()),
            "close tcp 10.0.0.2:32768->10.0.0.1:80: shutdown: transport "
            "endpoint is not connected");
}

// S-CL-09, S-RW-09, S-RW-10.
TEST_F(FakeStreamTest, CloseWithUnreadDataResets) {
  const Connected both = Pair();
  ASSERT_TRUE(both.client->Write("unread").ok());
  ASSERT_TRUE(both.server->Write("queued").ok());
  ASSERT_TRUE(both.server->Close().ok());
  EXPECT_EQ(ReadSome(*both.client), "queued");
  char c;
  const absl::Status reset = both.client->Read(absl::MakeSpan(&c, 1)).status();
  EXPECT_TRUE(IsReset(reset));
  EXPECT_EQ(reset.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(
      reset.message(),
      "read tcp 10.0.0.2:32768->10.0.0.1:80: read: connection reset by peer");
  EXPECT_EQ(ReadSome(*both.client), "EOF");
  EXPECT_EQ(ReadSome(*both.client), "EOF");
  EXPECT_TRUE(IsBrokenPipe(both.client->Write("x")));
}

TEST_F(FakeStreamTest, AResetIsToldOnceByWhicheverIsFirst) {
  const Connected both = Pair();
  ASSERT_TRUE(both.client->Write("unread").ok());
  ASSERT_TRUE(both.server->Close().ok());
  EXPECT_TRUE(IsReset(both.client->Write("x")));
  EXPECT_TRUE(IsBrokenPipe(both.client->Write("x")));
  EXPECT_EQ(ReadSome(*both.client), "EOF");
  EXPECT_EQ(both.client->CloseWrite().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(FakeStreamTest, CloseWithoutUnreadDataEndsTheStream) {
  const Connected both = Pair();
  ASSERT_TRUE(both.server->Write("last").ok());
  ASSERT_TRUE(both.server->Close().ok());
  EXPECT_EQ(ReadSome(*both.client), "last");
  EXPECT_EQ(ReadSome(*both.client), "EOF");
  // The first Write after that is lost, S-RW-11.
  EXPECT_TRUE(both.client->Write("lost").ok());
  EXPECT_TRUE(IsBrokenPipe(both.client->Write("x")));
  EXPECT_EQ(ReadSome(*both.client), "EOF");
}

TEST_F(FakeStreamTest, AResetAfterTheEndIsNotRead) {
  const Connected both = Pair();
  ASSERT_TRUE(both.client->Write("unread").ok());
  ASSERT_TRUE(both.server->CloseWrite().ok());
  ASSERT_TRUE(both.server->Close().ok());
  EXPECT_EQ(ReadSome(*both.client), "EOF");
  EXPECT_TRUE(IsBrokenPipe(both.client->Write("x")));
}

TEST_F(FakeStreamTest, LingerOfZeroResets) {
  const Connected both = Pair();
  auto* tcp = Extension<TcpControl>(*both.server);
  ASSERT_NE(tcp, nullptr);
  EXPECT_TRUE(tcp->SetNoDelay(false).ok());
  EXPECT_TRUE(tcp->SetKeepAlive(KeepAlive()).ok());
  ASSERT_TRUE(tcp->SetLinger(absl::ZeroDuration()).ok());
  ASSERT_TRUE(both.server->Close().ok());
  char c;
  EXPECT_TRUE(IsReset(both.client->Read(absl::MakeSpan(&c, 1)).status()));
  EXPECT_EQ(ErrorOf(tcp->SetNoDelay(true)),
            "set tcp 10.0.0.1:80->10.0.0.2:32768: use of closed network "
            "connection");
}

TEST_F(FakeStreamTest, AResetEndsBlockedCalls) {
  const Connected both = Pair();
  std::thread writer([&] {
    const absl::Status status = both.client->Write(std::string(1 << 20, 'x'));
    EXPECT_TRUE(IsReset(status)) << status;
    EXPECT_EQ(BytesDone(status), 128u * 1024);
  });
  AwaitBlocked(*both.client, Direction::kWrite);
  ASSERT_TRUE(both.server->Close().ok());
  writer.join();
}

TEST_F(FakeStreamTest, CloseReadLetsLaterDataThrough) {
  const Connected both = Pair();
  ASSERT_TRUE(Extension<ReadCloser>(*both.server)->CloseRead().ok());
  EXPECT_EQ(ReadSome(*both.server), "EOF");
  ASSERT_TRUE(both.client->Write("late").ok());
  EXPECT_EQ(ReadSome(*both.server), "late");
  EXPECT_EQ(ReadSome(*both.server), "EOF");
}

TEST_F(FakeStreamTest, BuffersAreTheSumOfBothSides) {
  ListenOptions listen_options;
  listen_options.receive_buffer = 100;
  const auto listener = Must(db_->Listen("tcp", ":80", listen_options));
  DialOptions dial_options;
  dial_options.send_buffer = 50;
  const auto client = Must(web_->Dial("tcp", "db:80", dial_options));
  const auto server = Must(listener->Accept());
  ASSERT_TRUE(
      client->SetWriteDeadline(absl::Now() + absl::Milliseconds(5)).ok());
  EXPECT_EQ(BytesDone(client->Write(std::string(1000, 'x'))), 150u);
  ASSERT_TRUE(client->SetWriteDeadline(absl::InfiniteFuture()).ok());
  ASSERT_TRUE(Extension<BufferControl>(*server)->SetReadBuffer(110).ok());
  EXPECT_TRUE(client->Write(std::string(10, 'x')).ok());
  ASSERT_TRUE(Extension<BufferControl>(*client)->SetWriteBuffer(60).ok());
  EXPECT_TRUE(client->Write(std::string(10, 'x')).ok());
  ASSERT_TRUE(
      client->SetWriteDeadline(absl::Now() + absl::Milliseconds(5)).ok());
  EXPECT_EQ(BytesDone(client->Write("y")), 0u);
}

TEST_F(FakeStreamTest, DialWaitsForRoomInTheBacklog) {
  ManualClock clock;
  FakeNetworkOptions options;
  options.clock = &clock;
  FakeNetwork network(options);
  const auto db = network.Host("db");
  ListenOptions listen_options;
  listen_options.backlog = 1;
  const auto listener = Must(db->Listen("tcp", "127.0.0.1:80", listen_options));
  // As on Linux, one more than the backlog.
  const auto first = Must(db->Dial("tcp", "127.0.0.1:80"));
  const auto second = Must(db->Dial("tcp", "127.0.0.1:80"));
  DialOptions dial_options;
  dial_options.timeout = absl::Seconds(3);
  std::thread late([&] {
    const absl::Status status =
        db->Dial("tcp", "127.0.0.1:80", dial_options).status();
    EXPECT_TRUE(IsTimeout(status));
    EXPECT_EQ(status.message(), "dial tcp 127.0.0.1:80: i/o timeout");
  });
  clock.AwaitAlarms(1);
  clock.Advance(absl::Seconds(3));
  late.join();
  std::thread in_time([&] {
    const auto conn = Must(db->Dial("tcp", "127.0.0.1:80", dial_options));
    EXPECT_TRUE(conn->Write("third").ok());
    EXPECT_TRUE(conn->CloseWrite().ok());
    EXPECT_EQ(ReadSome(*conn), "EOF");
  });
  clock.AwaitAlarms(1);
  EXPECT_TRUE(listener->Accept().ok());
  EXPECT_TRUE(listener->Accept().ok());
  const auto third = Must(listener->Accept());
  EXPECT_EQ(ReadSome(*third), "third");
  EXPECT_TRUE(third->CloseWrite().ok());
  in_time.join();
}

TEST_F(FakeStreamTest, DialOutOfTime) {
  DialOptions options;
  options.timeout = absl::ZeroDuration();
  EXPECT_EQ(ErrorOf(web_->Dial("tcp", "10.0.0.1:80", options)),
            "dial tcp 10.0.0.1:80: i/o timeout");
  CancelScope scope;
  scope.Cancel();
  const absl::Status status = web_->Dial("tcp", "10.0.0.1:80").status();
  EXPECT_TRUE(IsCancelledCall(status));
  EXPECT_EQ(status.message(), "dial tcp 10.0.0.1:80: operation was canceled");
}

TEST(FakeBacklogTest, ClosedListenerRefusesWhoWaits) {
  ManualClock clock;
  FakeNetworkOptions network_options;
  network_options.clock = &clock;
  FakeNetwork network(network_options);
  const auto db = network.Host("db");
  ListenOptions options;
  options.backlog = 0;
  const auto listener = Must(db->Listen("tcp", "127.0.0.1:80", options));
  const auto queued = Must(db->Dial("tcp", "127.0.0.1:80"));
  std::thread waiting([&] {
    DialOptions dial_options;
    dial_options.timeout = absl::Seconds(3);
    EXPECT_TRUE(
        IsRefused(db->Dial("tcp", "127.0.0.1:80", dial_options).status()));
  });
  clock.AwaitAlarms(1);
  ASSERT_TRUE(listener->Close().ok());
  waiting.join();
  char c;
  EXPECT_TRUE(IsReset(queued->Read(absl::MakeSpan(&c, 1)).status()));
}

TEST_F(FakeStreamTest, CloseOfAListener) {
  const auto listener = Must(db_->Listen("tcp", ":80"));
  std::vector<std::thread> accepting;
  for (int i = 0; i < 3; ++i) {
    accepting.emplace_back([&] {
      EXPECT_EQ(ErrorOf(listener->Accept()),
                "accept tcp [::]:80: use of closed network connection");
    });
  }
  AwaitBlocked(*listener, Direction::kRead, 3);
  EXPECT_TRUE(listener->Close().ok());
  const auto again = Must(db_->Listen("tcp", ":80"));
  for (std::thread& thread : accepting) thread.join();
  EXPECT_EQ(ErrorOf(listener->Close()),
            "close tcp [::]:80: use of closed network connection");
  EXPECT_EQ(listener->Address().ToString(), "[::]:80");
}

// S-AC-08.
TEST_F(FakeStreamTest, AcceptsWhoHasGoneAlready) {
  const auto listener = Must(db_->Listen("tcp", ":80"));
  auto client = Must(web_->Dial("tcp", "db:80"));
  ASSERT_TRUE(client->Write("bye").ok());
  client.reset();
  const auto server = Must(listener->Accept());
  EXPECT_EQ(ReadSome(*server), "bye");
  EXPECT_EQ(ReadSome(*server), "EOF");
}

// S-AC-05.
TEST_F(FakeStreamTest, AcceptsDeadlineConsumesNothing) {
  const auto listener = Must(db_->Listen("tcp", "127.0.0.1:80"));
  const auto client = Must(db_->Dial("tcp", "127.0.0.1:80"));
  ASSERT_TRUE(listener->SetDeadline(absl::Time()).ok());
  EXPECT_EQ(ErrorOf(listener->Accept()),
            "accept tcp 127.0.0.1:80: i/o timeout");
  ASSERT_TRUE(listener->SetDeadline(absl::InfiniteFuture()).ok());
  EXPECT_TRUE(listener->Accept().ok());
}

TEST_F(FakeStreamTest, ThousandsOfConnections) {
  constexpr int kCount = 5000;
  ListenOptions options;
  options.backlog = kCount;
  const auto listener = Must(db_->Listen("tcp", ":80", options));
  std::vector<Connected> conns;
  for (int i = 0; i < kCount; ++i) {
    conns.push_back(Connect(*web_, *listener, "tcp", "db:80"));
  }
  for (Connected& both : conns) ASSERT_TRUE(both.client->Write("x").ok());
  for (Connected& both : conns) ASSERT_EQ(ReadSome(*both.server), "x");
}

TEST_F(FakeStreamTest, DestroyedWhileOthersAreBlockedInIt) {
  Connected both = Pair();
  Conn* const conn = both.client.get();
  std::thread reader([conn] {
    EXPECT_EQ(ReadSome(*conn),
              "read tcp 10.0.0.2:32768->10.0.0.1:80: use of closed network "
              "connection");
  });
  AwaitBlocked(*conn, Direction::kRead);
  both.client.reset();
  reader.join();
  EXPECT_EQ(ReadSome(*both.server), "EOF");
}

// As a Linux 6.18 gives up its SYNs.
TEST(FakeBacklogTest, ADialThatFindsNoRoomTimesOut) {
  ManualClock clock;
  FakeNetworkOptions options;
  options.clock = &clock;
  FakeNetwork network(options);
  auto host = network.Host("h");
  ListenOptions one;
  one.backlog = 0;
  auto listener = Must(host->Listen("tcp4", "127.0.0.1:80", one));
  auto first = Must(host->Dial("tcp4", "127.0.0.1:80"));
  std::string error;
  std::thread dialer(
      [&] { error = ErrorOf(host->Dial("tcp4", "127.0.0.1:80")); });
  clock.AwaitAlarms(1);
  clock.Advance(absl::Seconds(131) - absl::Nanoseconds(1));
  EXPECT_EQ(clock.alarm_count(), 1u);
  clock.Advance(absl::Nanoseconds(1));
  dialer.join();
  EXPECT_EQ(error, "dial tcp4 127.0.0.1:80: connect: connection timed out");
}

}  // namespace
}  // namespace plumb
