#include "testing/capture/capture_observer.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "backends/fake/fake.h"
#include "backends/fake/link_policy.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/capture/packet_text.h"
#include "testing/capture/pcapng_reader.h"
#include "transport/manual_clock.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;
using Kind = PacketEvent::Kind;

// Packets from web to db, with what becomes of them.
class CaptureObserverTest : public ::testing::Test {
 protected:
  static Packet Segment(uint64_t id, absl::string_view payload) {
    Packet packet;
    packet.id = id;
    packet.source = Addr::Tcp(IpAddr::V4(10, 0, 0, 1), 9);
    packet.destination = Addr::Tcp(IpAddr::V4(10, 0, 0, 2), 80);
    packet.source_host = "web";
    packet.destination_host = "db";
    packet.flags = Packet::kPsh | Packet::kAck;
    packet.sequence = 77;
    packet.window = 65536;
    packet.payload = payload;
    return packet;
  }

  // `time` counts milliseconds.
  void Tell(Kind kind, const Packet& packet, int time,
            absl::string_view cause = "") {
    observer_.OnPacket(
        {kind, packet, absl::FromUnixMillis(1000 + time), cause});
  }

  // Each packet with its time and its comment.
  std::vector<std::string> Lines() const {
    const std::string bytes = capture_.Encode();
    const absl::StatusOr<PcapngFile> file = ParsePcapng("capture", bytes);
    EXPECT_EQ(file.status(), absl::OkStatus());
    std::vector<std::string> lines;
    for (const PcapngPacket& packet : file->packets) {
      const PcapngInterface& interface = file->interfaces[packet.interface];
      const auto parts = TakeApart(interface.link_type, packet.data);
      lines.push_back(absl::StrCat(packet.time / 1000000 - 1000, " ",
                                   interface.name, " ", PacketText(*parts),
                                   packet.comment.empty() ? "" : " # ",
                                   packet.comment));
    }
    return lines;
  }

  Capture capture_;
  CaptureObserver observer_{capture_};
};

TEST_F(CaptureObserverTest, TellsWhatBecameOfEach) {
  const Packet calm = Segment(0, "calm"), slow = Segment(1, "slow");
  Packet lost = Segment(2, "lost"), again = Segment(3, "lost");
  const Packet held = Segment(4, "held"), under_way = Segment(5, "on");
  again.attempt = 1;
  Tell(Kind::kSent, calm, 0);
  Tell(Kind::kDelivered, calm, 0);
  Tell(Kind::kSent, slow, 1);
  Tell(Kind::kSent, lost, 2);
  Tell(Kind::kDropped, lost, 2, "rule 3");
  Tell(Kind::kSent, again, 4);
  Tell(Kind::kDelivered, again, 4);
  Tell(Kind::kSent, held, 5);
  Tell(Kind::kHeld, held, 5, "rule 4");
  Tell(Kind::kDelivered, slow, 21);
  Tell(Kind::kSent, under_way, 22);
  Tell(Kind::kHeld, held, 100, "rule 4");
  Tell(Kind::kDelivered, held, 2005);
  const std::string start = " web 10.0.0.1:9 > 10.0.0.2:80 tcp PSH ACK ";
  EXPECT_THAT(Lines(), ElementsAre("0" + start + "'calm'",
                                   "1" + start + "'slow' # arrived after 20ms",
                                   "2" + start + "'lost' # dropped: rule 3",
                                   "4" + start + "'lost' # sent again",
                                   "5" + start + "'held' # held 2s by rule 4",
                                   "22" + start + "'on' # on its way"));
}

TEST_F(CaptureObserverTest, CopiesAreWrittenEach) {
  const Packet packet = Segment(0, "twin");
  Tell(Kind::kSent, packet, 0);
  Tell(Kind::kSent, packet, 0);
  Tell(Kind::kDelivered, packet, 0);
  Tell(Kind::kDropped, packet, 5);
  const std::string start = "0 web 10.0.0.1:9 > 10.0.0.2:80 tcp PSH ACK ";
  EXPECT_THAT(Lines(),
              ElementsAre(start + "'twin'", start + "'twin' # dropped"));
}

TEST_F(CaptureObserverTest, DatagramsFromNobodyAreInbound) {
  Packet packet = Segment(0, "who?");
  packet.protocol = Packet::Protocol::kUdp;
  packet.source_host = "";
  Tell(Kind::kSent, packet, 0);
  Tell(Kind::kDelivered, packet, 0);
  EXPECT_THAT(Lines(), ElementsAre("0 db 10.0.0.1:9 > 10.0.0.2:80 udp datagram "
                                   "'who?'"));
}

TEST_F(CaptureObserverTest, UnixStreamsOpenCarryAndEnd) {
  Packet packet = Segment(0, "");
  packet.protocol = Packet::Protocol::kUnix;
  packet.flow = 6;
  packet.source = Addr::Unnamed("unix");
  packet.destination = Addr::Named("unix", "/run/db");
  packet.flags = Packet::kSyn;
  Tell(Kind::kSent, packet, 0);
  Tell(Kind::kDelivered, packet, 0);
  packet.id = 1;
  packet.flags = Packet::kPsh | Packet::kAck;
  packet.payload = "hello";
  Tell(Kind::kSent, packet, 1);
  Tell(Kind::kDelivered, packet, 1);
  packet.id = 2;
  packet.flags = Packet::kFin | Packet::kAck;
  packet.payload = "";
  std::swap(packet.source, packet.destination);
  std::swap(packet.source_host, packet.destination_host);
  Tell(Kind::kSent, packet, 2);
  Tell(Kind::kDelivered, packet, 2);
  EXPECT_THAT(Lines(), ElementsAre("0 web (unix) @ > /run/db unix open",
                                   "1 web (unix) @ > /run/db unix data 'hello'",
                                   "2 db (unix) /run/db > @ unix end"));
}

TEST_F(CaptureObserverTest, HostsHaveTheirNames) {
  const Packet packet = Segment(0, "");
  Tell(Kind::kSent, packet, 0);
  const std::string bytes = capture_.Encode();
  const absl::StatusOr<PcapngFile> file = ParsePcapng("capture", bytes);
  ASSERT_EQ(file.status(), absl::OkStatus());
  ASSERT_EQ(file->names.size(), 2);
  EXPECT_EQ(file->names[0].second, "web");
  EXPECT_EQ(file->names[1].second, "db");
}

// Loses the first packet with data.
class LosesOne final : public LinkPolicy {
 public:
  Judgement AtSend(const Packet& packet, absl::Time) override {
    if (packet.payload.empty() || lost_) return Judgement::Pass();
    lost_ = true;
    return Judgement::Drop("rule 3");
  }

 private:
  bool lost_ = false;
};

TEST(CaptureObserverOnAFakeNetworkTest, SeesWhatTheNetworkDoes) {
  ManualClock clock;
  CaptureOptions capture_options;
  capture_options.clock = &clock;
  Capture capture(capture_options);
  FakeNetworkOptions options;
  options.clock = &clock;
  options.observer = std::make_shared<CaptureObserver>(capture);
  options.policy = std::make_shared<LosesOne>();
  FakeNetwork network(options);
  const auto listener = *network.Host("db")->Listen("tcp", "db:80");
  const auto near = *network.Host("web")->Dial("tcp", "db:80");
  const auto far = *listener->Accept();
  ASSERT_EQ(near->Write("question"), absl::OkStatus());
  ASSERT_TRUE(clock.AdvanceToNextAlarm());  // the segment is sent again
  char buffer[10];
  const absl::StatusOr<size_t> n = far->Read(absl::MakeSpan(buffer));
  ASSERT_EQ(n.status(), absl::OkStatus());
  EXPECT_EQ(absl::string_view(buffer, *n), "question");
  const std::string bytes = capture.Encode();
  const absl::StatusOr<PcapngFile> file = ParsePcapng("capture", bytes);
  ASSERT_EQ(file.status(), absl::OkStatus());
  std::vector<std::string> with_data;
  for (const PcapngPacket& packet : file->packets) {
    const PcapngInterface& interface = file->interfaces[packet.interface];
    const auto parts = TakeApart(interface.link_type, packet.data);
    ASSERT_TRUE(parts.has_value());
    if (parts->data.empty()) continue;
    with_data.push_back(absl::StrCat(interface.name, " '", parts->data, "' # ",
                                     packet.comment));
  }
  EXPECT_THAT(with_data, ElementsAre("web 'question' # dropped: rule 3",
                                     "web 'question' # sent again"));
}

}  // namespace
}  // namespace plumb
