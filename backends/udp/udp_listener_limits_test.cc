#include "backends/udp/udp_listener_fixture_for_test.h"
#include "gtest/gtest.h"
#include "transport/conn.h"
#include "transport/options.h"
#include "transport/udp_options.h"

namespace plumb {
namespace {

TEST_F(UdpListenerTest, FullTableDropsNewcomersAndCountsThem) {
  UdpListenOptions limits;
  limits.max_peers = 1;
  ListenOptions options;
  options.extras.Set(limits);
  Listen(options);
  Pair pair = Connect();
  const auto newcomer = Dial();
  ASSERT_TRUE(newcomer->Write("dropped").ok());
  ASSERT_TRUE(pair.remote->Write("x").ok());
  EXPECT_EQ(Read(*pair.conn), "x");
  EXPECT_EQ(Counters().dropped_newcomers, 1);
  pair.conn = nullptr;
  ASSERT_TRUE(newcomer->Write("taken").ok());
  EXPECT_EQ(Read(*Accept()), "taken");
}

TEST_F(UdpListenerTest, BacklogOption) {
  ListenOptions options;
  options.backlog = 1;
  Listen(options);
  const Pair pair = Connect();
  const auto first = Dial(), second = Dial();
  ASSERT_TRUE(first->Write("first").ok());
  ASSERT_TRUE(second->Write("second").ok());
  ASSERT_TRUE(pair.remote->Write("x").ok());
  EXPECT_EQ(Read(*pair.conn), "x");
  EXPECT_EQ(Counters().dropped_newcomers, 1);
  EXPECT_EQ(Read(*Accept()), "first");
}

TEST_F(UdpListenerTest, OnePeerCannotFillTheQueuesOfOthers) {
  UdpListenOptions limits;
  limits.peer_queue_bytes = 5 * (UdpListenOptions::kDatagramOverhead + 1);
  ListenOptions options;
  options.extras.Set(limits);
  Listen(options);
  const Pair flood = Connect(), pair = Connect();
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(flood.remote->Write("f").ok());
  ASSERT_TRUE(pair.remote->Write("x").ok());
  EXPECT_EQ(Read(*pair.conn), "x");
  EXPECT_EQ(Counters().dropped_datagrams, 7);
}

}  // namespace
}  // namespace plumb
