#include "testing/capture/test_network.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "backends/fake/packet_observer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/capture/read_back.h"
#include "transport/manual_clock.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;

class Counter final : public PacketObserver {
 public:
  void OnPacket(const PacketEvent& event) override {
    if (event.kind == PacketEvent::Kind::kDelivered) ++delivered;
  }
  int delivered = 0;
};

TEST(TestNetworkTest, KeepsWhatGoesOverIt) {
  ManualClock clock;
  const auto counter = std::make_shared<Counter>();
  FakeNetworkOptions options;
  options.clock = &clock;
  options.observer = counter;
  TestNetwork network(options);
  const auto socket = *network.Host("db")->ListenPacket("udp", "db:53");
  const auto client = *network.Host("web")->Dial("udp", "db:53");
  ASSERT_EQ(client->Write("one"), absl::OkStatus());
  clock.Advance(absl::Seconds(2));
  network.capture().Comment("the test goes on");
  ASSERT_EQ(client->Write("two"), absl::OkStatus());
  const std::vector<PacketReadBack> packets = ReadBack(network.capture());
  std::vector<std::string> lines;
  for (const PacketReadBack& packet : packets) {
    lines.push_back(
        WithComment(absl::StrCat(packet.interface, " ", packet.text), packet));
  }
  const std::string start = "web 10.0.0.2:32768 > 10.0.0.1:53 udp datagram ";
  EXPECT_THAT(lines,
              ElementsAre(start + "'one'", start + "'two' # the test goes on"));
  EXPECT_EQ(packets[1].time - packets[0].time, 2000000000);
  EXPECT_EQ(counter->delivered, 2);
}

TEST(TestNetworkTest, IsAFakeNetworkWhoseConnsOutliveIt) {
  auto network = std::make_unique<TestNetwork>();
  const auto listener = *network->Host("db")->Listen("tcp", "db:80");
  const auto client = *network->Host("web")->Dial("tcp", "db:80");
  const auto server = *listener->Accept();
  network = nullptr;
  ASSERT_EQ(client->Write("still there"), absl::OkStatus());
  std::string buffer(20, '\0');
  const absl::StatusOr<size_t> n =
      server->Read(absl::MakeSpan(&buffer[0], buffer.size()));
  ASSERT_EQ(n.status(), absl::OkStatus());
  EXPECT_EQ(buffer.substr(0, *n), "still there");
}

}  // namespace
}  // namespace plumb
