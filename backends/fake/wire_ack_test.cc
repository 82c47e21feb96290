// Which packets acknowledge what came.
#include <cstdint>
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
#include "backends/fake/link_policy.h"
#include "backends/fake/packet.h"
#include "backends/fake/packet_observer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "transport/conn.h"
#include "transport/manual_clock.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;

// What is sent, with how many bytes it acknowledges: "db +3 answer".
class Acknowledgments final : public PacketObserver {
 public:
  void OnPacket(const PacketEvent& event) override {
    const Packet& packet = event.packet;
    if (event.kind != PacketEvent::Kind::kSent) return;
    if (packet.Has(Packet::kSyn)) {
      (packet.Has(Packet::kAck) ? web_ : db_) = packet.sequence + 1;
      return;
    }
    const uint32_t first = packet.source_host == "web" ? web_ : db_;
    lines_.push_back(
        absl::StrCat(packet.source_host, " +", packet.acknowledgment - first,
                     packet.payload.empty() ? "" : " ", packet.payload));
  }
  std::vector<std::string> Take() { return std::exchange(lines_, {}); }

 private:
  std::vector<std::string> lines_;
  uint32_t web_ = 0, db_ = 0;  // what each acknowledges first
};

// Answers, as somebody does who is quick, before the question is acknowledged;
// or sends everything twice.
class Policy final : public LinkPolicy {
 public:
  Judgement AtSend(const Packet& packet, absl::Time) override {
    Judgement judgement;
    if (twice && !packet.payload.empty()) {
      judgement.copies = {absl::Seconds(1)};
    }
    return judgement;
  }
  Judgement AtLanding(const Packet& packet, absl::Time) override {
    if (server != nullptr && packet.payload == "question") {
      std::thread([this] { EXPECT_TRUE(server->Write("answer").ok()); }).join();
    }
    return Judgement::Pass();
  }
  Conn* server = nullptr;
  bool twice = false;
};

class WireAckTest : public ::testing::Test {
 protected:
  WireAckTest() {
    FakeNetworkOptions options;
    options.clock = &clock_;
    options.policy = policy_;
    options.observer = sent_;
    network_ = std::make_unique<FakeNetwork>(options);
    const auto listener = Must(network_->Host("db")->Listen("tcp4", ":80"));
    both_ = Connect(*network_->Host("web"), *listener, "tcp4", "db:80");
    EXPECT_THAT(sent_->Take(), ElementsAre("web +0"));
  }

  ManualClock clock_;
  std::shared_ptr<Policy> policy_ = std::make_shared<Policy>();
  std::shared_ptr<Acknowledgments> sent_ = std::make_shared<Acknowledgments>();
  std::unique_ptr<FakeNetwork> network_;
  Connected both_;
};

TEST_F(WireAckTest, EachSegmentIsAcknowledged) {
  ASSERT_TRUE(both_.client->Write("one").ok());
  ASSERT_TRUE(both_.client->Write("more").ok());
  ASSERT_TRUE(both_.client->CloseWrite().ok());
  EXPECT_THAT(sent_->Take(), ElementsAre("web +0 one", "db +3", "web +0 more",
                                         "db +7", "web +0", "db +8"));
}

TEST_F(WireAckTest, AnAnswerThatAcknowledgesLeavesNothingToAcknowledge) {
  policy_->server = both_.server.get();
  ASSERT_TRUE(both_.client->Write("question").ok());
  EXPECT_THAT(sent_->Take(),
              ElementsAre("web +0 question", "db +8 answer", "web +6"));
}

TEST_F(WireAckTest, WhatComesTwiceIsAcknowledgedTwice) {
  policy_->twice = true;
  ASSERT_TRUE(both_.client->Write("x").ok());
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(sent_->Take(),
              ElementsAre("web +0 x", "web +0 x", "db +1", "db +1"));
}

}  // namespace
}  // namespace plumb
