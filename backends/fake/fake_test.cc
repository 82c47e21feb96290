#include "backends/fake/fake.h"

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "backends/fake/fake_test_util.h"
#include "gtest/gtest.h"
#include "transport/registry.h"
#include "transport/registry_for_test.h"

namespace plumb {
namespace {

TEST(FakeNetworkTest, HostsHaveNamesAndAddresses) {
  FakeNetwork network;
  const auto db = network.Host("db");
  const auto web = network.Host("web");
  EXPECT_EQ(db->name(), "db");
  EXPECT_EQ(db->ip4().ToString(), "10.0.0.1");
  EXPECT_EQ(db->ip6().ToString(), "fd00::1");
  EXPECT_EQ(web->ip4().ToString(), "10.0.0.2");
  EXPECT_EQ(network.Host("DB"), db);
}

TEST(FakeNetworkTest, DialsByNameAddressAndService) {
  FakeNetwork network;
  const auto db = network.Host("db");
  const auto web = network.Host("web");
  const auto listener = Must(db->Listen("tcp", ":http"));
  EXPECT_EQ(listener->Address().ToString(), "[::]:80");
  for (const char* address :
       {"db:80", "DB:http", "10.0.0.1:80", "[fd00::1]:80"}) {
    SCOPED_TRACE(address);
    const Connected both = Connect(*web, *listener, "tcp", address);
    EXPECT_EQ(both.client->LocalAddr(), both.server->RemoteAddr());
    EXPECT_EQ(both.client->RemoteAddr(), both.server->LocalAddr());
    ASSERT_TRUE(both.client->Write("hello").ok());
    EXPECT_EQ(ReadSome(*both.server), "hello");
  }
}

TEST(FakeNetworkTest, AddressesOfAConnection) {
  FakeNetwork network;
  const auto listener = Must(network.Host("db")->Listen("tcp", ":80"));
  const Connected both =
      Connect(*network.Host("web"), *listener, "tcp", "db:80");
  EXPECT_EQ(both.client->LocalAddr().network(), "tcp");
  EXPECT_EQ(both.client->LocalAddr().ToString(), "10.0.0.2:32768");
  EXPECT_EQ(both.client->RemoteAddr().ToString(), "10.0.0.1:80");
  ASSERT_TRUE(both.client->Close().ok());
  EXPECT_EQ(both.client->LocalAddr().ToString(), "10.0.0.2:32768");
}

TEST(FakeNetworkTest, LocalhostIsTheHostItself) {
  FakeNetwork network;
  const auto db = network.Host("db");
  const auto web = network.Host("web");
  const auto here = Must(web->Listen("tcp", "localhost:80"));
  EXPECT_EQ(here->Address().ToString(), "127.0.0.1:80");
  for (const char* address : {"localhost:80", "127.0.0.1:80", ":80"}) {
    const Connected both = Connect(*web, *here, "tcp", address);
    EXPECT_EQ(both.client->RemoteAddr().ToString(), "127.0.0.1:80");
    EXPECT_EQ(both.client->LocalAddr().ip(), IpAddr::LoopbackV4());
  }
  EXPECT_EQ(ErrorOf(db->Dial("tcp", "web:80")),
            "dial tcp 10.0.0.2:80: connect: connection refused");
  EXPECT_EQ(ErrorOf(web->Dial("tcp", "web:80")),
            "dial tcp 10.0.0.2:80: connect: connection refused");
}

TEST(FakeNetworkTest, ErrorsOfDial) {
  FakeNetwork network;
  const auto web = network.Host("web");
  (void)network.Host("db");
  const absl::Status unknown = web->Dial("tcp", "nosuch:80").status();
  EXPECT_TRUE(IsNoSuchHost(unknown));
  EXPECT_EQ(unknown.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(unknown.message(), "dial tcp: lookup nosuch: no such host");
  const absl::Status refused = web->Dial("tcp", "db:80").status();
  EXPECT_TRUE(IsRefused(refused));
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(refused.message(),
            "dial tcp 10.0.0.2:80: connect: connection refused");
  EXPECT_EQ(ErrorOf(web->Dial("tcp6", "db:80")),
            "dial tcp6 [fd00::2]:80: connect: connection refused");
  EXPECT_EQ(ErrorOf(web->Dial("tcp", "192.0.2.1:80")),
            "dial tcp 192.0.2.1:80: connect: no route to host");
  EXPECT_EQ(ErrorOf(web->Dial("tcp", "")), "dial tcp: missing address");
  EXPECT_EQ(ErrorOf(web->Dial("tcp", "db:99999")),
            "dial tcp: address 99999: invalid port");
  EXPECT_EQ(ErrorOf(web->Dial("tcp4", "[::1]:80")),
            "dial tcp4: address ::1: no suitable address found");
  const absl::Status foo = web->Dial("foo", "db:80").status();
  EXPECT_EQ(foo.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(foo.message(), "dial foo: unknown network foo");
  const absl::Status raw = web->Dial("ip4:icmp", "db").status();
  EXPECT_TRUE(IsUnsupported(raw));
  EXPECT_EQ(raw.message(),
            "dial ip4:icmp: raw IP on a fake network not supported");
}

TEST(FakeNetworkTest, ErrorsOfListen) {
  FakeNetwork network;
  const auto db = network.Host("db");
  const auto listener = Must(db->Listen("tcp", "127.0.0.1:80"));
  const absl::Status in_use = db->Listen("tcp", "127.0.0.1:80").status();
  EXPECT_TRUE(IsAddressInUse(in_use));
  EXPECT_EQ(in_use.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(in_use.message(),
            "listen tcp 127.0.0.1:80: bind: address already in use");
  EXPECT_EQ(ErrorOf(db->Listen("tcp", "192.0.2.1:0")),
            "listen tcp 192.0.2.1:0: bind: cannot assign requested address");
  EXPECT_EQ(ErrorOf(db->ListenPacket("tcp", ":0")),
            "listen tcp :0: address :0: unexpected address type");
  EXPECT_EQ(ErrorOf(db->Listen("unixgram", "x")),
            "listen unixgram x: address x: unexpected address type");
  ASSERT_TRUE(listener->Close().ok());
  EXPECT_TRUE(db->Listen("tcp", "127.0.0.1:80").ok());
}

TEST(FakeNetworkTest, AnOptionThatIsNotHonouredIsNamed) {
  FakeNetwork network;
  const auto db = network.Host("db");
  DialOptions options;
  options.no_delay = true;
  EXPECT_EQ(ErrorOf(db->Dial("udp", "db:80", options)),
            "dial udp: option no_delay not supported");
  ListenOptions listen_options;
  listen_options.reuse_port = true;
  EXPECT_EQ(ErrorOf(db->Listen("unix", "x", listen_options)),
            "listen unix: option reuse_port not supported");
}

// Which second listener finds its port taken.
TEST(FakeNetworkTest, PortsOfOverlappingAddresses) {
  struct Case {
    const char* network1;
    const char* host1;
    const char* network2;
    const char* host2;
    bool in_use;
  };
  const Case cases[] = {
      {"tcp", "", "tcp", "", true},
      {"tcp", "", "tcp", "0.0.0.0", true},
      {"tcp", "", "tcp", "[::]", true},
      {"tcp", "0.0.0.0", "tcp", "[::]", true},
      {"tcp", "[::ffff:0.0.0.0]", "tcp", "[::]", true},
      {"tcp", "", "tcp", "127.0.0.1", true},
      {"tcp4", "", "tcp4", "10.0.0.1", true},
      {"tcp4", "", "tcp6", "", false},
      {"tcp4", "0.0.0.0", "tcp6", "[::]", false},
      {"tcp", "127.0.0.1", "tcp", "[::1]", false},
      {"tcp", "127.0.0.1", "tcp", "10.0.0.1", false},
      {"tcp4", "127.0.0.1", "tcp6", "[::1]", false},
      {"tcp", "", "fake", "", true},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.network1) + " " + c.host1 + ", " + c.network2 +
                 " " + c.host2);
    FakeNetwork network;
    const auto db = network.Host("db");
    const std::string first = std::string(c.host1) + ":80";
    const std::string second = std::string(c.host2) + ":80";
    for (const bool forwards : {true, false}) {
      const auto listener = Must(forwards ? db->Listen(c.network1, first)
                                          : db->Listen(c.network2, second));
      const absl::Status status = forwards
                                      ? db->Listen(c.network2, second).status()
                                      : db->Listen(c.network1, first).status();
      EXPECT_EQ(IsAddressInUse(status), c.in_use) << status;
      EXPECT_EQ(status.ok(), !c.in_use);
    }
  }
}

TEST(FakeNetworkTest, AListenerOfOneFamilyIsNotReachedOverTheOther) {
  FakeNetwork network;
  const auto db = network.Host("db");
  const auto listener = Must(db->Listen("tcp6", ":80"));
  EXPECT_EQ(listener->Address().ToString(), "[::]:80");
  EXPECT_TRUE(IsRefused(db->Dial("tcp4", "db:80").status()));
  // By name the second address is tried.
  const Connected both =
      Connect(*network.Host("web"), *listener, "tcp", "db:80");
  EXPECT_EQ(both.client->RemoteAddr().ToString(), "[fd00::1]:80");
}

TEST(FakeNetworkTest, PortsAreGivenBackAndCanRunOut) {
  FakeNetworkOptions options;
  options.first_port = 40000;
  options.last_port = 40002;
  FakeNetwork network(options);
  const auto db = network.Host("db");
  const auto web = network.Host("web");
  const auto listener = Must(db->Listen("tcp", ":80"));
  std::vector<std::unique_ptr<Conn>> conns;
  std::set<uint16_t> ports;
  for (int i = 0; i < 3; ++i) {
    conns.push_back(Must(web->Dial("tcp", "db:80")));
    ports.insert(conns.back()->LocalAddr().port());
  }
  EXPECT_EQ(ports, (std::set<uint16_t>{40000, 40001, 40002}));
  const absl::Status none = web->Dial("tcp", "10.0.0.1:80").status();
  EXPECT_EQ(none.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(none.message(),
            "dial tcp 10.0.0.1:80: connect: cannot assign requested address");
  ASSERT_TRUE(conns[1]->Close().ok());
  EXPECT_EQ(Must(web->Dial("tcp", "db:80"))->LocalAddr().port(), 40001);
  // A Listener on any address needs a port that is free on all of them.
  EXPECT_EQ(Must(web->Listen("tcp", ":0"))->Address().port(), 40001);
  conns.push_back(Must(web->Dial("tcp", "db:80")));
  EXPECT_TRUE(IsAddressInUse(web->Listen("tcp", ":0").status()));
}

TEST(FakeNetworkTest, DialsFromAChosenAddress) {
  FakeNetwork network;
  const auto db = network.Host("db");
  const auto web = network.Host("web");
  const auto listener = Must(db->Listen("tcp", ":80"));
  DialOptions options;
  options.local_address = "10.0.0.2:5000";
  const auto conn = Must(web->Dial("tcp", "db:80", options));
  EXPECT_EQ(conn->LocalAddr().ToString(), "10.0.0.2:5000");
  EXPECT_EQ(
      ErrorOf(web->Dial("tcp", "10.0.0.1:80", options)),
      "dial tcp 10.0.0.2:5000->10.0.0.1:80: bind: address already in use");
  options.local_address = "10.0.0.9:0";
  EXPECT_EQ(ErrorOf(web->Dial("tcp", "10.0.0.1:80", options)),
            "dial tcp 10.0.0.9:0->10.0.0.1:80: bind: cannot assign requested "
            "address");
  options.local_address = "127.0.0.1:0";
  EXPECT_EQ(ErrorOf(web->Dial("tcp", "10.0.0.1:80", options)),
            "dial tcp 127.0.0.1:0->10.0.0.1:80: connect: invalid argument");
  options.local_address = "[::1]:0";
  EXPECT_EQ(ErrorOf(web->Dial("tcp", "10.0.0.1:80", options)),
            "dial tcp: address [::1]:0: no suitable address found");
  options.local_address = ":0";
  EXPECT_TRUE(web->Dial("tcp", "db:80", options).ok());
}

TEST(FakeNetworkTest, ReusedPortIsShared) {
  FakeNetwork network;
  const auto db = network.Host("db");
  ListenOptions options;
  options.reuse_port = true;
  const auto first = Must(db->Listen("tcp", ":80", options));
  const auto second = Must(db->Listen("tcp", ":80", options));
  EXPECT_TRUE(IsAddressInUse(db->Listen("tcp", ":80").status()));
  const auto conn1 = Must(db->Dial("tcp", "db:80"));
  const auto conn2 = Must(db->Dial("tcp", "db:80"));
  EXPECT_TRUE(first->Accept().ok());
  EXPECT_TRUE(second->Accept().ok());
}

TEST(FakeNetworkTest, TwoNetworksDoNotSeeEachOther) {
  FakeNetwork one, two;
  const auto listener = Must(one.Host("db")->Listen("tcp", ":80"));
  EXPECT_TRUE(IsRefused(two.Host("db")->Dial("tcp", "db:80").status()));
  EXPECT_TRUE(IsNoSuchHost(two.Host("web")->Dial("tcp", "x:80").status()));
  EXPECT_TRUE(two.Host("db")->Listen("tcp", ":80").ok());
}

TEST(FakeNetworkTest, EverythingOutlivesTheNetwork) {
  auto network = std::make_unique<FakeNetwork>();
  auto db = network->Host("db");
  network.reset();
  const auto listener = Must(db->Listen("tcp", ":80"));
  Connected both = Connect(*db, *listener, "tcp", "db:80");
  auto packets = Must(db->ListenPacket("udp", ":53"));
  db.reset();
  ASSERT_TRUE(both.client->Write("x").ok());
  EXPECT_EQ(ReadSome(*both.server), "x");
  EXPECT_TRUE(listener->Close().ok());
  EXPECT_TRUE(packets->Close().ok());
}

TEST(FakeNetworkTest, RegistersForEveryNetwork) {
  FakeNetwork network;
  Registry registry = RegistryForTest();
  ASSERT_TRUE(network.Host("web")->RegisterAll(registry).ok());
  EXPECT_EQ(registry.Names(),
            (std::vector<std::string>{
                "fake", "fakegram", "ip", "ip4", "ip6", "tcp", "tcp4", "tcp6",
                "udp", "udp4", "udp6", "unix", "unixgram", "unixpacket"}));
  const auto listener = Must(registry.Listen("tcp", ":80"));
  EXPECT_TRUE(registry.Dial("tcp", "web:80").ok());
  EXPECT_EQ(network.Host("web")->RegisterAll(registry).code(),
            absl::StatusCode::kAlreadyExists);
}

TEST(FakeNetworkTest, RegisterFakeIsAHostOfItsOwn) {
  Registry registry;
  ASSERT_TRUE(RegisterFake(registry).ok());
  EXPECT_EQ(registry.Names(), (std::vector<std::string>{"fake", "fakegram"}));
  const auto listener = Must(registry.Listen("fake", "localhost:0"));
  EXPECT_EQ(listener->Address().network(), "fake");
  EXPECT_EQ(listener->Address().ToString(), "127.0.0.1:32768");
  const auto conn = Must(registry.Dial("fake", listener->Address().ToString()));
  EXPECT_EQ(conn->RemoteAddr(), listener->Address());
}

TEST(FakeNetworkTest, FakeIsTcpByAnotherName) {
  FakeNetwork network;
  const auto db = network.Host("db");
  const auto listener = Must(db->Listen("fake", ":80"));
  const Connected both = Connect(*db, *listener, "tcp", "db:80");
  EXPECT_EQ(both.client->RemoteAddr().network(), "tcp");
  EXPECT_EQ(both.server->RemoteAddr().network(), "fake");
}

TEST(FakeNetworkTest, TenThousandHosts) {
  FakeNetwork network;
  auto listener = Must(network.Host("db")->Listen("tcp4", ":5432"));
  std::vector<std::unique_ptr<Conn>> conns;
  for (int i = 0; i < 10000; ++i) {
    const auto host = network.Host(absl::StrCat("host", i));
    conns.push_back(Must(host->Dial("tcp4", "db:5432")));
    conns.push_back(Must(listener->Accept()));
  }
  EXPECT_EQ(conns.back()->RemoteAddr().ToString(), "10.0.39.17:32768");
  ASSERT_TRUE(conns[conns.size() - 2]->Write("last").ok());
  EXPECT_EQ(ReadSome(*conns.back()), "last");
}

}  // namespace
}  // namespace plumb
