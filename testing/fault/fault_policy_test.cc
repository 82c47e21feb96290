// The column "fake" of the table in README.md: what each action does to tcp,
// udp and unix sockets of a fake network, and what is refused.
#include "testing/fault/fault_policy.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_matchers.h"
#include "testing/fault/fault_world.h"
#include "testing/fault/faults.h"
#include "testing/fault/make_faults.h"
#include "testing/matchers.h"
#include "testing/probe_matchers.h"
#include "transport/error.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

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

// Whether the link is good or bad, all is lost here.
TEST_P(EachNetworkTest, LossInBursts) {
  auto world = Make(
      "rule { id: 'b' match { segment: DATA } "
      "       loss { gilbert_elliott { p: 0.2 r: 0.4 good_loss: 1 } } }");
  ASSERT_THAT(world->client->Write("1"), IsOk());
  ASSERT_THAT(world->client->Write("2"), IsOk());
  EXPECT_THAT(world->fates->Take(), ElementsAre("1 lost: b", "2 lost: b"));
  ASSERT_THAT(world->faults->Disable("b"), IsOk());
  world->clock.Advance(absl::Milliseconds(200));
  if (world->stream) {
    EXPECT_THAT(world->fates->Take(), ElementsAre("1 ok", "2 ok"));
  } else {
    EXPECT_THAT(world->fates->Take(), IsEmpty());
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
  for (const std::string network : {"tcp", "udp", "unix"}) {
    EXPECT_EQ(
        refused("match { network: '" + network + "' } chunk { max_bytes: 1 }"),
        "UNIMPLEMENTED: rule[0] 'x': chunk: not on " + network + calls);
    for (const std::string operation : {"DIAL", "ACCEPT", "READ", "WRITE"}) {
      const std::string match =
          "match { operation: " + operation + " network: '" + network + "' } ";
      EXPECT_EQ(
          refused(match + "fail_op { error: 'EIO' }"),
          "UNIMPLEMENTED: rule[0] 'x': fail_op: not on " + network + calls);
      EXPECT_EQ(refused(match + "delay { min: '1s' }"),
                "UNIMPLEMENTED: rule[0] 'x': delay: not on " + network + calls);
    }
  }
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
  // Nothing gets between their ends.
  for (const char* network : {"unixgram", "unixpacket"}) {
    EXPECT_EQ(
        refused(absl::StrCat("match { network: '", network, "' } loss {}")),
        "UNIMPLEMENTED: rule[0] 'x': match.network: nothing of that "
        "network is judged here");
  }
}

TEST(FaultPolicyTest, RulesForAllNetworksLeaveOutWhatIsNotJudged) {
  World world("rule { id: 'l' match { to: 'db' } loss {} }");
  auto listener = *world.db->Listen("unixpacket", "@p");
  auto client = *world.db->Dial("unixpacket", "@p");
  auto server = *listener->Accept();
  ASSERT_THAT(client->Write("packet"), IsOk());
  EXPECT_THAT(server, ConnReads("packet"));
  auto socket = *world.db->ListenPacket("unixgram", "@g");
  auto sender = *world.db->Dial("unixgram", "@g");
  ASSERT_THAT(sender->Write("datagram"), IsOk());
  EXPECT_THAT(socket, CanRead());
  EXPECT_EQ(world.faults->Counts()[0].matches, 0u);
}

}  // namespace
}  // namespace plumb
