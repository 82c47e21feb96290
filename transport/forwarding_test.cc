#include "transport/forwarding.h"

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "transport/error.h"
#include "transport/extensions.h"
#include "transport/ip_addr.h"

namespace plumb {
namespace {

using Log = std::vector<std::string>;

void ExpectClosed(const absl::Status& status, absl::string_view text) {
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(status.message(),
            absl::StrCat(text, ": use of closed network connection"));
  EXPECT_TRUE(IsClosed(status));
}

// What a Conn, Listener or PacketConn under test writes down, and where its
// blocking calls wait until Close.
class Inner final : public BlockedProbe, public ReadCloser {
 public:
  absl::Status Note(std::string what) {
    absl::MutexLock lock(&mutex_);
    log_.push_back(std::move(what));
    return absl::UnknownError(log_.back());
  }
  // Waits until Close.
  absl::Status Block(std::string what) {
    absl::MutexLock lock(&mutex_);
    ++blocked_;
    mutex_.Await(absl::Condition(&closed_));
    --blocked_;
    ErrorInfo info;
    info.op = std::move(what);
    info.network = "inner";
    return ClosedError(std::move(info));
  }
  absl::Status Close() {
    absl::MutexLock lock(&mutex_);
    if (!closed_) log_.push_back("close");
    closed_ = true;
    return absl::OkStatus();
  }
  void AwaitBlocked(int n) {
    absl::MutexLock lock(&mutex_);
    auto blocked = [this, n]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return blocked_ == n;
    };
    mutex_.Await(absl::Condition(&blocked));
  }
  void AwaitClosed() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&closed_));
  }
  Log log() const {
    absl::MutexLock lock(&mutex_);
    return log_;
  }

  int BlockedCalls(Direction) const override {
    absl::MutexLock lock(&mutex_);
    return blocked_;
  }
  absl::Status CloseRead() override { return Note("close read"); }

  void* Extension(absl::string_view name) {
    return FindExtension<BlockedProbe, ReadCloser>(name, this);
  }

 private:
  mutable absl::Mutex mutex_;
  Log log_ ABSL_GUARDED_BY(mutex_);
  int blocked_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

std::string Name(Direction direction) {
  return direction == Direction::kRead ? "read" : "other";
}

class InnerConn : public Conn {
 public:
  explicit InnerConn(std::shared_ptr<Inner> inner) : inner_(std::move(inner)) {}
  ~InnerConn() override = default;

  // Only a Read with room blocks.
  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override {
    if (!buffer.empty()) return inner_->Block("read");
    return inner_->Note("read");
  }
  absl::Status Write(absl::Span<const absl::string_view> pieces) override {
    return inner_->Note(absl::StrCat("write ", absl::StrJoin(pieces, "|")));
  }
  absl::Status WaitReadable() override { return inner_->Note("wait"); }
  absl::Status CloseWrite() override { return inner_->Note("close write"); }
  absl::Status Close() override { return inner_->Close(); }
  Addr LocalAddr() const override {
    return Addr::Tcp(IpAddr::V4(10, 0, 0, 1), 9);
  }
  Addr RemoteAddr() const override {
    return Addr::Tcp(IpAddr::V4(10, 0, 0, 2), 80);
  }
  absl::Status SetDeadline(Direction direction, absl::Time when) override {
    return inner_->Note(
        absl::StrCat("deadline ", Name(direction), absl::ToUnixSeconds(when)));
  }
  void* Extension(absl::string_view name) override {
    return inner_->Extension(name);
  }

 private:
  const std::shared_ptr<Inner> inner_;
};

class InnerListener : public Listener {
 public:
  explicit InnerListener(std::shared_ptr<Inner> inner)
      : inner_(std::move(inner)) {}
  ~InnerListener() override = default;

  absl::StatusOr<std::unique_ptr<Conn>> Accept() override {
    return inner_->Block("accept");
  }
  absl::Status Close() override { return inner_->Close(); }
  Addr Address() const override {
    return Addr::Tcp(IpAddr::V4(10, 0, 0, 1), 9);
  }
  absl::Status SetDeadline(absl::Time when) override {
    return inner_->Note(absl::StrCat("deadline ", absl::ToUnixSeconds(when)));
  }
  void* Extension(absl::string_view name) override {
    return inner_->Extension(name);
  }

 private:
  const std::shared_ptr<Inner> inner_;
};

class InnerPackets : public PacketConn {
 public:
  explicit InnerPackets(std::shared_ptr<Inner> inner)
      : inner_(std::move(inner)) {}
  ~InnerPackets() override = default;

  absl::StatusOr<size_t> ReadBatch(absl::Span<InPacket> packets) override {
    if (!packets.empty()) return inner_->Block("read");
    return inner_->Note("read");
  }
  absl::StatusOr<size_t> WriteBatch(
      absl::Span<const OutPacket> packets) override {
    return inner_->Note(absl::StrCat("write ", packets.size()));
  }
  absl::Status Close() override { return inner_->Close(); }
  Addr LocalAddr() const override {
    return Addr::Udp(IpAddr::V4(10, 0, 0, 1), 9);
  }
  absl::Status SetDeadline(Direction direction, absl::Time when) override {
    return inner_->Note(
        absl::StrCat("deadline ", Name(direction), absl::ToUnixSeconds(when)));
  }
  void* Extension(absl::string_view name) override {
    return inner_->Extension(name);
  }

 private:
  const std::shared_ptr<Inner> inner_;
};

class ForwardingTest : public testing::Test {
 protected:
  const std::shared_ptr<Inner> inner_ = std::make_shared<Inner>();
  char buffer_[1] = {};
};

TEST_F(ForwardingTest, AConnForwardsEverything) {
  ForwardingConn conn(std::make_unique<InnerConn>(inner_));
  EXPECT_EQ(conn.Read(absl::Span<char>()).status(), absl::UnknownError("read"));
  EXPECT_EQ(conn.Write("ab"), absl::UnknownError("write ab"));
  EXPECT_EQ(conn.WaitReadable(), absl::UnknownError("wait"));
  EXPECT_EQ(conn.CloseWrite(), absl::UnknownError("close write"));
  EXPECT_EQ(conn.SetReadDeadline(absl::FromUnixSeconds(7)),
            absl::UnknownError("deadline read7"));
  EXPECT_EQ(conn.LocalAddr().ToString(), "10.0.0.1:9");
  EXPECT_EQ(conn.RemoteAddr().ToString(), "10.0.0.2:80");
  // S-CP-12.
  const absl::string_view pieces[] = {"a", "", "b"};
  EXPECT_EQ(conn.Write(pieces), absl::UnknownError("write a||b"));
  EXPECT_EQ(conn.Close(), absl::OkStatus());
  EXPECT_EQ(inner_->log(), Log({"read", "write ab", "wait", "close write",
                                "deadline read7", "write a||b", "close"}));
}

TEST_F(ForwardingTest, AListenerForwardsEverything) {
  ForwardingListener listener(std::make_unique<InnerListener>(inner_));
  EXPECT_EQ(listener.SetDeadline(absl::FromUnixSeconds(7)),
            absl::UnknownError("deadline 7"));
  EXPECT_EQ(listener.Address().ToString(), "10.0.0.1:9");
  EXPECT_EQ(listener.Close(), absl::OkStatus());
  EXPECT_EQ(inner_->log(), Log({"deadline 7", "close"}));
}

TEST_F(ForwardingTest, APacketConnForwardsEverything) {
  ForwardingPacketConn packets(std::make_unique<InnerPackets>(inner_));
  EXPECT_EQ(packets.ReadBatch({}).status(), absl::UnknownError("read"));
  EXPECT_EQ(packets.WriteTo("ab", Addr()), absl::UnknownError("write 1"));
  EXPECT_EQ(packets.SetReadDeadline(absl::FromUnixSeconds(7)),
            absl::UnknownError("deadline read7"));
  EXPECT_EQ(packets.LocalAddr().ToString(), "10.0.0.1:9");
  EXPECT_EQ(packets.Close(), absl::OkStatus());
  EXPECT_EQ(inner_->log(), Log({"read", "write 1", "deadline read7", "close"}));
}

TEST_F(ForwardingTest, AClosedConnDoesNotCallTheInner) {
  ForwardingConn conn(std::make_unique<InnerConn>(inner_));
  ASSERT_EQ(conn.Close(), absl::OkStatus());
  const std::string both = "tcp 10.0.0.1:9->10.0.0.2:80";
  ExpectClosed(conn.Read(absl::MakeSpan(buffer_)).status(), "read " + both);
  ExpectClosed(conn.Write("x"), "write " + both);
  ExpectClosed(conn.WaitReadable(), "read " + both);
  ExpectClosed(conn.CloseWrite(), "close " + both);
  ExpectClosed(conn.SetDeadline(absl::Now()), "set tcp 10.0.0.1:9");
  ExpectClosed(conn.Close(), "close " + both);
  EXPECT_EQ(conn.LocalAddr().ToString(), "10.0.0.1:9");
  EXPECT_EQ(inner_->log(), Log({"close"}));
}

TEST_F(ForwardingTest, AClosedListenerDoesNotCallTheInner) {
  ForwardingListener listener(std::make_unique<InnerListener>(inner_));
  ASSERT_EQ(listener.Close(), absl::OkStatus());
  ExpectClosed(listener.Accept().status(), "accept tcp 10.0.0.1:9");
  ExpectClosed(listener.SetDeadline(absl::Now()), "set tcp 10.0.0.1:9");
  ExpectClosed(listener.Close(), "close tcp 10.0.0.1:9");
  EXPECT_EQ(inner_->log(), Log({"close"}));
}

TEST_F(ForwardingTest, AClosedPacketConnDoesNotCallTheInner) {
  ForwardingPacketConn packets(std::make_unique<InnerPackets>(inner_));
  ASSERT_EQ(packets.Close(), absl::OkStatus());
  ExpectClosed(packets.ReadFrom(absl::MakeSpan(buffer_)).status(),
               "read udp 10.0.0.1:9");
  ExpectClosed(packets.WriteTo("x", Addr::Udp(IpAddr::LoopbackV4(), 7)),
               "write udp 10.0.0.1:9->127.0.0.1:7");
  ExpectClosed(packets.WriteBatch({}).status(), "write udp 10.0.0.1:9");
  ExpectClosed(packets.SetDeadline(absl::Now()), "set udp 10.0.0.1:9");
  ExpectClosed(packets.Close(), "close udp 10.0.0.1:9");
  EXPECT_EQ(inner_->log(), Log({"close"}));
}

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

template <typename Endpoint>
void ExpectExtensions(Endpoint& endpoint, bool read_closer) {
  EXPECT_NE(Extension<BlockedProbe>(endpoint), nullptr);
  EXPECT_EQ(Extension<ReadCloser>(endpoint) != nullptr, read_closer);
  EXPECT_EQ(Extension<TcpControl>(endpoint), nullptr);
}

TEST_F(ForwardingTest, NoExtensionGoesThroughButTheProbe) {
  ForwardingConn conn(std::make_unique<InnerConn>(inner_));
  ForwardingListener listener(std::make_unique<InnerListener>(inner_));
  ForwardingPacketConn packets(std::make_unique<InnerPackets>(inner_));
  ExpectExtensions(conn, false);
  ExpectExtensions(listener, false);
  ExpectExtensions(packets, false);
}

TEST_F(ForwardingTest, AllowedExtensionsGoThrough) {
  const AllowedExtensions allowed = {TcpControl::kExtensionName,
                                     ReadCloser::kExtensionName};
  ForwardingConn conn(std::make_unique<InnerConn>(inner_), allowed);
  ForwardingListener listener(std::make_unique<InnerListener>(inner_), allowed);
  ForwardingPacketConn packets(std::make_unique<InnerPackets>(inner_), allowed);
  ExpectExtensions(conn, true);
  ExpectExtensions(listener, true);
  ExpectExtensions(packets, true);
  EXPECT_EQ(Extension<ReadCloser>(conn)->CloseRead(),
            absl::UnknownError("close read"));
}

TEST_F(ForwardingTest, TheProbeSeesBlockedCalls) {
  ForwardingConn conn(std::make_unique<InnerConn>(inner_));
  std::thread reader([&] {
    ExpectClosed(conn.Read(absl::MakeSpan(buffer_)).status(), "read inner");
  });
  inner_->AwaitBlocked(1);
  EXPECT_EQ(Extension<BlockedProbe>(conn)->BlockedCalls(Direction::kRead), 1);
  EXPECT_EQ(conn.Close(), absl::OkStatus());
  reader.join();
}

}  // namespace
}  // namespace plumb
