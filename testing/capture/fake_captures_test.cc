#include "testing/capture/fake_captures.h"

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "backends/fake/fake.h"
#include "gtest/gtest.h"
#include "testing/capture/capture.h"

namespace plumb {
namespace {

// What `capture_fakes` gives a network.
std::unique_ptr<FakeNetwork> MakeNetwork(FakeCaptures& captures) {
  FakeNetworkOptions options;
  options.observer = captures.NewObserver();
  return std::make_unique<FakeNetwork>(options);
}

void Carry(FakeNetwork& network) {
  const auto socket = *network.Host("db")->ListenPacket("udp", "db:53");
  const auto client = *network.Host("web")->Dial("udp", "db:53");
  ASSERT_EQ(client->Write("!"), absl::OkStatus());
}

TEST(FakeCapturesTest, EachNetworkHasOne) {
  FakeCaptures captures;
  const auto one = MakeNetwork(captures), two = MakeNetwork(captures);
  Carry(*two);
  const auto all = captures.Captures();
  ASSERT_EQ(all.size(), 2);
  EXPECT_EQ(all[0]->Counters().packets, 0);
  EXPECT_EQ(all[1]->Counters().packets, 1);
}

TEST(FakeCapturesTest, OutlivesItsNetworkUntilItIsDropped) {
  FakeCaptures captures;
  const auto living = MakeNetwork(captures);
  Carry(*MakeNetwork(captures));
  ASSERT_EQ(captures.Captures().size(), 2);
  EXPECT_EQ(captures.Captures()[1]->Counters().packets, 1);
  captures.DropEnded();
  ASSERT_EQ(captures.Captures().size(), 1);
  EXPECT_EQ(captures.Captures()[0]->Counters().packets, 0);
}

TEST(FakeCapturesTest, OfManyThatAreGoneTheNewestAreKept) {
  FakeCaptures captures;
  for (int i = 0; i < 1000; ++i) {
    const auto network = MakeNetwork(captures);
    if (i >= 997) Carry(*network);
  }
  const auto all = captures.Captures();
  ASSERT_EQ(all.size(), FakeCaptures::kMaxEnded + 1);
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i]->Counters().packets, i < 2 ? 0 : 1) << i;
  }
}

TEST(FakeCapturesTest, OfManyThatLiveTheFirstAreCaptured) {
  FakeCaptures captures;
  std::vector<std::unique_ptr<FakeNetwork>> networks;
  for (int i = 0; i < FakeCaptures::kMaxLiving; ++i) {
    networks.push_back(MakeNetwork(captures));
  }
  EXPECT_EQ(captures.NewObserver(), nullptr);
  networks.pop_back();
  EXPECT_NE(captures.NewObserver(), nullptr);
}

}  // namespace
}  // namespace plumb
