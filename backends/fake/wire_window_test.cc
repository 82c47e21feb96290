// The windows that packets tell: they follow the reader, and no packet carries
// what there was no room for.
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "backends/fake/fake.h"
#include "backends/fake/fake_test_util.h"
#include "backends/fake/link_policy.h"
#include "backends/fake/packet.h"
#include "backends/fake/packet_observer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "transport/direction.h"
#include "transport/manual_clock.h"
#include "transport/options.h"

namespace plumb {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Writes down what is sent: "db +3 window 997", "web 1000 bytes window 65535";
// and what goes beyond the window that the receiver has told.
class Windows final : public PacketObserver {
 public:
  void OnPacket(const PacketEvent& event) override {
    if (event.kind != PacketEvent::Kind::kSent) return;
    const Packet& packet = event.packet;
    absl::MutexLock lock(&mutex_);
    const bool syn = packet.Has(Packet::kSyn);
    if (syn) first_[1 - packet.side] = packet.sequence + 1;
    std::string line = absl::StrCat(packet.source_host, " ");
    if (syn) {
      absl::StrAppend(&line, "SYN mss ", packet.mss);
    } else if (packet.payload.empty()) {
      absl::StrAppend(&line, "+", packet.acknowledgment - first_[packet.side]);
    } else {
      absl::StrAppend(&line, packet.payload.size(), " bytes");
      const uint64_t end = packet.offset + packet.payload.size();
      if (end > limits_[1 - packet.side]) line += " too many";
    }
    lines_.push_back(absl::StrCat(line, " window ", packet.window));
    limits_[packet.side] = packet.window;
    if (packet.Has(Packet::kAck)) {
      limits_[packet.side] += packet.acknowledgment - first_[packet.side];
    }
  }

  std::vector<std::string> Take() {
    absl::MutexLock lock(&mutex_);
    return std::exchange(lines_, {});
  }

 private:
  absl::Mutex mutex_;
  std::vector<std::string> lines_;
  uint32_t first_[2] = {};   // what each side acknowledges first
  uint64_t limits_[2] = {};  // up to where each has told of room
};

class Late final : public LinkPolicy {
 public:
  Judgement AtSend(const Packet& packet, absl::Time) override {
    return Judgement::Pass(packet.payload.empty() ? absl::ZeroDuration()
                                                  : absl::Seconds(1));
  }
};

class WireWindowTest : public ::testing::Test {
 protected:
  WireWindowTest() {
    options_.clock = &clock_;
    options_.observer = windows_;
  }

  void Open(const char* network, const char* address) {
    network_ = std::make_unique<FakeNetwork>(options_);
    const auto listener = Must(network_->Host("db")->Listen(network, ":80"));
    both_ = Connect(*network_->Host("web"), *listener, network, address);
  }
  // Without the packets of the handshake.
  void Open() {
    Open("tcp4", "db:80");
    (void)windows_->Take();
  }
  // There is room for 4000 bytes.
  void OpenSmall() {
    options_.send_buffer = 1000;
    options_.receive_buffer = 3000;
    Open();
  }

  ManualClock clock_;
  std::shared_ptr<Windows> windows_ = std::make_shared<Windows>();
  FakeNetworkOptions options_;
  std::unique_ptr<FakeNetwork> network_;
  Connected both_;
};

TEST_F(WireWindowTest, SynsTellTheSegmentSizeAndTheReceiveBuffer) {
  options_.receive_buffer = 9000;
  Open("tcp4", "db:80");
  EXPECT_THAT(windows_->Take(),
              ElementsAre("web SYN mss 1460 window 9000",
                          "db SYN mss 1460 window 9000", "web +0 window 9000"));
}

TEST_F(WireWindowTest, ASynCannotTellMore) {
  options_.receive_buffer = 65536;
  Open("tcp6", "db:80");
  EXPECT_THAT(windows_->Take(), ElementsAre("web SYN mss 1440 window 65535",
                                            "db SYN mss 1440 window 65535",
                                            "web +0 window 65535"));
}

TEST_F(WireWindowTest, SynsTellTheBuffersOfOptions) {
  FakeNetwork network(options_);
  const auto host = network.Host("db");
  ListenOptions listen;
  listen.receive_buffer = 5000;
  DialOptions dial;
  dial.receive_buffer = 7000;
  const auto listener = Must(host->Listen("tcp4", ":80", listen));
  const auto conn = Must(host->Dial("tcp4", "127.0.0.1:80", dial));
  EXPECT_THAT(windows_->Take(),
              ElementsAre("db SYN mss 65495 window 7000",
                          "db SYN mss 65495 window 5000", "db +0 window 7000"));
}

TEST_F(WireWindowTest, IsTheRoomThatReadsHaveLeft) {
  OpenSmall();
  ASSERT_TRUE(both_.client->Write(std::string(100, 'x')).ok());
  ASSERT_TRUE(both_.client->Write(std::string(10, 'x')).ok());
  EXPECT_EQ(ReadSome(*both_.server, 50).size(), 50u);
  ASSERT_TRUE(both_.server->Write("x").ok());
  EXPECT_THAT(windows_->Take(),
              ElementsAre("web 100 bytes window 4000", "db +100 window 3900",
                          "web 10 bytes window 4000", "db +110 window 3890",
                          "db 1 bytes window 3940", "web +1 window 3999"));
}

TEST_F(WireWindowTest, ClosesWhenTheReceiverIsFullAndOpensWhenItIsRead) {
  OpenSmall();
  std::thread writer([this] {
    EXPECT_TRUE(both_.client->Write(std::string(5000, 'x')).ok());
  });
  AwaitBlocked(*both_.client, Direction::kWrite);
  EXPECT_THAT(windows_->Take(),
              ElementsAre("web 1448 bytes window 4000",
                          "web 1448 bytes window 4000", "db +2896 window 1104",
                          "web 1104 bytes window 4000", "db +4000 window 0"));
  EXPECT_EQ(ReadSome(*both_.server, 1000).size(), 1000u);
  writer.join();
  EXPECT_THAT(windows_->Take(),
              ElementsAre("db +4000 window 1000", "web 1000 bytes window 4000",
                          "db +5000 window 0"));
}

TEST_F(WireWindowTest, IsToldBeforeWhatIsSentAheadOfAcknowledgments) {
  options_.policy = std::make_shared<Late>();
  OpenSmall();
  ASSERT_TRUE(both_.client->Write(std::string(4000, 'x')).ok());
  EXPECT_THAT(
      windows_->Take(),
      ElementsAre("web 1448 bytes window 4000", "web 1448 bytes window 4000",
                  "db +0 window 4000", "web 1104 bytes window 4000"));
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(windows_->Take(),
              ElementsAre("db +1448 window 2552", "db +2896 window 1104",
                          "db +4000 window 0"));
  EXPECT_EQ(ReadSome(*both_.server, 3000).size(), 3000u);
  ASSERT_TRUE(both_.client->Write("ab").ok());
  ASSERT_TRUE(both_.client->Write("cd").ok());
  EXPECT_THAT(windows_->Take(),
              ElementsAre("db +4000 window 3000", "web 2 bytes window 4000",
                          "web 2 bytes window 4000"));
}

// More than a SYN can tell that there is room for.
TEST_F(WireWindowTest, GrowsForALargeFirstWrite) {
  Open();
  ASSERT_TRUE(both_.client->Write(std::string(128 * 1024, 'x')).ok());
  const std::vector<std::string> lines = windows_->Take();
  EXPECT_EQ(lines.back(), "db +131072 window 0");
  EXPECT_THAT(lines, Not(Contains(HasSubstr("too many"))));
}

}  // namespace
}  // namespace plumb
