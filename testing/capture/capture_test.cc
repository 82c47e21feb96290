#include "testing/capture/capture.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/capture/packet_text.h"
#include "testing/capture/pcapng_reader.h"
#include "transport/ip_addr.h"
#include "transport/manual_clock.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

CaptureOptions On(ManualClock& clock) {
  CaptureOptions options;
  options.clock = &clock;
  return options;
}

TEST(CaptureTest, AnEmptyOneIsAFileToo) {
  const std::string bytes = Capture().Encode();
  const absl::StatusOr<PcapngFile> file = ParsePcapng("x", bytes);
  ASSERT_EQ(file.status(), absl::OkStatus());
  EXPECT_EQ(file->packets.size(), 0);
}

TEST(CaptureTest, NotesHaveTheirHostTheClocksTimeAndComments) {
  ManualClock clock(absl::FromUnixNanos(1600000000000000001));
  Capture capture(On(clock));
  capture.Comment("rule 3");
  capture.Comment("twice");
  capture.Note("db", "the disk is full");
  const std::string bytes = capture.Encode();
  const absl::StatusOr<PcapngFile> file = ParsePcapng("x", bytes);
  ASSERT_EQ(file.status(), absl::OkStatus());
  ASSERT_EQ(file->packets.size(), 1);
  const PcapngPacket& packet = file->packets[0];
  EXPECT_EQ(packet.time, 1600000000000000001);
  EXPECT_EQ(packet.comment, "rule 3; twice");
  EXPECT_EQ(file->interfaces[packet.interface].name, "db (unix)");
  EXPECT_EQ(PacketText(*TakeApart(147, packet.data)),
            "db >  note 'the disk is full'");
}

TEST(CaptureTest, AnAddressKeepsItsFirstNameAndLoopbackHasNone) {
  Capture capture;
  capture.NameAddress(IpAddr::V4(10, 0, 0, 1), "db");
  capture.NameAddress(IpAddr::V4(10, 0, 0, 1), "web");
  capture.NameAddress(IpAddr::LoopbackV4(), "me");
  capture.NameAddress(IpAddr::AnyV6(), "all");
  const std::string bytes = capture.Encode();
  const absl::StatusOr<PcapngFile> file = ParsePcapng("x", bytes);
  ASSERT_EQ(file.status(), absl::OkStatus());
  ASSERT_EQ(file->names.size(), 1);
  EXPECT_EQ(file->names[0].second, "db");
}

TEST(CaptureTest, HoldsTheNewestAndTellsHowManyAreGone) {
  CaptureOptions options;
  options.max_bytes = 10000;
  Capture capture(options);
  for (int i = 0; i < 1000; ++i) {
    capture.Note("db", absl::StrCat("note ", i));
  }
  const CaptureCounters counters = capture.Counters();
  EXPECT_EQ(counters.packets, 1000);
  EXPECT_LE(counters.bytes, 10000);
  const std::string bytes = capture.Encode();
  const absl::StatusOr<PcapngFile> file = ParsePcapng("x", bytes);
  ASSERT_EQ(file.status(), absl::OkStatus());
  EXPECT_EQ(file->packets.size(), 1000 - counters.dropped);
  EXPECT_EQ(file->comment,
            absl::StrCat("The capture was full: the first ", counters.dropped,
                         " of 1000 packets are not in it."));
  EXPECT_EQ(TakeApart(147, file->packets.back().data)->data, "note 999");
}

TEST(CaptureTest, WritesAFile) {
  Capture capture;
  capture.Note("db", "hello");
  const std::string path = ::testing::TempDir() + "/capture_test.pcapng";
  ASSERT_EQ(capture.WriteFile(path), absl::OkStatus());
  FILE* const file = fopen(path.c_str(), "rb");
  ASSERT_NE(file, nullptr);
  std::string bytes(100000, '\0');
  bytes.resize(fread(&bytes[0], 1, bytes.size(), file));
  fclose(file);
  EXPECT_EQ(bytes, capture.Encode());
}

TEST(CaptureTest, AFullDiskIsAnError) {
  EXPECT_EQ(
      Capture().WriteFile("/dev/full"),
      absl::ResourceExhaustedError("write /dev/full: no space left on device"));
}

TEST(CaptureTest, AFileThatCannotBeOpenedIsAnError) {
  EXPECT_EQ(
      Capture().WriteFile("/nowhere/x.pcapng"),
      absl::NotFoundError("open /nowhere/x.pcapng: no such file or directory"));
  EXPECT_EQ(Capture().WriteFile("/").code(), Code::kInternal);
  EXPECT_EQ(Capture().WriteFile("/").message(), "open /: is a directory");
}

}  // namespace
}  // namespace plumb
