// What a policy does to packets, and what an observer sees of them.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "backends/fake/fake.h"
#include "backends/fake/fake_test_util.h"
#include "backends/fake/link_policy.h"
#include "backends/fake/packet.h"
#include "backends/fake/packet_observer.h"
#include "gtest/gtest.h"
#include "transport/error.h"
#include "transport/extensions.h"
#include "transport/io.h"
#include "transport/manual_clock.h"

namespace plumb {
namespace {

std::string FlagsOf(const Packet& packet) {
  std::string text;
  for (const auto& [flag, letter] :
       std::map<Packet::Flag, char>{{Packet::kSyn, 'S'},
                                    {Packet::kFin, 'F'},
                                    {Packet::kRst, 'R'},
                                    {Packet::kPsh, 'P'},
                                    {Packet::kAck, '.'}}) {
    if (packet.Has(flag)) text += letter;
  }
  return text;
}

// Writes down what it sees: "web>db S" is sent, "web>db S ok" delivered.
class Recorder final : public PacketObserver {
 public:
  void OnPacket(const PacketEvent& event) override {
    const Packet& packet = event.packet;
    std::string line = absl::StrCat(
        packet.source_host, ">", packet.destination_host, " ", FlagsOf(packet));
    if (packet.attempt > 0) absl::StrAppend(&line, " again");
    if (!packet.payload.empty()) absl::StrAppend(&line, " ", packet.payload);
    if (event.kind == PacketEvent::Kind::kDelivered) line += " ok";
    if (event.kind == PacketEvent::Kind::kDropped) {
      absl::StrAppend(&line, " dropped: ", event.cause);
    }
    if (event.kind == PacketEvent::Kind::kHeld) {
      absl::StrAppend(&line, " held: ", event.cause);
    }
    absl::MutexLock lock(&mutex_);
    lines_.push_back(line);
    last_ = packet;
    last_.payload = absl::string_view();
    last_time_ = event.time;
  }

  // What was delivered, dropped and held since the last call, in lines.
  std::string Take() {
    absl::MutexLock lock(&mutex_);
    std::vector<std::string> lines;
    for (const std::string& line : lines_) {
      if (line.find(" ok") != std::string::npos ||
          line.find(": ") != std::string::npos) {
        lines.push_back(line);
      }
    }
    lines_.clear();
    return absl::StrJoin(lines, "\n");
  }

  Packet last() const {
    absl::MutexLock lock(&mutex_);
    return last_;
  }
  absl::Time last_time() const {
    absl::MutexLock lock(&mutex_);
    return last_time_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::vector<std::string> lines_;
  Packet last_;
  absl::Time last_time_;
};

// Does what the test says now.
class Scripted final : public LinkPolicy {
 public:
  using Rule = std::function<Judgement(const Packet&)>;

  Judgement AtSend(const Packet& packet, absl::Time) override {
    return Ask(&Scripted::send_, packet);
  }
  std::optional<Judgement> InFlight(const Packet& packet, absl::Time) override {
    return Ask(&Scripted::flight_, packet);
  }
  Judgement AtLanding(const Packet& packet, absl::Time) override {
    return Ask(&Scripted::landing_, packet);
  }

  void set_send(Rule rule) { Set(&Scripted::send_, std::move(rule)); }
  void set_flight(Rule rule) { Set(&Scripted::flight_, std::move(rule)); }
  void set_landing(Rule rule) { Set(&Scripted::landing_, std::move(rule)); }

 private:
  Judgement Ask(Rule Scripted::*rule, const Packet& packet) {
    absl::MutexLock lock(&mutex_);
    return this->*rule ? (this->*rule)(packet) : Judgement::Pass();
  }
  void Set(Rule Scripted::*rule, Rule value) {
    absl::MutexLock lock(&mutex_);
    this->*rule = std::move(value);
  }

  absl::Mutex mutex_;
  Rule send_, flight_, landing_;
};

class WireTest : public ::testing::Test {
 protected:
  WireTest() {
    options_.clock = &clock_;
    options_.policy = policy_;
    options_.observer = recorder_;
    network_ = std::make_unique<FakeNetwork>(options_);
    db_ = network_->Host("db");
    web_ = network_->Host("web");
  }

  Connected Open() {
    if (listener_ == nullptr) listener_ = Must(db_->Listen("tcp4", ":80"));
    Connected both = Connect(*web_, *listener_, "tcp4", "db:80");
    (void)recorder_->Take();
    return both;
  }

  static bool HasData(const Packet& packet) { return !packet.payload.empty(); }
  // Of what `match` holds for.
  static Scripted::Rule When(bool (*match)(const Packet&),
                             Judgement judgement) {
    return [match, judgement](const Packet& packet) {
      return match(packet) ? judgement : Judgement::Pass();
    };
  }

  ManualClock clock_;
  std::shared_ptr<Scripted> policy_ = std::make_shared<Scripted>();
  std::shared_ptr<Recorder> recorder_ = std::make_shared<Recorder>();
  FakeNetworkOptions options_;
  std::unique_ptr<FakeNetwork> network_;
  std::shared_ptr<FakeHost> db_, web_;
  std::unique_ptr<Listener> listener_;
};

TEST_F(WireTest, AConnectionIsPacketsFromSynToFin) {
  auto listener = Must(db_->Listen("tcp4", ":80"));
  auto [client, server] = Connect(*web_, *listener, "tcp4", "db:80");
  EXPECT_EQ(recorder_->Take(), "web>db S ok\ndb>web S. ok\nweb>db . ok");
  ASSERT_TRUE(client->Write("ping").ok());
  EXPECT_EQ(ReadSome(*server), "ping");
  EXPECT_EQ(recorder_->Take(), "web>db P. ping ok\ndb>web . ok");
  ASSERT_TRUE(client->Close().ok());
  EXPECT_EQ(ReadSome(*server), "EOF");
  ASSERT_TRUE(server->Close().ok());
  EXPECT_EQ(recorder_->Take(),
            "web>db F. ok\ndb>web . ok\ndb>web F. ok\nweb>db . ok");
}

TEST_F(WireTest, NumbersAreThoseOfTcp) {
  auto [client, server] = Open();
  ASSERT_TRUE(client->Write("ping").ok());
  const Packet first = recorder_->last();  // the acknowledgment
  ASSERT_TRUE(client->Write("pong!").ok());
  const Packet second = recorder_->last();
  EXPECT_EQ(second.acknowledgment - first.acknowledgment, 5u);
  EXPECT_EQ(second.sequence, first.sequence);
  ASSERT_TRUE(client->CloseWrite().ok());
  EXPECT_EQ(recorder_->last().acknowledgment - second.acknowledgment, 1u);
  EXPECT_EQ(second.source, server->LocalAddr());
  EXPECT_EQ(second.destination, client->LocalAddr());
}

TEST_F(WireTest, AWriteBecomesSegments) {
  std::vector<size_t> sizes;
  auto [client, server] = Open();
  policy_->set_landing([&sizes](const Packet& packet) {
    if (HasData(packet)) sizes.push_back(packet.payload.size());
    return Judgement::Pass();
  });
  ASSERT_TRUE(client->Write(std::string(3000, 'x')).ok());
  EXPECT_EQ(sizes, (std::vector<size_t>{1448, 1448, 104}));
  EXPECT_EQ(ReadSome(*server, 4000), std::string(3000, 'x'));
}

// As Linux has them: TCP_INFO's tcpi_snd_mss of an Ethernet and a loopback.
TEST_F(WireTest, SegmentsFillAPacket) {
  std::vector<size_t> sizes;
  policy_->set_send([&sizes](const Packet& packet) {
    if (HasData(packet)) sizes.push_back(packet.payload.size());
    return Judgement::Pass();
  });
  const auto sizes_of = [&](FakeHost& host, const char* network,
                            const std::string& address, size_t bytes) {
    const auto listener = Must(db_->Listen(network, ":80"));
    const Connected both = Connect(host, *listener, network, address);
    sizes.clear();
    EXPECT_EQ(ErrorOf(both.client->Write(std::string(bytes, 'x'))), "OK");
    return sizes;
  };
  using Sizes = std::vector<size_t>;
  EXPECT_EQ(sizes_of(*web_, "tcp4", "db:80", 1500), (Sizes{1448, 52}));
  EXPECT_EQ(sizes_of(*web_, "tcp6", "db:80", 1500), (Sizes{1428, 72}));
  EXPECT_EQ(sizes_of(*db_, "tcp4", "db:80", 65500), (Sizes{65483, 17}));
  EXPECT_EQ(sizes_of(*db_, "tcp6", "db:80", 65500), (Sizes{65464, 36}));
  EXPECT_EQ(sizes_of(*db_, "tcp4", "127.0.0.1:80", 65500), (Sizes{65483, 17}));
  EXPECT_EQ(sizes_of(*db_, "tcp6", "[::1]:80", 65500), (Sizes{65464, 36}));
}

TEST_F(WireTest, NobodyListensIsAReset) {
  EXPECT_EQ(ErrorOf(web_->Dial("tcp4", "db:81")),
            "dial tcp4 10.0.0.1:81: connect: connection refused");
  EXPECT_EQ(recorder_->Take(), "web>db S ok\ndb>web R. ok");
}

TEST_F(WireTest, UnreadDataIsAReset) {
  auto [client, server] = Open();
  ASSERT_TRUE(client->Write("unread").ok());
  (void)recorder_->Take();
  ASSERT_TRUE(server->Close().ok());
  EXPECT_EQ(recorder_->Take(), "db>web R. ok");
  EXPECT_TRUE(IsReset(client->Write("x")));
  EXPECT_TRUE(IsBrokenPipe(client->Write("x")));
}

TEST_F(WireTest, AWriteToAClosedEndComesBackAsAReset) {
  auto [client, server] = Open();
  ASSERT_TRUE(server->Close().ok());
  ASSERT_TRUE(client->Write("lost").ok());
  EXPECT_TRUE(IsBrokenPipe(client->Write("x")));
  EXPECT_NE(recorder_->Take().find("db>web R. ok"), std::string::npos);
}

TEST_F(WireTest, DelayIsOnTheClock) {
  auto [client, server] = Open();
  policy_->set_send(When(&HasData, Judgement::Pass(absl::Seconds(2))));
  const absl::Time sent = clock_.TimeNow();
  ASSERT_TRUE(client->Write("late").ok());
  ASSERT_EQ(network_->InFlight().size(), 1u);
  EXPECT_EQ(*network_->InFlight()[0].payload, "late");
  EXPECT_FALSE(network_->InFlight()[0].held);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(recorder_->Take(), "");
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(recorder_->Take(), "web>db P. late ok\ndb>web . ok");
  EXPECT_EQ(recorder_->last_time(), sent + absl::Seconds(2));
  EXPECT_EQ(ReadSome(*server), "late");
}

TEST_F(WireTest, ALostSegmentIsSentAgain) {
  auto [client, server] = Open();
  policy_->set_send([](const Packet& packet) {
    return packet.payload == "a" && packet.attempt < 2 ? Judgement::Drop("loss")
                                                       : Judgement::Pass();
  });
  ASSERT_TRUE(client->Write("a").ok());
  ASSERT_TRUE(client->Write("b").ok());
  EXPECT_EQ(recorder_->Take(),
            "web>db P. a dropped: loss\nweb>db P. b ok\ndb>web . ok");
  clock_.Advance(absl::Milliseconds(200));
  EXPECT_EQ(recorder_->Take(), "web>db P. again a dropped: loss");
  clock_.Advance(absl::Milliseconds(400));
  EXPECT_EQ(recorder_->Take(), "web>db P. again a ok\ndb>web . ok");
  EXPECT_EQ(ReadSome(*server), "ab");
}

TEST_F(WireTest, WhatIsNeverDeliveredTimesOut) {
  auto [client, server] = Open();
  policy_->set_send(When(&HasData, Judgement::Drop("partition")));
  ASSERT_TRUE(client->Write("a").ok());
  clock_.Advance(absl::Hours(1));
  std::string buffer(10, '\0');
  const absl::Status status =
      client->Read(absl::MakeSpan(&buffer[0], buffer.size())).status();
  EXPECT_EQ(status.message(),
            "read tcp4 10.0.0.2:32768->10.0.0.1:80: read: connection timed "
            "out");
  EXPECT_EQ(GetErrorInfo(status)->injected_by, "partition");
  EXPECT_TRUE(IsBrokenPipe(client->Write("x")));
}

// As a host does that knows of no such connection.
TEST_F(WireTest, WhatLandsAfterAResetIsAnsweredWithOne) {
  auto [client, server] = Open();
  policy_->set_send([](const Packet& packet) {
    return packet.payload == "a" ? Judgement::Drop("deaf")
           : packet.payload == "late" || packet.Has(Packet::kFin)
               ? Judgement::Pass(absl::Hours(2))
               : Judgement::Pass();
  });
  ASSERT_TRUE(client->Write("a").ok());
  ASSERT_TRUE(server->Write("late").ok());
  ASSERT_TRUE(server->CloseWrite().ok());
  clock_.Advance(absl::Hours(1));
  (void)recorder_->Take();
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(recorder_->Take(),
            "db>web P. late ok\nweb>db R. ok\n"
            "db>web F. ok\nweb>db . ok");
  EXPECT_EQ(ReadSome(*client),
            "read tcp4 10.0.0.2:32768->10.0.0.1:80: read: connection timed "
            "out");
  EXPECT_EQ(ReadSome(*client), "EOF");
  EXPECT_EQ(ReadSome(*server),
            "read tcp4 10.0.0.1:80->10.0.0.2:32768: read: connection reset by "
            "peer");
}

TEST_F(WireTest, WhatOvertakesWaitsAndACopyIsThrownAway) {
  auto [client, server] = Open();
  policy_->set_send([](const Packet& packet) {
    Judgement judgement = Judgement::Pass();
    if (packet.payload == "1") judgement.delay = absl::Seconds(3);
    if (packet.payload == "2") judgement.copies = {absl::Seconds(1)};
    return judgement;
  });
  ASSERT_TRUE(client->Write("1").ok());
  ASSERT_TRUE(client->Write("2").ok());
  ASSERT_TRUE(client->Write("3").ok());
  ASSERT_TRUE(client->Close().ok());
  clock_.Advance(absl::Seconds(3));
  EXPECT_EQ(ReadSome(*server), "123");
  EXPECT_EQ(ReadSome(*server), "EOF");
}

TEST_F(WireTest, APayloadIsReplacedByOneOfItsSize) {
  auto [client, server] = Open();
  policy_->set_send([](const Packet& packet) {
    Judgement judgement = Judgement::Pass();
    judgement.payload = packet.payload == "good" ? "evil" : "too long";
    return judgement;
  });
  ASSERT_TRUE(client->Write("good").ok());
  EXPECT_EQ(ReadSome(*server), "evil");
  ASSERT_TRUE(client->Write("as it is").ok());
  EXPECT_EQ(ReadSome(*server), "too long");
  ASSERT_TRUE(client->Write("short").ok());
  EXPECT_EQ(ReadSome(*server), "short");
}

TEST_F(WireTest, WhatIsHeldGoesOnWhenItIsJudgedAgain) {
  auto [client, server] = Open();
  policy_->set_send(When(&HasData, Judgement::Hold("test")));
  ASSERT_TRUE(client->Write("a").ok());
  ASSERT_TRUE(client->Write("b").ok());
  EXPECT_EQ(recorder_->Take(),
            "web>db P. a held: test\nweb>db P. b held: test");
  ASSERT_EQ(network_->InFlight().size(), 2u);
  EXPECT_TRUE(network_->InFlight()[1].held);
  policy_->set_flight([](const Packet& packet) {
    return packet.payload == "a" ? Judgement::Drop("chosen")
                                 : Judgement::Pass();
  });
  policy_->set_send(nullptr);
  network_->JudgeInFlight();
  EXPECT_EQ(recorder_->Take(),
            "web>db P. a dropped: chosen\nweb>db P. b ok\ndb>web . ok");
  EXPECT_EQ(network_->InFlight().size(), 0u);
  clock_.Advance(absl::Milliseconds(200));
  EXPECT_EQ(ReadSome(*server), "ab");
}

TEST_F(WireTest, APartitionReachesWhatIsUnderWay) {
  auto socket = Must(db_->ListenPacket("udp4", ":53"));
  auto client = Must(web_->Dial("udp4", "db:53"));
  policy_->set_send(When(&HasData, Judgement::Pass(absl::Seconds(1))));
  ASSERT_TRUE(client->Write("lost").ok());
  policy_->set_flight(When(&HasData, Judgement::Drop("partition")));
  network_->JudgeInFlight();
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(recorder_->Take(), "web>db  lost dropped: partition");
}

TEST_F(WireTest, LandingIsJudgedLast) {
  int landings = 0;
  auto [client, server] = Open();
  policy_->set_send(When(&HasData, Judgement::Pass(absl::Seconds(1))));
  policy_->set_landing([&landings](const Packet& packet) {
    return HasData(packet) && landings++ == 0
               ? Judgement::Pass(absl::Seconds(4))
               : Judgement::Pass();
  });
  ASSERT_TRUE(client->Write("x").ok());
  clock_.Advance(absl::Seconds(4));
  EXPECT_EQ(recorder_->Take(), "");
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(recorder_->Take(), "web>db P. x ok\ndb>web . ok");
  EXPECT_EQ(landings, 2);
}

TEST_F(WireTest, AResetTearsBothEndsDownAndSaysWho) {
  auto [client, server] = Open();
  policy_->set_send(When(&HasData, Judgement::Reset("rule 7")));
  ASSERT_TRUE(client->Write("x").ok());
  for (Conn* conn : {client.get(), server.get()}) {
    std::string buffer(10, '\0');
    const absl::Status status =
        conn->Read(absl::MakeSpan(&buffer[0], buffer.size())).status();
    EXPECT_TRUE(IsReset(status)) << status;
    EXPECT_EQ(GetErrorInfo(status)->injected_by, "rule 7");
    EXPECT_EQ(ReadSome(*conn), "EOF");
  }
}

TEST_F(WireTest, ARefusedSynSaysWho) {
  auto listener = Must(db_->Listen("tcp4", ":80"));
  policy_->set_send([](const Packet&) { return Judgement::Reset("rule 3"); });
  const absl::Status status = web_->Dial("tcp4", "db:80").status();
  EXPECT_TRUE(IsRefused(status)) << status;
  EXPECT_EQ(GetErrorInfo(status)->injected_by, "rule 3");
}

// As a Linux 6.18 does it when a backlog stays full.
TEST_F(WireTest, ALostSynIsRepeatedUntilDialTimesOut) {
  auto listener = Must(db_->Listen("tcp4", ":80"));
  policy_->set_send([](const Packet&) { return Judgement::Drop("dead"); });
  const absl::Time start = clock_.TimeNow();
  absl::Status error;
  std::thread dialer([&] { error = web_->Dial("tcp4", "db:80").status(); });
  for (int seconds : {1, 2, 3, 4, 5, 7, 11, 19, 35, 67, 131}) {
    clock_.AwaitAlarms(1);
    ASSERT_TRUE(clock_.AdvanceToNextAlarm());
    EXPECT_EQ(clock_.TimeNow() - start, absl::Seconds(seconds));
  }
  dialer.join();
  EXPECT_EQ(error.message(),
            "dial tcp4 10.0.0.1:80: connect: connection timed out");
  EXPECT_EQ(GetErrorInfo(error)->injected_by, "dead");
}

TEST_F(WireTest, ASynToAFullBacklogIsLostAndRepeated) {
  ListenOptions one;
  one.backlog = 0;
  auto listener = Must(db_->Listen("tcp4", ":80", one));
  auto first = Must(web_->Dial("tcp4", "db:80"));
  (void)recorder_->Take();
  std::unique_ptr<Conn> second;
  std::thread dialer([&] { second = Must(web_->Dial("tcp4", "db:80")); });
  clock_.AwaitAlarms(1);
  EXPECT_EQ(recorder_->Take(), "web>db S dropped: the backlog is full");
  Must(listener->Accept());
  clock_.Advance(absl::Seconds(1));
  dialer.join();
  EXPECT_NE(recorder_->Take().find("web>db S again ok\ndb>web S. ok"),
            std::string::npos);
  EXPECT_NE(second, nullptr);
}

TEST_F(WireTest, DatagramsAreDroppedCopiedAndCounted) {
  auto socket = Must(db_->ListenPacket("udp4", ":53"));
  auto client = Must(web_->Dial("udp4", "db:53"));
  policy_->set_send([](const Packet& packet) {
    if (packet.ordinal == 0) return Judgement::Drop("first");
    Judgement judgement = Judgement::Pass();
    if (packet.ordinal == 1) judgement.copies = {absl::ZeroDuration()};
    return judgement;
  });
  ASSERT_TRUE(client->Write("a").ok());
  ASSERT_TRUE(client->Write("b").ok());
  EXPECT_EQ(recorder_->Take(),
            "web>db  a dropped: first\nweb>db  b ok\nweb>db  b ok");
}

TEST_F(WireTest, ADatagramToNobodyIsRefusedWhenItLands) {
  auto client = Must(web_->Dial("udp4", "db:53"));
  ASSERT_TRUE(client->Write("a").ok());
  EXPECT_EQ(recorder_->Take(), "web>db  a dropped: nobody is there");
  EXPECT_TRUE(IsRefused(client->Write("b")));
}

TEST_F(WireTest, UnixpacketIsSeen) {
  auto listener = Must(db_->Listen("unixpacket", "@s"));
  auto [client, server] = Connect(*db_, *listener, "unixpacket", "@s");
  ASSERT_TRUE(client->Write("one").ok());
  EXPECT_EQ(recorder_->last().ordinal, 0u);
  ASSERT_TRUE(client->Write("two").ok());
  const Packet second = recorder_->last();
  EXPECT_EQ(second.protocol, Packet::Protocol::kUnixpacket);
  EXPECT_EQ(second.ordinal, 1u);
  EXPECT_EQ(second.side, 0);
  EXPECT_EQ(second.source, Addr::Unnamed("unixpacket"));
  EXPECT_EQ(second.destination, server->LocalAddr());
  ASSERT_TRUE(server->Write("back").ok());
  EXPECT_EQ(recorder_->last().side, 1);
  EXPECT_EQ(recorder_->last().flow, second.flow);
  ASSERT_TRUE(client->CloseWrite().ok());
  ASSERT_TRUE(client->Close().ok());
  ASSERT_TRUE(server->Close().ok());
  EXPECT_EQ(recorder_->Take(),
            "db>db S ok\ndb>db S. ok\ndb>db P. one ok\ndb>db P. two ok\n"
            "db>db P. back ok\ndb>db F. ok\ndb>db R. ok\ndb>db R. ok");
}

// Nothing gets between its ends: it is not judged.
TEST_F(WireTest, UnixpacketIsNotDropped) {
  policy_->set_send(When(&HasData, Judgement::Drop("all")));
  auto listener = Must(db_->Listen("unixpacket", "@s"));
  auto [client, server] = Connect(*db_, *listener, "unixpacket", "@s");
  ASSERT_TRUE(client->Write("x").ok());
  EXPECT_EQ(ReadSome(*server), "x");
  ASSERT_TRUE(server->Close().ok());
  EXPECT_EQ(recorder_->Take(),
            "db>db S ok\ndb>db S. ok\ndb>db P. x ok\ndb>db F. ok");
}

TEST_F(WireTest, UnixSocketsAreSeen) {
  auto listener = Must(db_->Listen("unix", "@s"));
  auto [client, server] = Connect(*db_, *listener, "unix", "@s");
  ASSERT_TRUE(client->Write("x").ok());
  EXPECT_EQ(ReadSome(*server), "x");
  auto gram = Must(db_->ListenPacket("unixgram", "@g"));
  auto sender = Must(db_->Dial("unixgram", "@g"));
  ASSERT_TRUE(sender->Write("y").ok());
  EXPECT_EQ(recorder_->Take(),
            "db>db S ok\ndb>db S. ok\ndb>db P. x ok\ndb>db  y ok");
}

TEST_F(WireTest, AStreamIsWholeOverABadLink) {
  auto [client, server] = Open();
  policy_->set_send([](const Packet& packet) {
    const uint64_t hash = (packet.id + packet.offset) * 0x9e3779b97f4a7c15u;
    if (packet.attempt == 0 && hash >> 62 == 0) return Judgement::Drop("loss");
    Judgement judgement =
        Judgement::Pass(absl::Milliseconds((hash >> 48) % 50));
    if (hash >> 60 == 15) judgement.copies = {absl::Milliseconds(7)};
    return judgement;
  });
  std::string sent;
  for (int i = 0; i < 20000; ++i) absl::StrAppend(&sent, i, ",");
  std::thread writer([&client = client, &sent] {
    ASSERT_TRUE(client->Write(sent).ok());
    ASSERT_TRUE(client->Close().ok());
  });
  std::string received;
  std::thread reader(
      [&server = server, &received] { received = Must(ReadAll(*server)); });
  // The network's alarms are all that there is to wait for.
  std::atomic<bool> done{false};
  std::thread time([this, &done] {
    while (!done) {
      if (!clock_.AdvanceToNextAlarm()) std::this_thread::yield();
    }
  });
  writer.join();
  reader.join();
  done = true;
  time.join();
  EXPECT_EQ(received, sent);
}

TEST(WireOnTheRealClockTest, DelayedPacketsArriveByThemselves) {
  FakeNetworkOptions options;
  const auto policy = std::make_shared<Scripted>();
  policy->set_send(
      [](const Packet&) { return Judgement::Pass(absl::Milliseconds(1)); });
  options.policy = policy;
  FakeNetwork network(options);
  auto listener = Must(network.Host("db")->Listen("tcp4", ":80"));
  auto [client, server] =
      Connect(*network.Host("web"), *listener, "tcp4", "db:80");
  ASSERT_TRUE(client->Write("ping").ok());
  EXPECT_EQ(ReadSome(*server), "ping");
  ASSERT_TRUE(server->Close().ok());
  EXPECT_EQ(ReadSome(*client), "EOF");
}

TEST(WireOnTheRealClockTest, ANetworkMayGoWithPacketsHeld) {
  FakeNetworkOptions options;
  const auto policy = std::make_shared<Scripted>();
  options.policy = policy;
  auto network = std::make_unique<FakeNetwork>(options);
  auto listener = Must(network->Host("db")->Listen("tcp4", ":80"));
  auto [client, server] =
      Connect(*network->Host("web"), *listener, "tcp4", "db:80");
  policy->set_send([](const Packet&) { return Judgement::Hold("test"); });
  ASSERT_TRUE(client->Write("ping").ok());
  network.reset();
  EXPECT_TRUE(client->Close().ok());
}

}  // namespace
}  // namespace plumb
