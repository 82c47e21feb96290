#include "testing/capture/pcapng.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/capture/pcapng_reader.h"

namespace plumb {
namespace {

using ::testing::HasSubstr;

std::string Example() {
  std::string file;
  AppendSectionHeader("a comment", &file);
  AppendInterface({"db", "a host", LinkType::kRawIp}, &file);
  AppendInterface({"db (unix)", "", LinkType::kUser0}, &file);
  AppendNameResolution(
      {{IpAddr::V4(10, 0, 0, 1), "db"}, {IpAddr::LoopbackV6(), "six"}}, &file);
  PacketBlock packet;
  packet.interface = 1;
  packet.time = 1600000000123456789;
  packet.direction = PacketDirection::kOutbound;
  packet.data = "seven b";
  packet.original_size = 9;
  packet.comment = "held 2 s";
  AppendPacket(packet, &file);
  AppendInterfaceStatistics({1, packet.time, 1, 0}, &file);
  return file;
}

std::string ErrorOf(absl::string_view bytes) {
  const absl::StatusOr<PcapngFile> file = ParsePcapng("x.pcapng", bytes);
  if (file.ok()) return "";
  EXPECT_EQ(file.status().code(), absl::StatusCode::kDataLoss);
  return std::string(file.status().message());
}

TEST(PcapngTest, ComesBack) {
  const std::string bytes = Example();
  const absl::StatusOr<PcapngFile> file = ParsePcapng("x.pcapng", bytes);
  ASSERT_EQ(file.status(), absl::OkStatus());
  EXPECT_EQ(file->comment, "a comment");
  ASSERT_EQ(file->interfaces.size(), 2);
  EXPECT_EQ(file->interfaces[0].name, "db");
  EXPECT_EQ(file->interfaces[0].description, "a host");
  EXPECT_EQ(file->interfaces[0].link_type, 101);
  EXPECT_EQ(file->interfaces[1].name, "db (unix)");
  EXPECT_EQ(file->interfaces[1].link_type, 147);
  ASSERT_EQ(file->names.size(), 2);
  EXPECT_EQ(file->names[0].first, IpAddr::V4(10, 0, 0, 1));
  EXPECT_EQ(file->names[0].second, "db");
  EXPECT_EQ(file->names[1].first, IpAddr::LoopbackV6());
  EXPECT_EQ(file->names[1].second, "six");
  ASSERT_EQ(file->packets.size(), 1);
  const PcapngPacket& packet = file->packets[0];
  EXPECT_EQ(packet.interface, 1);
  EXPECT_EQ(packet.time, 1600000000123456789);
  EXPECT_EQ(packet.direction, PacketDirection::kOutbound);
  EXPECT_EQ(packet.data, "seven b");
  EXPECT_EQ(packet.original_size, 9);
  EXPECT_EQ(packet.comment, "held 2 s");
}

TEST(PcapngTest, ALongCommentIsCut) {
  std::string bytes;
  AppendSectionHeader("", &bytes);
  AppendInterface({"", "", LinkType::kRawIp}, &bytes);
  const std::string comment(100000, 'c');
  PacketBlock packet;
  packet.comment = comment;
  AppendPacket(packet, &bytes);
  const absl::StatusOr<PcapngFile> file = ParsePcapng("x.pcapng", bytes);
  ASSERT_EQ(file.status(), absl::OkStatus());
  EXPECT_EQ(file->packets[0].comment.size(), kMaxOptionSize);
}

TEST(PcapngReaderTest, ReadsTheOtherByteOrderAndMicroseconds) {
  const std::string bytes = absl::HexStringToBytes(
      "0a0d0d0a"
      "0000001c"
      "1a2b3c4d"
      "00010000"
      "ffffffffffffffff"
      "0000001c"
      "00000001"
      "00000014"
      "00650000"
      "00000000"
      "00000014"
      "00000006"
      "00000024"
      "00000000"
      "00000000"
      "00000002"
      "00000002"
      "00000002"
      "68690000"
      "00000024");
  const absl::StatusOr<PcapngFile> file = ParsePcapng("x.pcapng", bytes);
  ASSERT_EQ(file.status(), absl::OkStatus());
  ASSERT_EQ(file->packets.size(), 1);
  EXPECT_EQ(file->packets[0].time, 2000);
  EXPECT_EQ(file->packets[0].data, "hi");
  EXPECT_EQ(file->packets[0].direction, PacketDirection::kUnknown);
}

TEST(PcapngReaderTest, SaysWhereAFileIsCut) {
  const std::string bytes = Example();
  int whole = 0;
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::string error = ErrorOf(bytes.substr(0, size));
    if (error.empty()) {
      ++whole;  // between two blocks
    } else {
      EXPECT_THAT(error, HasSubstr("x.pcapng: offset "));
    }
  }
  EXPECT_EQ(whole, 5);
  EXPECT_EQ(ErrorOf(""), "x.pcapng: offset 0: the file is empty");
  EXPECT_EQ(ErrorOf(bytes.substr(0, 5)),
            "x.pcapng: offset 0: a block of 12 bytes or more, but only 5 are "
            "left");
  EXPECT_EQ(ErrorOf(bytes.substr(0, 20)),
            "x.pcapng: offset 0: a block of 60 bytes, but only 20 are left");
}

TEST(PcapngReaderTest, SaysWhatIsWrong) {
  EXPECT_EQ(ErrorOf("GET / HTTP/1.1\r\n"),
            "x.pcapng: offset 0: no section header: this is not a pcapng file");
  std::string magic = Example();
  magic[8] = 'x';
  EXPECT_EQ(ErrorOf(magic),
            "x.pcapng: offset 0: a section header without the byte-order "
            "magic");
  std::string version = Example();
  version[12] = 9;
  EXPECT_EQ(ErrorOf(version),
            "x.pcapng: offset 0: version 9 of pcapng is unknown");
  std::string size = Example();
  size[4] = 13;
  EXPECT_EQ(ErrorOf(size), "x.pcapng: offset 0: a block cannot have 13 bytes");
  std::string end = Example();
  end[56] = 4;
  EXPECT_EQ(ErrorOf(end),
            "x.pcapng: offset 0: the length at the end of the block is another "
            "one");
  std::string interface;
  AppendSectionHeader("", &interface);
  AppendPacket(PacketBlock(), &interface);
  EXPECT_EQ(ErrorOf(interface),
            absl::StrCat("x.pcapng: offset 44: a packet of interface 0, which "
                         "is not described"));
}

// Each byte takes some other values; nothing but errors may come of it.
TEST(PcapngReaderTest, AnyBytesAreSafe) {
  const std::string bytes = Example();
  int errors = 0;
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const int value : {0, 1, 2, 4, 5, 6, 127, 128, 255}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(value);
      errors += !ErrorOf(changed).empty();
    }
  }
  EXPECT_GT(errors, 100);
}

}  // namespace
}  // namespace plumb
