#include "testing/fault/fault_sender.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_handles.h"
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

// A rule changes while the background is rid of what another one has lost,
// which takes a descriptor's close(2).
TEST_F(FaultSenderTest, AChangeWhileWhatIsLostIsDroppedIsSeen) {
  const auto faults = Load(R"(
    rule { id: 'cut' off: true match { to: 'db' } partition {} }
    rule { id: 'stop' match { to: 'log' } hold {} }
    rule { id: 'far' match { to: 'db' } delay { min: '1h' } }
  )");
  Event sent;
  FaultSender::Hooks hooks;
  hooks.send = [&](const FaultPiece& piece) {
    EXPECT_EQ(piece.data, "log");
    sent.Notify();
    return absl::OkStatus();
  };
  hooks.room = [] {};
  FaultSender sender(faults, false, std::move(hooks));
  const auto offer = [&](const char* to, SharedHandles handles) {
    FaultPiece piece;
    piece.link = std::make_shared<FaultLink>(faults, Ends("web", to));
    sender.Offer(std::move(piece), [&](FaultPiece& kept) {
      kept.data = to;
      kept.handles = std::move(handles);
      return true;
    });
  };
  offer("log", nullptr);
  offer("db", SharedHandles(new FaultHandles, [&](FaultHandles* lost) {
          delete lost;
          EXPECT_THAT(faults->Disable("stop"), IsOk());
          sender.Changed();
        }));
  ASSERT_THAT(faults->Enable("cut"), IsOk());
  sender.Changed();
  ASSERT_THAT(sent.Wait(), IsOk());
}

}  // namespace
}  // namespace plumb
