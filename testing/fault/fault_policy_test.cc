// The column "fake" of the table in README.md: what each action does to tcp,
// udp and unix sockets of a fake network, at which time, and what is refused.
#include "testing/fault/fault_policy.h"

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "backends/fake/fake.h"
#include "backends/fake/packet_observer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_matchers.h"
#include "testing/fault/faults.h"
#include "testing/fault/make_faults.h"
#include "testing/fault/scoped_rule.h"
#include "testing/matchers.h"
#include "testing/probe_matchers.h"
#include "transport/error.h"
#include "transport/manual_clock.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// What became of packets with bytes: "x ok", "x lost: rule", "x held: rule".
class Fates final : public PacketObserver {
 public:
  void OnPacket(const PacketEvent& event) override {
    if (event.packet.payload.empty()) return;
    std::string line(event.packet.payload);
    switch (event.kind) {
      case PacketEvent::Kind::kSent:
        return;
      case PacketEvent::Kind::kDelivered:
        absl::StrAppend(&line, " ok");
        break;
      case PacketEvent::Kind::kDropped:
        absl::StrAppend(&line, " lost: ", event.cause);
        break;
      case PacketEvent::Kind::kHeld:
        absl::StrAppend(&line, " held: ", event.cause);
        break;
    }
    lines_.push_back(line);
  }
  // Since the last call. The test is the only one that sends.
  std::vector<std::string> Take() { return std::exchange(lines_, {}); }

 private:
  std::vector<std::string> lines_;
};

FaultSetting OnFake() {
  FaultSetting setting;
  setting.targets = {FaultTarget::kFake};
  return setting;
}

// A network with a plan, and a connection on it.
struct World {
  explicit World(absl::string_view plan, int hosts_before = 0) {
    absl::StatusOr<std::shared_ptr<Faults>> made =
        MakeFaults(plan, OnFake(), clock);
    EXPECT_THAT(made, IsOk());
    faults = *std::move(made);
    FakeNetworkOptions options;
    options.clock = &clock;
    options.policy = std::make_shared<FaultPolicy>(faults);
    options.observer = fates;
    network = std::make_unique<FakeNetwork>(options);
    for (int i = 0; i < hosts_before; ++i) {
      (void)network->Host(absl::StrCat("other", i));
    }
    web = network->Host("web");
    db = network->Host("db");
  }

  // Opens `client` to `server`, or to `socket` on udp.
  void Open(const std::string& kind) {
    stream = kind != "udp4";
    if (kind == "unix") {
      listener = *db->Listen("unix", "@s");
      client = *db->Dial("unix", "@s");
    } else if (kind == "tcp4") {
      listener = *db->Listen("tcp4", ":80");
      client = *web->Dial("tcp4", "db:80");
    } else {
      socket = *db->ListenPacket("udp4", ":80");
      client = *web->Dial("udp4", "db:80");
    }
    if (listener != nullptr) server = *listener->Accept();
  }

  absl::Status ReadError(Conn& conn) {
    char byte;
    return conn.Read(absl::MakeSpan(&byte, 1)).status();
  }

  ManualClock clock;
  std::shared_ptr<Fates> fates = std::make_shared<Fates>();
  std::shared_ptr<Faults> faults;
  std::unique_ptr<FakeNetwork> network;
  std::shared_ptr<FakeHost> web, db;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<PacketConn> socket;
  std::unique_ptr<Conn> client, server;
  bool stream = false;
};

class EachNetworkTest : public ::testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<World> Make(absl::string_view plan) {
    auto world = std::make_unique<World>(plan);
    world->Open(GetParam());
    return world;
  }
};

INSTANTIATE_TEST_SUITE_P(Fake, EachNetworkTest,
                         ::testing::Values("tcp4", "udp4", "unix"),
                         [](const auto& one) { return one.param; });

TEST_P(EachNetworkTest, DelayIsOfEachPacketAndAddsUp) {
  auto world = Make(
      "rule { id: 'a' match { segment: DATA } delay { min: '2s' } }"
      "rule { id: 'b' match { segment: DATA nth: 1 } delay { min: '1s' } }");
  ASSERT_THAT(world->client->Write("x"), IsOk());
  world->clock.Advance(absl::Seconds(3) - absl::Nanoseconds(1));
  EXPECT_THAT(world->fates->Take(), IsEmpty());
  world->clock.Advance(absl::Nanoseconds(1));
  EXPECT_THAT(world->fates->Take(), ElementsAre("x ok"));
  ASSERT_THAT(world->client->Write("y"), IsOk());
  world->clock.Advance(absl::Seconds(2));
  EXPECT_THAT(world->fates->Take(), ElementsAre("y ok"));
  EXPECT_THAT(world->faults, AllRulesFired());
}

TEST_P(EachNetworkTest, RateIsBytesOneAfterTheOther) {
  auto world = Make(
      "rule { id: 'r' match { segment: DATA } rate { bytes_per_second: 2 } }");
  ASSERT_THAT(world->client->Write("abcd"), IsOk());
  ASSERT_THAT(world->client->Write("ef"), IsOk());
  world->clock.Advance(absl::Seconds(2) - absl::Nanoseconds(1));
  EXPECT_THAT(world->fates->Take(), IsEmpty());
  world->clock.Advance(absl::Nanoseconds(1));
  EXPECT_THAT(world->fates->Take(), ElementsAre("abcd ok"));
  world->clock.Advance(absl::Seconds(1) - absl::Nanoseconds(1));
  EXPECT_THAT(world->fates->Take(), IsEmpty());
  world->clock.Advance(absl::Nanoseconds(1));
  EXPECT_THAT(world->fates->Take(), ElementsAre("ef ok"));
}

TEST_P(EachNetworkTest, LossIsSentAgainOnStreamsAlone) {
  auto world = Make("rule { id: 'l' match { segment: DATA nth: 1 } loss {} }");
  ASSERT_THAT(world->client->Write("x"), IsOk());
  EXPECT_THAT(world->fates->Take(), ElementsAre("x lost: l"));
  world->clock.Advance(absl::Milliseconds(200));
  if (world->stream) {
    EXPECT_THAT(world->fates->Take(), ElementsAre("x ok"));
    EXPECT_THAT(world->server, ConnReads("x"));
  } else {
    EXPECT_THAT(world->fates->Take(), IsEmpty());
    EXPECT_THAT(world->socket, Not(CanRead()));
  }
}

TEST_P(EachNetworkTest, DuplicatesComeAfterTheInterval) {
  auto world = Make(
      "rule { id: 'd' match { segment: DATA } "
      "       duplicate { copies: 2 interval: '1s' } }");
  ASSERT_THAT(world->client->Write("x"), IsOk());
  EXPECT_THAT(world->fates->Take(), ElementsAre("x ok"));
  if (world->stream) {
    EXPECT_THAT(world->server, ConnReads("x"));
  }
  world->clock.Advance(absl::Seconds(1));
  EXPECT_THAT(world->fates->Take(), ElementsAre("x ok"));
  world->clock.Advance(absl::Seconds(1));
  EXPECT_THAT(world->fates->Take(), ElementsAre("x ok"));
  // A stream is a stream.
  if (world->stream) {
    EXPECT_THAT(world->server, Not(CanRead()));
  }
}

TEST_P(EachNetworkTest, ReorderedPacketsAreOvertaken) {
  auto world = Make(
      "rule { id: 'r' match { segment: DATA nth: 1 } reorder { by: '1s' } }");
  ASSERT_THAT(world->client->Write("1"), IsOk());
  ASSERT_THAT(world->client->Write("2"), IsOk());
  EXPECT_THAT(world->fates->Take(), ElementsAre("2 ok"));
  if (world->stream) {
    EXPECT_THAT(world->server, Not(CanRead()));
  }
  world->clock.Advance(absl::Seconds(1));
  EXPECT_THAT(world->fates->Take(), ElementsAre("1 ok"));
  if (world->stream) {
    EXPECT_THAT(world->server, ConnReads("12"));
  }
}

TEST_P(EachNetworkTest, CorruptChangesBytesAndNotTheSize) {
  auto world = Make("rule { id: 'c' corrupt { bytes: 1 } }");
  ASSERT_THAT(world->client->Write("aaaa"), IsOk());
  const std::vector<std::string> lines = world->fates->Take();
  ASSERT_EQ(lines.size(), 1u);
  ASSERT_EQ(lines[0].size(), std::string("aaaa ok").size());
  int changed = 0;
  for (int i = 0; i < 4; ++i) changed += lines[0][i] != 'a' ? 1 : 0;
  EXPECT_EQ(changed, 1);
}

TEST_P(EachNetworkTest, HoldKeepsWhatIsSentAndWhatIsUnderWay) {
  auto world = Make(
      "rule { id: 'd' match { segment: DATA nth: 1 } delay { min: '5s' } }"
      "rule { id: 'h' off: true match { segment: DATA } hold {} }");
  ASSERT_THAT(world->client->Write("1"), IsOk());
  ASSERT_THAT(world->faults->Enable("h"), IsOk());
  EXPECT_THAT(world->fates->Take(), ElementsAre("1 held: h"));
  ASSERT_THAT(world->client->Write("2"), IsOk());
  EXPECT_THAT(world->fates->Take(), ElementsAre("2 held: h"));
  world->clock.Advance(absl::Hours(1));
  EXPECT_THAT(world->fates->Take(), IsEmpty());
  ASSERT_THAT(world->faults->Disable("h"), IsOk());
  EXPECT_THAT(world->fates->Take(), ElementsAre("1 ok", "2 ok"));
}

TEST_P(EachNetworkTest, PartitionReachesWhatIsUnderWay) {
  auto world = Make(
      "rule { id: 'd' match { segment: DATA nth: 1 } delay { min: '5s' } }"
      "rule { id: 'p' off: true match { segment: DATA } partition {} }");
  ASSERT_THAT(world->client->Write("1"), IsOk());
  ASSERT_THAT(world->faults->Enable("p"), IsOk());
  EXPECT_THAT(world->fates->Take(), ElementsAre("1 lost: p"));
  ASSERT_THAT(world->client->Write("2"), IsOk());
  EXPECT_THAT(world->fates->Take(), ElementsAre("2 lost: p"));
  world->faults->Heal();
  world->clock.Advance(absl::Milliseconds(200));
  if (world->stream) {
    EXPECT_THAT(world->fates->Take(), ElementsAre("1 ok", "2 ok"));
  } else {
    EXPECT_THAT(world->fates->Take(), IsEmpty());
  }
  EXPECT_THAT(world->faults, AllRulesFired());
}

TEST_P(EachNetworkTest, ResetTellsBothEndsWhoDidIt) {
  auto world = Make("rule { id: 'r' match { segment: DATA nth: 1 } reset {} }");
  ASSERT_THAT(world->client->Write("x"), IsOk());
  EXPECT_THAT(world->fates->Take(), ElementsAre("x lost: r"));
  if (!world->stream) {
    EXPECT_THAT(world->client->Write("y"), IsRefused());
    return;
  }
  for (Conn* conn : {world->client.get(), world->server.get()}) {
    EXPECT_THAT(conn, IsClosedByPeer());
    const absl::Status status = world->ReadError(*conn);
    EXPECT_THAT(status, IsReset());
    EXPECT_EQ(GetErrorInfo(status)->injected_by, "r");
  }
}

TEST_P(EachNetworkTest, HalfOpenIsSilentUntilTheSenderGivesUp) {
  auto world =
      Make("rule { id: 'h' match { segment: DATA nth: 2 } half_open {} }");
  ASSERT_THAT(world->client->Write("1"), IsOk());
  EXPECT_THAT(world->fates->Take(), ElementsAre("1 ok"));
  ASSERT_THAT(world->client->Write("2"), IsOk());
  ASSERT_THAT(world->client->Write("3"), IsOk());
  EXPECT_THAT(world->fates->Take(), ElementsAre("2 lost: h", "3 lost: h"));
  if (!world->stream) return;
  ASSERT_THAT(world->server->Write("back"), IsOk());
  EXPECT_THAT(world->fates->Take(), ElementsAre("back lost: h"));
  world->clock.Advance(absl::Hours(1));
  const absl::Status status = world->ReadError(*world->client);
  EXPECT_THAT(status, ErrorIs(absl::StatusCode::kUnavailable,
                              HasSubstr("read: connection timed out")));
  EXPECT_EQ(GetErrorInfo(status)->injected_by, "h");
}

TEST(FaultPolicyTest, ADialIsRefusedAtItsSyn) {
  World world(
      "rule { id: 'f' match { to: 'db' network: 'tcp' nth: 1 } fail_dial {} }");
  auto listener = *world.db->Listen("tcp4", ":80");
  const absl::Status status = world.web->Dial("tcp4", "db:80").status();
  EXPECT_THAT(status,
              ErrorIs(absl::StatusCode::kUnavailable,
                      "dial tcp4 10.0.0.2:80: connect: connection refused"));
  EXPECT_EQ(GetErrorInfo(status)->injected_by, "f");
  EXPECT_THAT(world.web->Dial("tcp4", "db:80"), IsOk());
}

TEST(FaultPolicyTest, ADialTimesOutAsTheKernelHasIt) {
  World world(
      "rule { id: 'f' match { to: 'db' network: 'tcp' nth: 1 } "
      "       fail_dial { how: TIMEOUT } }");
  auto listener = *world.db->Listen("tcp4", ":80");
  const absl::Time start = world.clock.TimeNow();
  absl::Status status;
  std::thread dialer(
      [&] { status = world.web->Dial("tcp4", "db:80").status(); });
  for (int attempt = 0; attempt < 11; ++attempt) {
    world.clock.AwaitAlarms(1);
    ASSERT_TRUE(world.clock.AdvanceToNextAlarm());
  }
  dialer.join();
  EXPECT_EQ(world.clock.TimeNow() - start, absl::Seconds(131));
  EXPECT_THAT(status,
              ErrorIs(absl::StatusCode::kUnavailable,
                      "dial tcp4 10.0.0.2:80: connect: connection timed out"));
  EXPECT_EQ(GetErrorInfo(status)->injected_by, "f");
}

TEST(FaultPolicyTest, WhatNoPacketCanDoIsRefusedByRule) {
  const auto refused = [](absl::string_view rule) {
    return MakeFaults(absl::StrCat("rule { id: 'x' ", rule, " }"), OnFake())
        .status()
        .ToString();
  };
  const std::string calls =
      " of a fake network: packets are judged there, and not calls";
  const std::string hint = " (match.network says which it is for)";
  EXPECT_EQ(refused("chunk { max_bytes: 1 }"),
            "UNIMPLEMENTED: rule[0] 'x': chunk: not on tcp" + calls + hint);
  EXPECT_EQ(refused("match { operation: READ network: 'udp' } "
                    "fail_op { error: 'EIO' }"),
            "UNIMPLEMENTED: rule[0] 'x': fail_op: not on udp" + calls);
  EXPECT_EQ(
      refused("match { operation: DIAL network: 'unix' } delay { min: '1s' }"),
      "UNIMPLEMENTED: rule[0] 'x': delay: not on unix" + calls);
  for (const char* network : {"udp", "unix"}) {
    EXPECT_EQ(
        refused(
            absl::StrCat("match { network: '", network, "' } fail_dial {}")),
        absl::StrCat("UNIMPLEMENTED: rule[0] 'x': fail_dial: not on ", network,
                     " of a fake network: no packet opens a connection"));
  }
  for (const char* how : {"HANG", "NO_SUCH_HOST"}) {
    EXPECT_EQ(refused(absl::StrCat(
                  "match { network: 'tcp' } fail_dial { how: ", how, " }")),
              "UNIMPLEMENTED: rule[0] 'x': fail_dial: not on tcp of a fake "
              "network: a packet can make a dial fail with REFUSED and TIMEOUT "
              "only");
  }
  EXPECT_EQ(refused("match { network: 'unixgram' } loss {}"),
            "UNIMPLEMENTED: rule[0] 'x': match.network: nothing of that "
            "network is judged here");
}

TEST(FaultPolicyTest, TheTimelineReachesWhatIsUnderWay) {
  World world(
      "rule { id: 'd' match { network: 'udp' } delay { min: '10s' } }"
      "rule { id: 'p' off: true partition {} }"
      "timeline { at: '5s' enable: 'p' } timeline { at: '6s' heal {} }");
  world.Open("udp4");
  ASSERT_THAT(world.client->Write("lost"), IsOk());
  world.clock.Advance(absl::Seconds(5));
  EXPECT_THAT(world.fates->Take(), ElementsAre("lost lost: p"));
  world.clock.Advance(absl::Seconds(1));
  ASSERT_THAT(world.client->Write("late"), IsOk());
  world.clock.Advance(absl::Seconds(10));
  EXPECT_THAT(world.fates->Take(), ElementsAre("late ok"));
}

TEST(FaultPolicyTest, AHoldThatEndsByTimeLetsGo) {
  World world("rule { id: 'h' active { until: '2s' } hold {} }");
  world.Open("udp4");
  ASSERT_THAT(world.client->Write("x"), IsOk());
  EXPECT_THAT(world.fates->Take(), ElementsAre("x held: h"));
  world.clock.Advance(absl::Seconds(2));
  EXPECT_THAT(world.fates->Take(), ElementsAre("x ok"));
}

TEST(FaultPolicyTest, SoDoesOneOfARuleThatCameLater) {
  World world("rule { id: 'other' active { until: '9s' } hold {} off: true }");
  world.Open("udp4");
  ScopedRule hold(*world.faults, "id: 'h' active { until: '2s' } hold {}");
  ASSERT_THAT(world.client->Write("x"), IsOk());
  EXPECT_THAT(world.fates->Take(), ElementsAre("x held: h"));
  world.clock.Advance(absl::Seconds(2));
  EXPECT_THAT(world.fates->Take(), ElementsAre("x ok"));
}

TEST(FaultPolicyTest, ACrashedHostIsSilentAndItsRestartResets) {
  World world(
      "timeline { at: '1s' crash: 'db' } timeline { at: '2s' restart: 'db' }");
  world.Open("tcp4");
  world.clock.Advance(absl::Seconds(1));
  ASSERT_THAT(world.client->Write("x"), IsOk());
  EXPECT_THAT(world.fates->Take(), ElementsAre("x lost: crash of db"));
  world.clock.Advance(absl::Milliseconds(800));
  EXPECT_THAT(world.fates->Take(),
              ElementsAre("x lost: crash of db", "x lost: crash of db"));
  EXPECT_THAT(world.client, Not(IsClosedByPeer()));
  world.clock.Advance(absl::Milliseconds(600));
  EXPECT_THAT(world.fates->Take(), ElementsAre("x lost: restart of db"));
  const absl::Status status = world.ReadError(*world.client);
  EXPECT_THAT(status, IsReset());
  EXPECT_EQ(GetErrorInfo(status)->injected_by, "restart of db");
  EXPECT_THAT(world.web->Dial("tcp4", "db:80"), IsOk());
}

// What becomes of two hundred datagrams of web to db, while others talk too.
std::vector<std::string> FatesOf(absl::string_view plan, int hosts_before,
                                 bool others_talk) {
  World world(plan, hosts_before);
  world.Open("udp4");
  std::unique_ptr<Conn> other;
  if (others_talk)
    other = *world.network->Host("other0")->Dial("udp4", "db:80");
  std::vector<std::string> fates;
  for (int i = 0; i < 200; ++i) {
    if (others_talk) {
      EXPECT_THAT(other->Write("noise"), IsOk());
    }
    (void)world.fates->Take();
    EXPECT_THAT(world.client->Write(absl::StrCat(i)), IsOk());
    for (std::string& line : world.fates->Take()) {
      fates.push_back(std::move(line));
    }
  }
  return fates;
}

TEST(FaultPolicyTest, NeitherHostsNorRulesNorTrafficShiftADecision) {
  const std::string plan =
      "seed: 3 rule { id: 'l' match { from: 'web' } probability: 0.3 loss {} }";
  const std::vector<std::string> fates = FatesOf(plan, 0, false);
  EXPECT_THAT(fates, ::testing::Contains("0 lost: l"));
  EXPECT_EQ(FatesOf(plan, 5, false), fates);
  EXPECT_EQ(FatesOf(plan, 1, true), fates);
  EXPECT_EQ(FatesOf("rule { id: 'o' match { from: 'other0' } "
                    "probability: 0.5 loss {} }" +
                        plan,
                    1, true),
            fates);
}

// Between the same two names each connection is another one.
TEST(FaultPolicyTest, UnixConnectionsAreToldApart) {
  World world("rule { id: 'l' probability: 0.5 loss {} }");
  world.Open("unix");
  std::string fates;
  for (int i = 0; i < 40; ++i) {
    auto client = *world.db->Dial("unix", "@s");
    auto server = *world.listener->Accept();
    ASSERT_THAT(client->Write("x"), IsOk());
    fates += world.fates->Take()[0] == "x ok" ? '.' : 'l';
  }
  EXPECT_THAT(fates, HasSubstr("l"));
  EXPECT_THAT(fates, HasSubstr("."));
}

// The example of README.md.
TEST(FaultPolicyTest, TheExampleDoesWhatItSays) {
  ManualClock clock;
  auto faults =
      plumb::MakeFaults(R"(
    seed: 7
    rule { id: "far" match { from: "web" to: "db" } delay { min: "20ms" } }
    rule { id: "lossy" match { from: "db" to: "web" } probability: 0.5 loss {} }
    rule { id: "split" off: true match { to: "db" } partition {} }
    timeline { at: "10s" enable: "split" }
    timeline { at: "15s" heal {} }
  )",
                        {{plumb::FaultTarget::kFake}, {"web", "db"}}, clock);
  ASSERT_THAT(faults, IsOk());
  plumb::FakeNetworkOptions options;
  options.clock = &clock;
  options.policy = std::make_shared<plumb::FaultPolicy>(*faults);
  plumb::FakeNetwork network(options);
  auto at_db = *network.Host("db")->ListenPacket("udp4", ":1");
  auto at_web = *network.Host("web")->ListenPacket("udp4", ":1");
  auto to_db = *network.Host("web")->Dial("udp4", "db:1");
  auto to_web = *network.Host("db")->Dial("udp4", "web:1");
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(to_db->Write("ping"), IsOk());
    EXPECT_THAT(to_web->Write("pong"), IsOk());
  }
  clock.Advance(absl::Seconds(10));
  EXPECT_THAT(to_db->Write("lost"), IsOk());
  EXPECT_THAT(*faults, plumb::AllRulesFired());
}

TEST(FaultPolicyTest, AScopedRuleEndsWithItsScope) {
  World world("");
  world.Open("udp4");
  {
    ScopedRule split(*world.faults,
                     "id: 'split' match { to: 'db' } partition {}");
    ASSERT_THAT(world.client->Write("1"), IsOk());
    EXPECT_THAT(world.fates->Take(), ElementsAre("1 lost: split"));
  }
  ASSERT_THAT(world.client->Write("2"), IsOk());
  EXPECT_THAT(world.fates->Take(), ElementsAre("2 ok"));
  EXPECT_THAT(world.faults, AllRulesFired());
}

}  // namespace
}  // namespace plumb
