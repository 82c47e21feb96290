#include "testing/capture/ip_packet.h"

#include <optional>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "testing/capture/packet_text.h"

namespace plumb {
namespace {

constexpr uint16_t kRaw = 101;

// The plainest reading of RFC 1071.
uint16_t Sum(absl::string_view bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    sum += i % 2 == 0 ? byte << 8 : byte;
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

// With the pseudo header; right when it is all ones.
uint16_t TransportSum(absl::string_view packet, size_t header,
                      absl::string_view addresses, char protocol) {
  const absl::string_view rest = packet.substr(header);
  std::string bytes(addresses);
  bytes += {0,
            protocol,
            0,
            0,
            static_cast<char>(rest.size() >> 8),
            static_cast<char>(rest.size())};
  bytes.append(rest.data(), rest.size());
  return Sum(bytes);
}

TcpSegment Segment(IpAddr from, IpAddr to) {
  TcpSegment segment;
  segment.from = {from, 4711};
  segment.to = {to, 80};
  segment.seq = 0x01020304;
  segment.ack = 0x05060708;
  segment.flags = kTcpPsh | kTcpAck;
  segment.window = 512;
  return segment;
}

TEST(IpPacketTest, TcpOverIpv4IsRightToTheByte) {
  std::string packet;
  AppendTcp(Segment(IpAddr::V4(10, 0, 0, 1), IpAddr::V4(10, 0, 0, 2)), "odd",
            &packet);
  EXPECT_EQ(absl::BytesToHexString(packet.substr(0, 10)),
            "4500002b000040004006");
  EXPECT_EQ(absl::BytesToHexString(packet.substr(12, 24)),
            "0a0000010a000002"    // addresses
            "1267005001020304"    // ports, sequence number
            "0506070850180200");  // acknowledgement, flags, window
  EXPECT_EQ(packet.substr(40), "odd");
  EXPECT_EQ(Sum(packet.substr(0, 20)), 0xffff);
  EXPECT_EQ(TransportSum(packet, 20, packet.substr(12, 8), 6), 0xffff);
}

TEST(IpPacketTest, TcpOverIpv6) {
  std::string packet;
  TcpSegment syn = Segment(IpAddr::LoopbackV6(), IpAddr::LoopbackV6());
  syn.flags = kTcpSyn;
  syn.mss = 1440;
  syn.window_scale = 10;
  AppendTcp(syn, "", &packet);
  EXPECT_EQ(absl::BytesToHexString(packet.substr(0, 8)), "60000000001c0640");
  EXPECT_EQ(absl::BytesToHexString(packet.substr(60)), "020405a00103030a");
  EXPECT_EQ(TransportSum(packet, 40, packet.substr(8, 32), 6), 0xffff);
}

TEST(IpPacketTest, Udp) {
  std::string packet;
  AppendUdp({IpAddr::LoopbackV4(), 9}, {IpAddr::LoopbackV4(), 10}, "ab",
            &packet);
  EXPECT_EQ(absl::BytesToHexString(packet.substr(20, 6)), "0009000a000a");
  EXPECT_EQ(TransportSum(packet, 20, packet.substr(12, 8), 17), 0xffff);
}

TEST(IpPacketTest, UdpNeverHasTheChecksumThatMeansNone) {
  // The sum of the rest, so that the checksum is zero.
  std::string packet;
  AppendUdp({IpAddr::AnyV4(), 0}, {IpAddr::AnyV4(), 0},
            absl::HexStringToBytes("ffda"), &packet);
  EXPECT_EQ(absl::BytesToHexString(packet.substr(26, 2)), "ffff");
  EXPECT_EQ(TransportSum(packet, 20, packet.substr(12, 8), 17), 0xffff);
}

TEST(IpPacketTest, AnInvalidAddressIsAnyOfTheOthersFamily) {
  std::string v4, v6, none;
  AppendUdp({IpAddr(), 1}, {IpAddr::V4(1, 2, 3, 4), 2}, "", &v4);
  AppendUdp({IpAddr::LoopbackV6(), 1}, {IpAddr(), 2}, "", &v6);
  AppendUdp({}, {}, "", &none);
  EXPECT_EQ(PacketText(*TakeApart(kRaw, v4)),
            "0.0.0.0:1 > 1.2.3.4:2 udp datagram");
  EXPECT_EQ(PacketText(*TakeApart(kRaw, v6)), "[::1]:1 > [::]:2 udp datagram");
  EXPECT_EQ(PacketText(*TakeApart(kRaw, none)),
            "0.0.0.0:0 > 0.0.0.0:0 udp datagram");
}

TEST(IpPacketTest, RawIpv6IcmpGetsItsChecksum) {
  std::string packet;
  AppendIp(IpAddr::LoopbackV6(), IpAddr::LoopbackV6(), kIpProtocolIcmpV6,
           std::string("\200\0\0\0ping", 8), &packet);
  EXPECT_EQ(TransportSum(packet, 40, packet.substr(8, 32), 58), 0xffff);
}

TEST(IpPacketTest, APayloadIsCutToWhatFits) {
  for (const IpAddr& ip : {IpAddr::LoopbackV4(), IpAddr::LoopbackV6()}) {
    std::string udp, raw;
    AppendUdp({ip, 1}, {ip, 2}, std::string(100000, 'x'), &udp);
    AppendIp(ip, ip, 89, std::string(100000, 'x'), &raw);
    // IPv6 counts what is behind its header of 40 bytes.
    const size_t room = ip.is_v4() ? 65515 : 65535;
    EXPECT_EQ(udp.size(), ip.is_v4() ? 65535 : 65575);
    EXPECT_EQ(TakeApart(kRaw, udp)->data.size(), room - 8);
    EXPECT_EQ(TakeApart(kRaw, raw)->data.size(), room);
  }
}

TEST(IpPacketTest, ASegmentWithAllItsOptionsIsCutToWhatFits) {
  for (const IpAddr& ip : {IpAddr::LoopbackV4(), IpAddr::LoopbackV6()}) {
    TcpSegment syn = Segment(ip, ip);
    syn.mss = kMaxTcpPayload;
    syn.window_scale = 7;
    std::string packet;
    AppendTcp(syn, std::string(100000, 'x'), &packet);
    EXPECT_EQ(packet.size(), ip.is_v4() ? 65535 : 65535 + 20);
    const std::optional<PacketParts> parts = TakeApart(kRaw, packet);
    ASSERT_TRUE(parts.has_value());
    EXPECT_EQ(parts->data.size(), kMaxTcpPayload);
  }
}

TEST(PacketTextTest, TakesApartWhatWasMade) {
  std::string packet;
  AppendTcp(Segment(IpAddr::LoopbackV4(), IpAddr::LoopbackV4()), "GET /\n",
            &packet);
  EXPECT_EQ(PacketText(*TakeApart(kRaw, packet)),
            "127.0.0.1:4711 > 127.0.0.1:80 tcp PSH ACK 'GET /\\n'");
}

TEST(PacketTextTest, WhatIsCutInItsHeadersIsNone) {
  std::string v4, v6;
  AppendTcp(Segment(IpAddr::LoopbackV4(), IpAddr::LoopbackV4()), "x", &v4);
  AppendTcp(Segment(IpAddr::LoopbackV6(), IpAddr::LoopbackV6()), "x", &v6);
  for (size_t size = 0; size < 40; ++size) {
    EXPECT_FALSE(TakeApart(kRaw, v4.substr(0, size)).has_value()) << size;
  }
  for (size_t size = 0; size < 60; ++size) {
    EXPECT_FALSE(TakeApart(kRaw, v6.substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(TakeApart(kRaw, "\x10 is no version").has_value());
  EXPECT_FALSE(TakeApart(1, v4).has_value());
}

}  // namespace
}  // namespace plumb
