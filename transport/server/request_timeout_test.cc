#include "transport/server/request_timeout.h"

#include <memory>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/fake/fake.h"
#include "gtest/gtest.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/manual_clock.h"
#include "transport/pipe.h"
#include "transport/server/idle_timeout.h"

namespace plumb {
namespace {

class RequestTimeoutTest : public ::testing::Test {
 protected:
  RequestTimeoutTest() {
    PipeOptions options;
    options.buffer = 4;
    options.clock = &clock_;
    auto [near, far] = Pipe(options);
    conn_ = WithRequestTimeout(std::move(near), absl::Seconds(10), clock_);
    peer_ = std::move(far);
  }

  absl::Status Read() { return conn_->Read(absl::MakeSpan(buffer_)).status(); }

  // What the peer sends is there when it returns.
  void Send(const char* text) {
    ASSERT_EQ(peer_->Write(text), absl::OkStatus());
  }
  void Take() {
    char answer[16];
    ASSERT_EQ(peer_->Read(absl::MakeSpan(answer)).status(), absl::OkStatus());
  }

  ManualClock clock_;
  std::unique_ptr<Conn> conn_;
  std::unique_ptr<Conn> peer_;
  char buffer_[16];
};

TEST_F(RequestTimeoutTest, BytesThatTrickleInDoNotLengthenARequest) {
  for (int i = 0; i < 2; ++i) {
    Send("x");
    EXPECT_EQ(Read(), absl::OkStatus());
    clock_.Advance(absl::Seconds(4));
  }
  std::thread reader(
      [&] { EXPECT_EQ(Read().message(), "read pipe: i/o timeout"); });
  clock_.AwaitAlarms(1);
  clock_.Advance(absl::Seconds(2));
  reader.join();
}

TEST_F(RequestTimeoutTest, AfterItsEndEveryCallTimesOut) {
  Send("x");
  EXPECT_EQ(Read(), absl::OkStatus());
  clock_.Advance(absl::Seconds(10));
  EXPECT_TRUE(IsTimeout(conn_->Write("a")));
  EXPECT_TRUE(IsTimeout(Read()));
  EXPECT_TRUE(IsTimeout(conn_->WaitReadable()));
  EXPECT_TRUE(IsTimeout(conn_->Write("a")));
}

TEST_F(RequestTimeoutTest, AnAnswerThatThePeerDoesNotTakeTimesOut) {
  Send("x");
  EXPECT_EQ(Read(), absl::OkStatus());
  clock_.Advance(absl::Seconds(7));
  std::thread writer([&] {
    const absl::Status status = conn_->Write("123456");
    EXPECT_EQ(status.message(), "write pipe: i/o timeout");
    EXPECT_EQ(BytesDone(status), 4u);
  });
  clock_.AwaitAlarms(1);
  clock_.Advance(absl::Seconds(3));
  writer.join();
}

TEST_F(RequestTimeoutTest, EachRequestHasTheWholeTime) {
  for (int i = 0; i < 3; ++i) {
    Send("x");
    EXPECT_EQ(Read(), absl::OkStatus());
    clock_.Advance(absl::Seconds(9));
    EXPECT_EQ(conn_->Write("a"), absl::OkStatus());
    EXPECT_EQ(conn_->Write("b"), absl::OkStatus());
    Take();
  }
}

TEST_F(RequestTimeoutTest, TheWaitForTheNextRequestIsNotLimited) {
  std::thread handler([&] {
    EXPECT_EQ(Read(), absl::OkStatus());
    EXPECT_EQ(conn_->Write("a"), absl::OkStatus());
    EXPECT_EQ(Read(), absl::OkStatus());
  });
  clock_.Advance(absl::Hours(1));
  Send("x");
  Take();
  clock_.Advance(absl::Hours(1));
  Send("x");
  handler.join();
}

TEST_F(RequestTimeoutTest, WhatWaitReadableFindsBeginsARequest) {
  Send("x");
  EXPECT_EQ(conn_->WaitReadable(), absl::OkStatus());
  clock_.Advance(absl::Seconds(10));
  EXPECT_TRUE(IsTimeout(Read()));
}

TEST_F(RequestTimeoutTest, AGreetingIsNoRequest) {
  EXPECT_EQ(conn_->Write("hi"), absl::OkStatus());
  Take();
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(conn_->Write("hi"), absl::OkStatus());
  Send("x");
  EXPECT_EQ(Read(), absl::OkStatus());
  // It was written before, so it does not answer this one.
  Send("y");
  EXPECT_EQ(Read(), absl::OkStatus());
  clock_.Advance(absl::Seconds(10));
  EXPECT_TRUE(IsTimeout(Read()));
}

TEST_F(RequestTimeoutTest, AReadIntoNothingBeginsNone) {
  EXPECT_EQ(conn_->Read(absl::Span<char>()).status(), absl::OkStatus());
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(conn_->Write("a"), absl::OkStatus());
}

TEST_F(RequestTimeoutTest, AfterCloseEverythingIsClosed) {
  Send("x");
  EXPECT_EQ(Read(), absl::OkStatus());
  EXPECT_EQ(conn_->Close(), absl::OkStatus());
  clock_.Advance(absl::Seconds(10));
  EXPECT_TRUE(IsClosed(Read()));
  EXPECT_TRUE(IsClosed(conn_->Write("x")));
  EXPECT_TRUE(IsClosed(conn_->WaitReadable()));
}

// Of both decorators.
TEST(TimedConnTest, ExtensionsThatWaitForNothingGoThrough) {
  FakeNetwork network;
  auto listener = network.Host("server")->Listen("tcp", ":80");
  ASSERT_EQ(listener.status(), absl::OkStatus());
  auto dialled = network.Host("client")->Dial("tcp", "server:80");
  ASSERT_EQ(dialled.status(), absl::OkStatus());
  auto conn = WithRequestTimeout(
      WithIdleTimeout(*std::move(dialled), absl::Seconds(10)),
      absl::Seconds(10));
  EXPECT_NE(Extension<TcpControl>(*conn), nullptr);
  EXPECT_NE(Extension<ReadCloser>(*conn), nullptr);
  EXPECT_NE(Extension<BufferControl>(*conn), nullptr);
  EXPECT_EQ(Extension<Peeker>(*conn), nullptr);
  EXPECT_EQ(Extension<NativeHandle>(*conn), nullptr);
}

}  // namespace
}  // namespace plumb
