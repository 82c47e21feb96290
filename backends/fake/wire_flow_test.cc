// When a policy is told that a flow has ended.
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "backends/fake/fake.h"
#include "backends/fake/fake_test_util.h"
#include "backends/fake/link_policy.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "transport/manual_clock.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Delays what carries bytes by a second, and writes down which flows ended.
class Ends final : public LinkPolicy {
 public:
  Judgement AtSend(const Packet& packet, absl::Time) override {
    absl::MutexLock lock(&mutex_);
    last_ = packet.flow;
    return Judgement::Pass(packet.payload.empty() ? absl::ZeroDuration()
                                                  : absl::Seconds(1));
  }
  void EndFlow(uint64_t flow) override {
    absl::MutexLock lock(&mutex_);
    ended_.push_back(flow);
  }

  uint64_t last() const {
    absl::MutexLock lock(&mutex_);
    return last_;
  }
  std::vector<uint64_t> ended() const {
    absl::MutexLock lock(&mutex_);
    return ended_;
  }

 private:
  mutable absl::Mutex mutex_;
  uint64_t last_ = 0;
  std::vector<uint64_t> ended_;
};

class WireFlowTest : public ::testing::Test {
 protected:
  WireFlowTest() {
    options_.clock = &clock_;
    options_.policy = policy_;
    network_ = std::make_unique<FakeNetwork>(options_);
    db_ = network_->Host("db");
    web_ = network_->Host("web");
  }

  ManualClock clock_;
  std::shared_ptr<Ends> policy_ = std::make_shared<Ends>();
  FakeNetworkOptions options_;
  std::unique_ptr<FakeNetwork> network_;
  std::shared_ptr<FakeHost> db_, web_;
};

TEST_F(WireFlowTest, AConnectionEndsWhenBothEndsAreGone) {
  auto listener = Must(db_->Listen("tcp4", ":80"));
  auto [client, server] = Connect(*web_, *listener, "tcp4", "db:80");
  const uint64_t flow = policy_->last();
  ASSERT_TRUE(client->Close().ok());
  client.reset();
  network_->JudgeInFlight();
  EXPECT_THAT(policy_->ended(), IsEmpty());
  ASSERT_TRUE(server->Close().ok());
  server.reset();
  network_->JudgeInFlight();
  EXPECT_THAT(policy_->ended(), ElementsAre(flow));
}

TEST_F(WireFlowTest, ADialThatFailsLeavesNothing) {
  EXPECT_FALSE(web_->Dial("tcp4", "db:80").ok());
  network_->JudgeInFlight();
  EXPECT_THAT(policy_->ended(), ElementsAre(policy_->last()));
}

TEST_F(WireFlowTest, ASenderEndsWithTheLastOfItsDatagrams) {
  auto receiver = Must(db_->ListenPacket("udp4", ":53"));
  auto sender = Must(web_->Dial("udp4", "db:53"));
  ASSERT_TRUE(sender->Write("question").ok());
  const uint64_t flow = policy_->last();
  ASSERT_TRUE(sender->Close().ok());
  sender.reset();
  network_->JudgeInFlight();
  EXPECT_THAT(policy_->ended(), IsEmpty());
  clock_.Advance(absl::Seconds(1));
  network_->JudgeInFlight();
  EXPECT_THAT(policy_->ended(), ElementsAre(flow));
}

}  // namespace
}  // namespace plumb
