// What a policy does to packets.
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/fake/fake.h"
#include "backends/fake/fake_test_util.h"
#include "backends/fake/link_policy.h"
#include "backends/fake/packet.h"
#include "backends/fake/wire_test_util.h"
#include "gtest/gtest.h"
#include "transport/error.h"
#include "transport/io.h"

namespace plumb {
namespace {

using WirePolicyTest = WireTest;

TEST_F(WirePolicyTest, DelayIsOnTheClock) {
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

TEST_F(WirePolicyTest, ALostSegmentIsSentAgain) {
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

TEST_F(WirePolicyTest, WhatIsNeverDeliveredTimesOut) {
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
TEST_F(WirePolicyTest, WhatLandsAfterAResetIsAnsweredWithOne) {
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

TEST_F(WirePolicyTest, WhatOvertakesWaitsAndACopyIsThrownAway) {
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

TEST_F(WirePolicyTest, APayloadIsReplacedByOneOfItsSize) {
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

TEST_F(WirePolicyTest, WhatIsHeldGoesOnWhenItIsJudgedAgain) {
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

TEST_F(WirePolicyTest, APartitionReachesWhatIsUnderWay) {
  auto socket = Must(db_->ListenPacket("udp4", ":53"));
  auto client = Must(web_->Dial("udp4", "db:53"));
  policy_->set_send(When(&HasData, Judgement::Pass(absl::Seconds(1))));
  ASSERT_TRUE(client->Write("lost").ok());
  policy_->set_flight(When(&HasData, Judgement::Drop("partition")));
  network_->JudgeInFlight();
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(recorder_->Take(), "web>db  lost dropped: partition");
}

TEST_F(WirePolicyTest, LandingIsJudgedLast) {
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

TEST_F(WirePolicyTest, AResetTearsBothEndsDownAndSaysWho) {
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

TEST_F(WirePolicyTest, ARefusedSynSaysWho) {
  auto listener = Must(db_->Listen("tcp4", ":80"));
  policy_->set_send([](const Packet&) { return Judgement::Reset("rule 3"); });
  const absl::Status status = web_->Dial("tcp4", "db:80").status();
  EXPECT_TRUE(IsRefused(status)) << status;
  EXPECT_EQ(GetErrorInfo(status)->injected_by, "rule 3");
}

// As a Linux 6.18 does it when a backlog stays full.
TEST_F(WirePolicyTest, ALostSynIsRepeatedUntilDialTimesOut) {
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

TEST_F(WirePolicyTest, DatagramsAreDroppedCopiedAndCounted) {
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

TEST_F(WirePolicyTest, AStreamIsWholeOverABadLink) {
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

TEST(WirePolicyOnTheRealClockTest, DelayedPacketsArriveByThemselves) {
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

TEST(WirePolicyOnTheRealClockTest, ANetworkMayGoWithPacketsHeld) {
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
