#include "testing/capture/chart.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/capture/capture.h"
#include "testing/capture/chart_data.h"
#include "testing/capture/ip_packet.h"
#include "testing/capture/pcapng.h"
#include "testing/capture/pcapng_reader.h"

namespace plumb {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A file with an interface for each of two hosts.
std::string Start() {
  std::string file;
  AppendSectionHeader("", &file);
  AppendInterface({"web", "", LinkType::kRawIp}, &file);
  AppendInterface({"db", "", LinkType::kRawIp}, &file);
  return file;
}

struct Shown {
  uint32_t interface = 0;
  PacketDirection direction = PacketDirection::kOutbound;
  int64_t time = 0;
  std::string comment;
};

void AddSegment(const IpPort& from, const IpPort& to, uint8_t flags,
                absl::string_view data, const Shown& shown, std::string* file) {
  TcpSegment segment;
  segment.from = from;
  segment.to = to;
  segment.flags = flags;
  segment.seq = 1000;
  std::string bytes;
  AppendTcp(segment, data, &bytes);
  PacketBlock packet;
  packet.interface = shown.interface;
  packet.time = shown.time;
  packet.direction = shown.direction;
  packet.data = bytes;
  packet.comment = shown.comment;
  AppendPacket(packet, file);
}

std::string DataOf(const std::string& bytes) {
  const absl::StatusOr<PcapngFile> file = ParsePcapng("x.pcapng", bytes);
  EXPECT_EQ(file.status(), absl::OkStatus());
  const absl::StatusOr<std::string> data = ChartData("x.pcapng", *file);
  EXPECT_EQ(data.status(), absl::OkStatus());
  return *data;
}

const IpPort kWeb = {IpAddr::V4(10, 0, 0, 1), 9};
const IpPort kDb = {IpAddr::V4(10, 0, 0, 2), 80};

TEST(ChartDataTest, HasEachPacket) {
  std::string file = Start();
  AddSegment(kWeb, kDb, kTcpSyn, "", {0, PacketDirection::kOutbound, 5000, ""},
             &file);
  AddSegment(kDb, kWeb, kTcpPsh | kTcpAck, "hi",
             {1, PacketDirection::kOutbound, 7000, "held 2 us"}, &file);
  EXPECT_EQ(
      DataOf(file),
      "{\"title\":\"x.pcapng\",\"comment\":\"\","
      "\"start\":\"1970-01-01 00:00:00.000005000 UTC\","
      "\"columns\":[\"web\",\"db\"],"
      "\"conversations\":[\"tcp 10.0.0.1:9 - 10.0.0.2:80\"],\"packets\":[\n"
      "{\"t\":0,\"a\":0,\"b\":1,\"v\":0,\"p\":\"tcp\",\"k\":\"SYN\","
      "\"c\":\"open\",\"f\":\"10.0.0.1:9\",\"g\":\"10.0.0.2:80\",\"n\":0,"
      "\"i\":\"Seq=0\",\"d\":\"\",\"m\":\"\"},\n"
      "{\"t\":2000,\"a\":1,\"b\":0,\"v\":0,\"p\":\"tcp\",\"k\":\"PSH ACK\","
      "\"c\":\"data\",\"f\":\"10.0.0.2:80\",\"g\":\"10.0.0.1:9\",\"n\":2,"
      "\"i\":\"Seq=0 Ack=4294966296\",\"d\":\"aGk=\",\"m\":\"held 2 us\"}]}");
}

TEST(ChartDataTest, WhoIsNoHostHasItsNameOrItsAddress) {
  std::string file;
  AppendSectionHeader("", &file);
  AppendInterface({"web", "", LinkType::kRawIp}, &file);
  AppendNameResolution({{kDb.ip, "database"}}, &file);
  AddSegment(kWeb, kDb, kTcpSyn, "", {}, &file);
  AddSegment(kWeb, {IpAddr::V4(10, 0, 0, 3), 80}, kTcpSyn, "", {}, &file);
  AddSegment(kWeb, {IpAddr::LoopbackV4(), 80}, kTcpSyn, "", {}, &file);
  EXPECT_THAT(DataOf(file),
              HasSubstr("\"columns\":[\"web\",\"database\",\"10.0.0.3\","
                        "\"127.0.0.1:80\"]"));
}

TEST(ChartDataTest, WhoIsDialledFromItsOwnHostStandsApart) {
  const IpPort client = {IpAddr::LoopbackV4(), 40000};
  const IpPort server = {IpAddr::LoopbackV4(), 80};
  std::string file = Start();
  AddSegment(client, server, kTcpSyn, "", {}, &file);
  AddSegment(server, client, kTcpSyn | kTcpAck, "",
             {0, PacketDirection::kInbound, 0, ""}, &file);
  AddSegment(server, client, kTcpAck, "answer", {}, &file);
  EXPECT_THAT(DataOf(file), HasSubstr("\"columns\":[\"web\","));
  EXPECT_THAT(DataOf(file), HasSubstr("\"web 127.0.0.1:80\"]"));
}

TEST(ChartDataTest, NotesAreAtTheirHost) {
  Capture capture;
  capture.Note("db", "caf\xc3\xa9 </script>");
  const std::string data = DataOf(capture.Encode());
  EXPECT_THAT(data, HasSubstr("\"columns\":[\"db\"]"));
  EXPECT_THAT(data, HasSubstr("\"a\":0,\"b\":-1,\"v\":-1"));
  EXPECT_THAT(data, HasSubstr("\"c\":\"note\""));
}

TEST(ChartTest, APageIsWholeAndNothingBreaksOutOfItsData) {
  Capture capture;
  capture.Comment("</script><script>alert(\"\\1\")</script> caf\xc3\xa9");
  capture.Note("db", "text");
  const absl::StatusOr<std::string> page =
      MakeChart("<b>.pcapng", capture.Encode());
  ASSERT_EQ(page.status(), absl::OkStatus());
  EXPECT_THAT(*page, HasSubstr("<!DOCTYPE html>"));
  EXPECT_THAT(*page, Not(HasSubstr("{{")));
  EXPECT_THAT(*page, Not(HasSubstr("alert(\"")));
  EXPECT_THAT(*page, Not(HasSubstr("<b>")));
  EXPECT_THAT(*page, HasSubstr("\\u003c/script>\\u003cscript>alert(\\u0022"
                               "\\u005c1\\u0022)\\u003c/script> "
                               "caf\\u00c3\\u00a9"));
  // Nothing is loaded from anywhere.
  EXPECT_THAT(*page, Not(HasSubstr("src=")));
  EXPECT_THAT(*page, Not(HasSubstr("href=")));
  EXPECT_THAT(*page, Not(HasSubstr("url(")));
}

TEST(ChartTest, AnEmptyCaptureIsAPage) {
  const absl::StatusOr<std::string> page =
      MakeChart("x.pcapng", Capture().Encode());
  ASSERT_EQ(page.status(), absl::OkStatus());
  EXPECT_THAT(*page, HasSubstr("\"packets\":[]"));
}

TEST(ChartTest, ErrorsNameTheFileAndThePlace) {
  EXPECT_EQ(MakeChart("x.pcapng", "").status(),
            absl::DataLossError("x.pcapng: offset 0: the file is empty"));
  std::string file = Start();
  const size_t offset = file.size();
  PacketBlock packet;
  packet.data = "no IP packet";
  AppendPacket(packet, &file);
  EXPECT_EQ(MakeChart("x.pcapng", file).status(),
            absl::DataLossError(absl::StrCat(
                "x.pcapng: offset ", offset,
                ": a packet that is none of a capture's (link type 101, 12 "
                "bytes)")));
}

TEST(ChartTest, AFileCutAnywhereIsAPageOrAnError) {
  std::string file = Start();
  AddSegment(kWeb, kDb, kTcpSyn, "data", {}, &file);
  for (size_t size = 1; size < file.size(); ++size) {
    const absl::Status status =
        MakeChart("x.pcapng", file.substr(0, size)).status();
    EXPECT_TRUE(status.ok() || status.code() == absl::StatusCode::kDataLoss);
  }
}

}  // namespace
}  // namespace plumb
