// Who can have which tcp port, and for how long. All of it was seen on Linux
// 6.18, in a network namespace of its own.

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "backends/fake/fake.h"
#include "backends/fake/fake_test_util.h"
#include "backends/fake/netstat.h"
#include "gtest/gtest.h"
#include "transport/extensions.h"
#include "transport/manual_clock.h"

namespace plumb {
namespace {

constexpr char kInUse[] = ": bind: address already in use";
constexpr char kNoneLeft[] = ": connect: cannot assign requested address";

class TcpPortsTest : public testing::Test {
 protected:
  TcpPortsTest() : network_(Options()) {}

  FakeNetworkOptions Options() {
    FakeNetworkOptions options;
    options.clock = &clock_;
    options.first_port = options.last_port = 50000;
    options.time_wait = absl::Seconds(60);
    return options;
  }

  // What listening there comes to.
  static std::string Listen(FakeHost& host, const std::string& address) {
    return ErrorOf(host.Listen("tcp", address));
  }
  std::string Dial(const std::string& address) {
    return ErrorOf(web_->Dial("tcp", address));
  }
  std::string DialFrom(FakeHost& host, const std::string& from,
                       const std::string& address) {
    DialOptions options;
    options.local_address = from;
    return ErrorOf(host.Dial("tcp", address, options));
  }
  // The states of a host's sockets that do not listen.
  static std::string States(const FakeHost& host) {
    std::string states;
    for (const NetstatRow& row : host.Netstat()) {
      if (row.state != "LISTEN") absl::StrAppend(&states, row.state, " ");
    }
    return states;
  }

  ManualClock clock_;
  FakeNetwork network_;
  const std::shared_ptr<FakeHost> db_ = network_.Host("db");
  const std::shared_ptr<FakeHost> web_ = network_.Host("web");
};

TEST_F(TcpPortsTest, ADiallersPortIsSharedByWhatGoesElsewhere) {
  const auto one = Must(db_->Listen("tcp", ":80"));
  const auto other = Must(db_->Listen("tcp", ":81"));
  const Connected first = Connect(*web_, *one, "tcp", "db:80");
  const Connected second = Connect(*web_, *other, "tcp", "db:81");
  EXPECT_EQ(first.client->LocalAddr(), second.client->LocalAddr());
  EXPECT_EQ(Dial("10.0.0.1:80"),
            absl::StrCat("dial tcp 10.0.0.1:80", kNoneLeft));
  ASSERT_TRUE(second.client->Write("x").ok());
  EXPECT_EQ(ReadSome(*second.server), "x");
}

// Whoever asked for a port has it alone, whatever its address.
TEST_F(TcpPortsTest, NobodySharesAPortThatWasAskedFor) {
  const auto listener = Must(db_->Listen("tcp", ":80"));
  {
    const auto here = Must(web_->Listen("tcp", "127.0.0.1:50000"));
    EXPECT_EQ(Dial("10.0.0.1:80"),
              absl::StrCat("dial tcp 10.0.0.1:80", kNoneLeft));
    EXPECT_EQ(DialFrom(*web_, ":50000", "10.0.0.1:80"),
              absl::StrCat("dial tcp :50000->10.0.0.1:80", kInUse));
    EXPECT_EQ(DialFrom(*web_, "10.0.0.2:50000", "10.0.0.1:80"), "OK");
  }
  DialOptions options;
  options.local_address = "127.0.0.1:50000";
  const auto inside = Must(web_->Listen("tcp", "127.0.0.1:80"));
  const auto bound = Must(web_->Dial("tcp", "127.0.0.1:80", options));
  EXPECT_EQ(Dial("10.0.0.1:80"),
            absl::StrCat("dial tcp 10.0.0.1:80", kNoneLeft));
}

TEST_F(TcpPortsTest, PortZeroIsAPortForItself) {
  const auto listener = Must(db_->Listen("tcp", ":80"));
  const auto conn = Must(web_->Dial("tcp", "db:80"));
  EXPECT_EQ(Listen(*web_, ":0"), absl::StrCat("listen tcp :0", kInUse));
  EXPECT_EQ(Listen(*web_, "127.0.0.1:0"), "OK");
}

TEST_F(TcpPortsTest, AcceptedConnectionsDoNotKeepAListenerAway) {
  auto listener = Must(db_->Listen("tcp", "10.0.0.1:80"));
  const Connected both = Connect(*web_, *listener, "tcp", "db:80");
  EXPECT_EQ(Listen(*db_, "10.0.0.1:80"),
            absl::StrCat("listen tcp 10.0.0.1:80", kInUse));
  listener = nullptr;
  EXPECT_EQ(DialFrom(*db_, "10.0.0.1:80", "10.0.0.2:9"),
            absl::StrCat("dial tcp 10.0.0.1:80->10.0.0.2:9", kInUse));
  EXPECT_EQ(Listen(*db_, ":80"), "OK");
  // But a dialled one does.
  EXPECT_EQ(Listen(*web_, ":50000"), absl::StrCat("listen tcp :50000", kInUse));
  EXPECT_EQ(Listen(*web_, "127.0.0.1:50000"), "OK");
}

TEST_F(TcpPortsTest, TheDiallerThatEndsFirstKeepsItsPort) {
  const auto listener = Must(db_->Listen("tcp", ":80"));
  const auto other = Must(db_->Listen("tcp", ":81"));
  const Connected both = Connect(*web_, *listener, "tcp", "db:80");
  ASSERT_TRUE(both.client->Close().ok());
  EXPECT_EQ(States(*web_), "FIN_WAIT2 ");
  clock_.Advance(absl::Seconds(30));
  ASSERT_TRUE(both.server->Close().ok());
  EXPECT_EQ(States(*web_), "TIME_WAIT ");
  EXPECT_EQ(States(*db_), "");
  clock_.Advance(absl::Seconds(60) - absl::Nanoseconds(1));
  EXPECT_EQ(Dial("10.0.0.1:80"),
            absl::StrCat("dial tcp 10.0.0.1:80", kNoneLeft));
  EXPECT_EQ(DialFrom(*web_, ":50000", "10.0.0.1:81"),
            absl::StrCat("dial tcp :50000->10.0.0.1:81", kInUse));
  EXPECT_EQ(Listen(*web_, ":50000"), absl::StrCat("listen tcp :50000", kInUse));
  EXPECT_EQ(Dial("10.0.0.1:81"), "OK");
  clock_.Advance(absl::Seconds(60));
  EXPECT_EQ(States(*web_), "");
  EXPECT_EQ(Listen(*web_, ":50000"), "OK");
}

TEST_F(TcpPortsTest, AListenersPortInTimeWaitCanBeListenedAt) {
  auto listener = Must(db_->Listen("tcp", ":80"));
  const Connected both = Connect(*web_, *listener, "tcp", "db:80");
  ASSERT_TRUE(both.server->Close().ok());
  ASSERT_TRUE(both.client->Close().ok());
  EXPECT_EQ(States(*db_), "TIME_WAIT ");
  EXPECT_EQ(States(*web_), "");
  listener = nullptr;
  EXPECT_EQ(DialFrom(*db_, "10.0.0.1:80", "10.0.0.2:9"),
            absl::StrCat("dial tcp 10.0.0.1:80->10.0.0.2:9", kInUse));
  listener = Must(db_->Listen("tcp", ":80"));
  // The same two ports begin a new connection.
  const Connected again = Connect(*web_, *listener, "tcp", "db:80");
  EXPECT_EQ(again.client->LocalAddr(), both.client->LocalAddr());
  EXPECT_EQ(States(*db_), "ESTABLISHED ");
}

// tcp_tw_reuse.
TEST_F(TcpPortsTest, OnTheLoopbackTimeWaitGivesWayAfterASecond) {
  const auto listener = Must(web_->Listen("tcp", "127.0.0.1:80"));
  const Connected both = Connect(*web_, *listener, "tcp", "127.0.0.1:80");
  ASSERT_TRUE(both.client->Close().ok());
  ASSERT_TRUE(both.server->Close().ok());
  clock_.Advance(absl::Seconds(1) - absl::Nanoseconds(1));
  EXPECT_EQ(Dial("127.0.0.1:80"),
            absl::StrCat("dial tcp 127.0.0.1:80", kNoneLeft));
  clock_.Advance(absl::Nanoseconds(1));
  EXPECT_EQ(Dial("127.0.0.1:80"), "OK");
}

TEST_F(TcpPortsTest, AfterAResetThereIsNoTimeWait) {
  const auto listener = Must(db_->Listen("tcp", ":80"));
  for (const bool linger : {true, false}) {
    const Connected both = Connect(*web_, *listener, "tcp", "db:80");
    ASSERT_TRUE(both.server->CloseWrite().ok());
    if (linger) {
      auto* const tcp = Extension<TcpControl>(*both.client);
      ASSERT_TRUE(tcp->SetLinger(absl::ZeroDuration()).ok());
    } else {
      ASSERT_TRUE(both.server->Close().ok());
      EXPECT_EQ(States(*db_), "FIN_WAIT2 ");
      ASSERT_TRUE(both.client->Write("nobody reads this").ok());
    }
    ASSERT_TRUE(both.client->Close().ok());
    ASSERT_TRUE(linger ? both.server->Close().ok() : true);
    EXPECT_EQ(States(*db_), "");
    EXPECT_EQ(States(*web_), "");
  }
}

TEST_F(TcpPortsTest, AHalfCloseCountsAsTheFirstEnd) {
  const auto listener = Must(db_->Listen("tcp", ":80"));
  const Connected both = Connect(*web_, *listener, "tcp", "db:80");
  ASSERT_TRUE(both.server->CloseWrite().ok());
  ASSERT_TRUE(both.client->Close().ok());
  EXPECT_EQ(States(*web_), "");
  ASSERT_TRUE(both.server->Close().ok());
  EXPECT_EQ(States(*db_), "TIME_WAIT ");
}

// The kernel knows those by the last of them alone.
TEST_F(TcpPortsTest, WhoSharesAPortIsLetInByTheLastOne) {
  ListenOptions share;
  share.reuse_port = true;
  const auto listen = [&](const char* network, const char* address) {
    return ErrorOf(db_->Listen(network, address, share));
  };
  const auto alone = Must(db_->Listen("tcp", "[::1]:80"));
  EXPECT_EQ(listen("tcp", ":80"), absl::StrCat("listen tcp :80", kInUse));
  EXPECT_EQ(listen("tcp4", "127.0.0.1:80"), "OK");
  EXPECT_EQ(listen("tcp", ":80"), absl::StrCat("listen tcp :80", kInUse));
  EXPECT_EQ(listen("tcp4", ":80"), "OK");
  EXPECT_EQ(listen("tcp", ":80"), "OK");
  EXPECT_EQ(listen("tcp6", ":80"), absl::StrCat("listen tcp6 :80", kInUse));
  EXPECT_EQ(listen("tcp", "[::1]:80"),
            absl::StrCat("listen tcp [::1]:80", kInUse));
  // One that does not share ends that.
  EXPECT_EQ(Listen(*db_, "127.0.0.1:80"), "OK");
  EXPECT_EQ(listen("tcp", ":80"), absl::StrCat("listen tcp :80", kInUse));
}

// Who was refused, or gave up, never had a connection.
TEST_F(TcpPortsTest, ADialThatFailsLeavesNothing) {
  ListenOptions options;
  options.backlog = 0;
  const auto listener = Must(db_->Listen("tcp", ":80", options));
  const auto first = Must(network_.Host("first")->Dial("tcp", "db:80"));
  DialOptions limit;
  limit.timeout = absl::Seconds(1);
  for (const char* const error :
       {"i/o timeout", "connect: connection refused"}) {
    std::thread dialer([&] {
      EXPECT_EQ(ErrorOf(web_->Dial("tcp", "10.0.0.1:80", limit)),
                absl::StrCat("dial tcp 10.0.0.1:80: ", error));
    });
    clock_.AwaitAlarms(1);
    EXPECT_EQ(States(*db_), "ESTABLISHED ");
    EXPECT_EQ(States(*web_), "SYN_SENT ");
    if (absl::string_view(error) == "i/o timeout") {
      clock_.Advance(absl::Seconds(1));
    } else {
      ASSERT_TRUE(listener->Close().ok());
    }
    dialer.join();
    EXPECT_EQ(States(*web_), "");
  }
  EXPECT_EQ(States(*db_), "");
}

TEST(TcpPortsDefaultTest, WithoutTheOptionThereIsNoTimeWait) {
  FakeNetworkOptions options;
  options.first_port = options.last_port = 50000;
  FakeNetwork network(options);
  const auto listener = Must(network.Host("db")->Listen("tcp", ":80"));
  for (int i = 0; i < 3; ++i) {
    Connected both = Connect(*network.Host("web"), *listener, "tcp", "db:80");
    ASSERT_TRUE(both.client->Close().ok());
    EXPECT_TRUE(network.Host("web")->Netstat().empty());
  }
}

}  // namespace
}  // namespace plumb
