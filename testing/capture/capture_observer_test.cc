#include "testing/capture/capture_observer.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "backends/fake/packet.h"
#include "backends/fake/packet_observer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/capture/capture.h"
#include "testing/capture/pcapng_reader.h"
#include "testing/capture/read_back.h"
#include "testing/capture/user_packet.h"
#include "transport/addr.h"
#include "transport/ip_addr.h"

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
  void TellRule(Kind kind, const Packet& packet, int time,
                absl::string_view rule) {
    observer_.OnPacket(
        {kind, packet, absl::FromUnixMillis(1000 + time), rule, true});
  }
  void TellChanges(const Packet& packet, int time,
                   const std::vector<PacketChange>& changes) {
    observer_.OnPacket({Kind::kChanged, packet,
                        absl::FromUnixMillis(1000 + time), "", false, changes});
  }

  // Each packet with its time and its comment.
  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    for (const PacketReadBack& packet : ReadBack(capture_)) {
      lines.push_back(
          WithComment(absl::StrCat(packet.time / 1000000 - 1000, " ",
                                   packet.interface, " ", packet.text),
                      packet));
    }
    return lines;
  }

  // As they are in the file.
  static constexpr size_t kIpHeader = 20;
  std::vector<std::string> RawPackets() const {
    const std::string bytes = capture_.Encode();
    const absl::StatusOr<PcapngFile> file = ParsePcapng("capture", bytes);
    EXPECT_EQ(file.status(), absl::OkStatus());
    std::vector<std::string> packets;
    for (const PcapngPacket& packet : file->packets) {
      packets.emplace_back(packet.data);
    }
    return packets;
  }
  static int Read16(const std::string& packet, size_t at) {
    return static_cast<uint8_t>(packet[at]) << 8 |
           static_cast<uint8_t>(packet[at + 1]);
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
  TellRule(Kind::kDropped, lost, 2, "lossy");
  Tell(Kind::kSent, again, 4);
  Tell(Kind::kDelivered, again, 4);
  Tell(Kind::kSent, held, 5);
  TellRule(Kind::kHeld, held, 5, "keep");
  Tell(Kind::kDelivered, slow, 21);
  Tell(Kind::kSent, under_way, 22);
  TellRule(Kind::kHeld, held, 100, "keep it");
  Tell(Kind::kDelivered, held, 2005);
  const std::string start = " web 10.0.0.1:9 > 10.0.0.2:80 tcp PSH ACK ";
  EXPECT_THAT(Lines(),
              ElementsAre("0" + start + "'calm'",
                          "1" + start + "'slow' # arrived after 20ms",
                          "2" + start + "'lost' # rule 'lossy' dropped it",
                          "4" + start + "'lost' # sent again",
                          "5" + start + "'held' # held 2s by rule 'keep it'",
                          "22" + start + "'on' # on its way"));
}

TEST_F(CaptureObserverTest, NamesTheRulesThatChangeAPacket) {
  using Change = PacketChange::Kind;
  const Packet changed = Segment(0, "changed"), under_way = Segment(1, "on");
  Tell(Kind::kSent, changed, 0);
  TellChanges(changed, 0,
              {{Change::kDelayed, "far"},
               {Change::kCorrupted, "rot"},
               {Change::kDelayed, "slow"},
               {Change::kDuplicated, "twice"}});
  Tell(Kind::kSent, changed, 0);
  TellChanges(changed, 0, {{Change::kDuplicated, "twice"}});
  Tell(Kind::kSent, under_way, 1);
  TellChanges(under_way, 1, {{Change::kDelayed, "far"}});
  Tell(Kind::kDelivered, changed, 0);
  TellRule(Kind::kDropped, changed, 20, "cut");
  const std::string start = " web 10.0.0.1:9 > 10.0.0.2:80 tcp PSH ACK ";
  EXPECT_THAT(
      Lines(),
      ElementsAre("0" + start +
                      "'changed' # rules 'far', 'slow' delayed it; rule "
                      "'twice' duplicated it; rule 'rot' corrupted it",
                  "0" + start +
                      "'changed' # a copy; rule 'twice' duplicated it; rule "
                      "'cut' dropped it",
                  "1" + start + "'on' # rule 'far' delayed it; on its way"));
}

TEST_F(CaptureObserverTest, PacketsOfOneTimeAreInTheOrderOfSending) {
  const Packet first = Segment(0, "first"), second = Segment(1, "second");
  const Packet third = Segment(2, "third");
  for (const Packet& packet : {first, second, third}) {
    Tell(Kind::kSent, packet, 0);
  }
  Tell(Kind::kDelivered, second, 0);
  Tell(Kind::kDelivered, first, 20);
  const std::string start = "0 web 10.0.0.1:9 > 10.0.0.2:80 tcp PSH ACK ";
  EXPECT_THAT(Lines(),
              ElementsAre(start + "'first' # arrived after 20ms",
                          start + "'second'", start + "'third' # on its way"));
}

// A test that holds for ever what is sent.
TEST(CaptureObserverMemoryTest, WhatWaitsIsBounded) {
  CaptureOptions options;
  options.max_bytes = 10000;
  Capture capture(options);
  CaptureObserver observer(capture);
  const std::string payload(1000, 'x');
  Packet packet;
  packet.protocol = Packet::Protocol::kUdp;
  packet.source = Addr::Udp(IpAddr::V4(10, 0, 0, 1), 9);
  packet.destination = Addr::Udp(IpAddr::V4(10, 0, 0, 2), 80);
  packet.source_host = "web";
  packet.payload = payload;
  for (; packet.id < 100; ++packet.id) {
    observer.OnPacket({Kind::kSent, packet, absl::Time(), ""});
  }
  const std::vector<PacketReadBack> packets = ReadBack(capture);
  EXPECT_GT(packets.size(), 15);
  EXPECT_LT(packets.size(), 20);
  for (const PacketReadBack& one : packets) {
    EXPECT_EQ(one.comment, "on its way");
  }
}

TEST_F(CaptureObserverTest, WhatTheNetworkDropsIsNoRules) {
  const Packet full = Segment(0, "full"), held = Segment(1, "held");
  Tell(Kind::kSent, full, 0);
  Tell(Kind::kDropped, full, 0, "the backlog is full");
  Tell(Kind::kSent, held, 1);
  TellRule(Kind::kHeld, held, 1, "keep");
  const std::string start = " web 10.0.0.1:9 > 10.0.0.2:80 tcp PSH ACK ";
  EXPECT_THAT(Lines(),
              ElementsAre("0" + start + "'full' # dropped: the backlog is full",
                          "1" + start + "'held' # held by rule 'keep'"));
}

TEST_F(CaptureObserverTest, CopiesAreWrittenEach) {
  const Packet packet = Segment(0, "twin");
  Tell(Kind::kSent, packet, 0);
  Tell(Kind::kSent, packet, 0);
  Tell(Kind::kDelivered, packet, 0);
  Tell(Kind::kDropped, packet, 5);
  const std::string start = "0 web 10.0.0.1:9 > 10.0.0.2:80 tcp PSH ACK ";
  EXPECT_THAT(Lines(), ElementsAre(start + "'twin'",
                                   start + "'twin' # a copy; dropped"));
}

// A header counts units of 128 bytes, of which a part is one.
TEST_F(CaptureObserverTest, OnlyAClosedWindowIsZero) {
  for (const uint32_t window : {0u, 1u, 128u, 129u, 131072u, 1u << 30}) {
    Packet packet = Segment(window, "x");
    packet.window = window;
    Tell(Kind::kSent, packet, 0);
    Tell(Kind::kDelivered, packet, 0);
  }
  std::vector<int> windows;
  for (const std::string& packet : RawPackets()) {
    windows.push_back(Read16(packet, kIpHeader + 14));
  }
  EXPECT_THAT(windows, ElementsAre(0, 1, 1, 2, 1024, 65535));
}

TEST_F(CaptureObserverTest, ASynTellsItsWindowAndTheSegmentSize) {
  Packet packet = Segment(0, "");
  packet.flags = Packet::kSyn;
  packet.window = 9001;
  packet.mss = 1440;
  Tell(Kind::kSent, packet, 0);
  const std::vector<std::string> packets = RawPackets();
  ASSERT_EQ(packets.size(), 1);
  EXPECT_EQ(Read16(packets[0], kIpHeader + 14), 9001);
  EXPECT_EQ(Read16(packets[0], kIpHeader + 20), 0x0204);  // MSS
  EXPECT_EQ(Read16(packets[0], kIpHeader + 22), 1440);
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

// Of messages it is counted how many went before.
TEST_F(CaptureObserverTest, UnixpacketCountsMessages) {
  Packet packet = Segment(0, "third");
  packet.protocol = Packet::Protocol::kUnixpacket;
  packet.flow = 6;
  packet.side = 1;
  packet.ordinal = 2;
  packet.source = Addr::Named("unixpacket", "/run/db");
  packet.destination = Addr::Unnamed("unixpacket");
  Tell(Kind::kSent, packet, 0);
  Tell(Kind::kDelivered, packet, 0);
  const std::vector<std::string> packets = RawPackets();
  ASSERT_EQ(packets.size(), 1);
  const auto user = ParseUserPacket(packets[0]);
  ASSERT_TRUE(user.has_value());
  EXPECT_EQ(user->kind, UserPacketKind::kData);
  EXPECT_EQ(user->network, "unixpacket");
  EXPECT_TRUE(user->backwards);
  EXPECT_EQ(user->conversation, 7);
  EXPECT_EQ(user->offset, 2);
  EXPECT_EQ(user->data, "third");
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

}  // namespace
}  // namespace plumb
