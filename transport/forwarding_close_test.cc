// What Close and destruction of a decorator end, and what they wait for.
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "transport/error.h"
#include "transport/forwarding.h"
#include "transport/forwarding_inner_for_test.h"

namespace plumb {
namespace {

// The blocked calls' own results come back, from the inner object.
TEST_F(ForwardingTest, CloseEndsABlockedRead) {
  ForwardingConn conn(std::make_unique<InnerConn>(inner_));
  std::thread reader([&] {
    ExpectClosed(conn.Read(absl::MakeSpan(buffer_)).status(), "read inner");
  });
  inner_->AwaitBlocked(1);
  EXPECT_EQ(conn.Close(), absl::OkStatus());
  reader.join();
}

TEST_F(ForwardingTest, CloseEndsABlockedAccept) {
  ForwardingListener listener(std::make_unique<InnerListener>(inner_));
  std::thread accepter(
      [&] { ExpectClosed(listener.Accept().status(), "accept inner"); });
  inner_->AwaitBlocked(1);
  EXPECT_EQ(listener.Close(), absl::OkStatus());
  accepter.join();
}

TEST_F(ForwardingTest, CloseEndsABlockedReadBatch) {
  ForwardingPacketConn packets(std::make_unique<InnerPackets>(inner_));
  std::thread reader([&] {
    ExpectClosed(packets.ReadFrom(absl::MakeSpan(buffer_)).status(),
                 "read inner");
  });
  inner_->AwaitBlocked(1);
  EXPECT_EQ(packets.Close(), absl::OkStatus());
  reader.join();
}

// A decorator whose Read has work to do after the inner one returned.
class BusyAfterRead final : public ForwardingConn {
 public:
  BusyAfterRead(std::unique_ptr<Conn> inner, absl::Notification* returned,
                absl::Notification* go_on)
      : ForwardingConn(std::move(inner)), returned_(returned), go_on_(go_on) {}
  ~BusyAfterRead() override { Close().IgnoreError(); }

 private:
  absl::StatusOr<size_t> DoRead(absl::Span<char> buffer) override {
    absl::StatusOr<size_t> n = inner().Read(buffer);
    returned_->Notify();
    go_on_->WaitForNotification();
    state_ += "used";  // a use after free when Close did not wait
    return n;
  }

  absl::Notification* const returned_;
  absl::Notification* const go_on_;
  std::string state_ = "some state of more than a few bytes, on the heap: ";
};

TEST_F(ForwardingTest, DestructionWaitsForTheDecoratorsOwnCode) {
  absl::Notification returned, go_on, destroyed;
  auto conn = std::make_unique<BusyAfterRead>(
      std::make_unique<InnerConn>(inner_), &returned, &go_on);
  std::thread reader([&, c = conn.get()] {
    ExpectClosed(c->Read(absl::MakeSpan(buffer_)).status(), "read inner");
  });
  inner_->AwaitBlocked(1);
  std::thread destroyer([&] {
    conn.reset();
    destroyed.Notify();
  });
  returned.WaitForNotification();
  EXPECT_FALSE(destroyed.HasBeenNotified());
  go_on.Notify();
  destroyer.join();
  reader.join();
}

// A decorator of a Conn or a PacketConn with a call of its own.
template <typename Forwarding>
class WithACall final : public Forwarding {
 public:
  using Forwarding::Forwarding;
  ~WithACall() override { this->Close().IgnoreError(); }

  bool Serve(absl::Notification& entered, absl::Notification& go_on) {
    const GateScope inside = this->Enter();
    if (!inside) return false;
    entered.Notify();
    go_on.WaitForNotification();
    state_ += "used";  // a use after free when Close did not wait
    return true;
  }

 private:
  std::string state_ = "some state of more than a few bytes, on the heap: ";
};

template <typename Forwarding>
void ExpectCloseWaitsForACall(
    Inner& inner, std::unique_ptr<WithACall<Forwarding>> decorator) {
  absl::Notification entered, go_on, destroyed;
  std::thread server(
      [&, d = decorator.get()] { EXPECT_TRUE(d->Serve(entered, go_on)); });
  entered.WaitForNotification();
  std::thread destroyer([&] {
    decorator.reset();
    destroyed.Notify();
  });
  inner.AwaitClosed();
  EXPECT_FALSE(destroyed.HasBeenNotified());
  go_on.Notify();
  destroyer.join();
  server.join();
}

TEST_F(ForwardingTest, DestructionWaitsForACallOfTheDecoratorsOwn) {
  ExpectCloseWaitsForACall(*inner_, std::make_unique<WithACall<ForwardingConn>>(
                                        std::make_unique<InnerConn>(inner_)));
}

TEST_F(ForwardingTest, DestructionWaitsForACallOfAPacketDecoratorsOwn) {
  ExpectCloseWaitsForACall(*inner_,
                           std::make_unique<WithACall<ForwardingPacketConn>>(
                               std::make_unique<InnerPackets>(inner_)));
}

TEST_F(ForwardingTest, ACallOfItsOwnDoesNotEnterAClosedDecorator) {
  absl::Notification entered, go_on;
  WithACall<ForwardingConn> conn(std::make_unique<InnerConn>(inner_));
  WithACall<ForwardingPacketConn> packets(
      std::make_unique<InnerPackets>(inner_));
  ASSERT_EQ(conn.Close(), absl::OkStatus());
  ASSERT_EQ(packets.Close(), absl::OkStatus());
  EXPECT_FALSE(conn.Serve(entered, go_on));
  EXPECT_FALSE(packets.Serve(entered, go_on));
}

// A decorator whose Close takes a while.
class SlowToClose final : public ForwardingConn {
 public:
  SlowToClose(std::unique_ptr<Conn> inner, absl::Notification* closing,
              absl::Notification* go_on)
      : ForwardingConn(std::move(inner)), closing_(closing), go_on_(go_on) {}
  ~SlowToClose() override { Close().IgnoreError(); }

 private:
  absl::Status DoClose() override {
    closing_->Notify();
    go_on_->WaitForNotification();
    return inner().Close();
  }

  absl::Notification* const closing_;
  absl::Notification* const go_on_;
};

TEST_F(ForwardingTest, ASecondCloseWaitsForTheFirst) {
  absl::Notification closing, go_on;
  SlowToClose conn(std::make_unique<InnerConn>(inner_), &closing, &go_on);
  std::thread first([&] { EXPECT_EQ(conn.Close(), absl::OkStatus()); });
  closing.WaitForNotification();
  std::thread second([&] {
    ExpectClosed(conn.Close(), "close tcp 10.0.0.1:9->10.0.0.2:80");
    // Asked for its names, since it was not closed yet.
    EXPECT_EQ(inner_->log(), Log({"wait", "close"}));
  });
  // Closed already for all others, although the inner one is not.
  ExpectClosed(conn.Write("x"), "write tcp 10.0.0.1:9->10.0.0.2:80");
  go_on.Notify();
  first.join();
  second.join();
}

// Its errors know more of its network than its addresses do.
class Ip4Conn final : public InnerConn {
 public:
  using InnerConn::InnerConn;
  absl::Status WaitReadable() override {
    ErrorInfo info;
    info.op = "read";
    info.network = "ip4:253";
    info.source = LocalAddr();
    return TimeoutError(std::move(info));
  }
};

TEST_F(ForwardingTest, WhileItClosesErrorsNameTheNetworkAsTheInnerDoes) {
  absl::Notification closing, go_on;
  SlowToClose conn(std::make_unique<Ip4Conn>(inner_), &closing, &go_on);
  std::thread closer([&] { EXPECT_EQ(conn.Close(), absl::OkStatus()); });
  closing.WaitForNotification();
  ExpectClosed(conn.Write("x"), "write ip4:253 10.0.0.1:9");
  ExpectClosed(conn.SetDeadline(absl::Now()), "set ip4:253 10.0.0.1:9");
  go_on.Notify();
  closer.join();
}

}  // namespace
}  // namespace plumb
