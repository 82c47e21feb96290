#include "testing/fault/fault_sender.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_link.h"
#include "testing/fault/fault_link_fixture.h"
#include "testing/fault/fault_network.h"
#include "testing/fault/fault_queue.h"
#include "testing/matchers.h"
#include "transport/event.h"

namespace plumb {
namespace {

using FaultSenderTest = FaultLinkTest;

TEST_F(FaultSenderTest, BytesAreWhatWaitsAlsoForRoom) {
  const auto faults = Load("rule { id: 'stop' hold {} }");
  Event begun, may_end, ended;
  std::atomic<bool> waits{false};
  FaultSender::Hooks hooks;
  hooks.send = [&](const FaultPiece&) {
    begun.Notify();
    return may_end.Wait();
  };
  hooks.waits = [&] { return waits.load(); };
  hooks.room = [&] { ended.Notify(); };
  FaultSender sender(faults, true, std::move(hooks));
  FaultPiece piece;
  piece.link = std::make_shared<FaultLink>(
      faults, Ends("web", "db", FaultNetwork::kTcp));
  piece.packet.size = 5;
  sender.Offer(std::move(piece), [](FaultPiece& sent) {
    sent.data = "12345";
    return true;
  });
  EXPECT_EQ(sender.bytes(), 5);
  ASSERT_THAT(faults->Disable("stop"), IsOk());
  sender.Changed();
  ASSERT_THAT(begun.Wait(), IsOk());
  EXPECT_EQ(sender.bytes(), 0);
  waits = true;
  EXPECT_EQ(sender.bytes(), 5);
  EXPECT_FALSE(sender.idle());
  may_end.Notify();
  ASSERT_THAT(ended.Wait(), IsOk());
  EXPECT_EQ(sender.bytes(), 0);
  EXPECT_TRUE(sender.idle());
}

}  // namespace
}  // namespace plumb
