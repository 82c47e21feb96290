#include "testing/capture/capture_transport.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "backends/tcp/tcp.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/capture/capture.h"
#include "testing/capture/capture_transport_fixture.h"
#include "testing/capture/pcapng_reader.h"
#include "testing/matchers.h"
#include "testing/probe_matchers.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/io.h"
#include "transport/ip_addr.h"
#include "transport/packet_conn.h"
#include "transport/transport.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;
using ::testing::Not;
using ::testing::Pair;

TEST_F(CaptureTransportTest, WritesEachByteOnceWhenBothEndsAreSeen) {
  Ends ends = Connect(web_, db_, "tcp", "db:80");
  ASSERT_EQ(ends.near->Write("question"), absl::OkStatus());
  EXPECT_EQ(ReadSome(*ends.far), "question");
  ASSERT_EQ(ends.far->Write("answer"), absl::OkStatus());
  EXPECT_EQ(ReadSome(*ends.near), "answer");
  ASSERT_EQ(ends.near->CloseWrite(), absl::OkStatus());
  EXPECT_EQ(*ReadAll(*ends.far), "");
  ASSERT_EQ(ends.far->Close(), absl::OkStatus());
  ASSERT_EQ(ends.near->Close(), absl::OkStatus());
  EXPECT_THAT(
      Lines(capture_),
      ElementsAre("web out 10.0.0.1:32768 > 10.0.0.2:80 tcp SYN",
                  "web in 10.0.0.2:80 > 10.0.0.1:32768 tcp SYN ACK",
                  "web out 10.0.0.1:32768 > 10.0.0.2:80 tcp ACK",
                  "web out 10.0.0.1:32768 > 10.0.0.2:80 tcp PSH ACK 'question'",
                  "db out 10.0.0.2:80 > 10.0.0.1:32768 tcp ACK",
                  "db out 10.0.0.2:80 > 10.0.0.1:32768 tcp PSH ACK 'answer'",
                  "web out 10.0.0.1:32768 > 10.0.0.2:80 tcp ACK",
                  "web out 10.0.0.1:32768 > 10.0.0.2:80 tcp FIN ACK",
                  "db out 10.0.0.2:80 > 10.0.0.1:32768 tcp ACK",
                  "db out 10.0.0.2:80 > 10.0.0.1:32768 tcp FIN ACK",
                  "web out 10.0.0.1:32768 > 10.0.0.2:80 tcp ACK"));
}

TEST_F(CaptureTransportTest, ProbesOfAFakeGoThrough) {
  Ends ends = Connect(web_, db_, "tcp", "db:80");
  EXPECT_THAT(ends.listener, PendingConnects(0));
  EXPECT_THAT(ends.far, Not(CanRead()));
  ASSERT_EQ(ends.near->Write("question"), absl::OkStatus());
  EXPECT_THAT(ends.far, CanRead());
  const auto datagrams = *db_.ListenPacket("udp", ":53");
  EXPECT_THAT(datagrams, Not(CanRead()));
  const auto sender = *web_.Dial("udp", "db:53");
  ASSERT_EQ(sender->Write("x"), absl::OkStatus());
  EXPECT_THAT(datagrams, CanRead());
}

TEST_F(CaptureTransportTest, WhatComesFromElsewhereIsInbound) {
  Ends ends = Connect(web_, *db_host_, "tcp", "db:80");
  ASSERT_EQ(ends.near->Write("question"), absl::OkStatus());
  ASSERT_EQ(ends.far->Write("answer"), absl::OkStatus());
  EXPECT_EQ(ReadSome(*ends.near, 3), "ans");
  EXPECT_EQ(ReadSome(*ends.near, 100), "wer");
  ASSERT_EQ(ends.far->CloseWrite(), absl::OkStatus());
  EXPECT_EQ(*ReadAll(*ends.near), "");
  EXPECT_THAT(
      Lines(capture_),
      ElementsAre("web out 10.0.0.1:32768 > 10.0.0.2:80 tcp SYN",
                  "web in 10.0.0.2:80 > 10.0.0.1:32768 tcp SYN ACK",
                  "web out 10.0.0.1:32768 > 10.0.0.2:80 tcp ACK",
                  "web out 10.0.0.1:32768 > 10.0.0.2:80 tcp PSH ACK 'question'",
                  "web in 10.0.0.2:80 > 10.0.0.1:32768 tcp PSH ACK 'ans'",
                  "web in 10.0.0.2:80 > 10.0.0.1:32768 tcp PSH ACK 'wer'",
                  "web in 10.0.0.2:80 > 10.0.0.1:32768 tcp FIN ACK",
                  "web out 10.0.0.1:32768 > 10.0.0.2:80 tcp ACK"));
}

TEST_F(CaptureTransportTest, AnAcceptedConnSeesTheSame) {
  Ends ends = Connect(*web_host_, db_, "tcp", "db:80");
  ASSERT_EQ(ends.near->Write("question"), absl::OkStatus());
  EXPECT_EQ(ReadSome(*ends.far), "question");
  EXPECT_THAT(
      Lines(capture_),
      ElementsAre("db in 10.0.0.1:32768 > 10.0.0.2:80 tcp SYN",
                  "db out 10.0.0.2:80 > 10.0.0.1:32768 tcp SYN ACK",
                  "db in 10.0.0.1:32768 > 10.0.0.2:80 tcp ACK",
                  "db in 10.0.0.1:32768 > 10.0.0.2:80 tcp PSH ACK 'question'"));
}

TEST_F(CaptureTransportTest, LongWritesAreSegments) {
  Ends ends = Connect(web_, db_, "tcp", "db:80");
  const std::string data(3000, 'x');
  const absl::string_view pieces[] = {absl::string_view(data).substr(0, 1000),
                                      "", absl::string_view(data).substr(1000)};
  ASSERT_EQ(ends.near->Write(pieces), absl::OkStatus());
  const std::vector<std::string> lines = Lines(capture_);
  ASSERT_EQ(lines.size(), 6);
  const std::string start = "web out 10.0.0.1:32768 > 10.0.0.2:80 tcp ";
  EXPECT_EQ(lines[3],
            absl::StrCat(start, "ACK '", std::string(1460, 'x'), "'"));
  EXPECT_EQ(lines[4],
            absl::StrCat(start, "ACK '", std::string(1460, 'x'), "'"));
  EXPECT_EQ(lines[5],
            absl::StrCat(start, "PSH ACK '", std::string(80, 'x'), "'"));
}

TEST_F(CaptureTransportTest, SegmentsOfIpv6AreShorter) {
  Ends ends = Connect(web_, db_, "tcp6", "db:80");
  ASSERT_EQ(ends.near->Write(std::string(1500, 'x')), absl::OkStatus());
  const std::vector<PacketReadBack> packets = ReadBack(capture_);
  ASSERT_EQ(packets.size(), 5);
  EXPECT_EQ(packets[3].data.size(), 1440);
  EXPECT_EQ(packets[4].data.size(), 60);
}

TEST_F(CaptureTransportTest, ClosingWithUnreadDataIsAReset) {
  Ends ends = Connect(web_, db_, "tcp", "db:80");
  ASSERT_EQ(ends.near->Write("nobody reads this"), absl::OkStatus());
  ASSERT_EQ(ends.far->Close(), absl::OkStatus());
  char buffer[1];
  EXPECT_TRUE(IsReset(ends.near->Read(absl::MakeSpan(buffer)).status()));
  ASSERT_EQ(ends.near->Close(), absl::OkStatus());
  const std::vector<std::string> lines = Lines(capture_);
  ASSERT_EQ(lines.size(), 5);
  EXPECT_EQ(lines[4],
            "db out 10.0.0.2:80 > 10.0.0.1:32768 tcp RST ACK # closed with "
            "unread data");
}

TEST_F(CaptureTransportTest, AResetFromElsewhereIsSeenWhenItIsTold) {
  Ends ends = Connect(web_, *db_host_, "tcp", "db:80");
  ASSERT_EQ(ends.near->Write("nobody reads this"), absl::OkStatus());
  ASSERT_EQ(ends.far->Close(), absl::OkStatus());
  char buffer[1];
  EXPECT_TRUE(IsReset(ends.near->Read(absl::MakeSpan(buffer)).status()));
  EXPECT_EQ(Lines(capture_).back(),
            "web in 10.0.0.2:80 > 10.0.0.1:32768 tcp RST ACK");
}

TEST_F(CaptureTransportTest, ARefusedDialIsASynAndAReset) {
  EXPECT_TRUE(IsRefused(web_.Dial("tcp", "db:80").status()));
  EXPECT_THAT(Lines(capture_),
              ElementsAre("web out 0.0.0.0:61001 > 10.0.0.2:80 tcp SYN",
                          "web in 10.0.0.2:80 > 0.0.0.0:61001 tcp RST ACK # "
                          "dial tcp 10.0.0.2:80: connect: connection refused"));
}

TEST_F(CaptureTransportTest, ADialWithoutAnAddressIsANote) {
  EXPECT_TRUE(IsNoSuchHost(web_.Dial("tcp", "nosuch:80").status()));
  EXPECT_THAT(Lines(capture_),
              ElementsAre("web (unix)  > nosuch:80 note 'dial tcp: lookup "
                          "nosuch: no such host'"));
}

TEST_F(CaptureTransportTest, DeadlinesAndCloseAreNoPackets) {
  Ends ends = Connect(web_, db_, "tcp", "db:80");
  char buffer[1];
  ASSERT_EQ(ends.near->SetReadDeadline(absl::Time()), absl::OkStatus());
  EXPECT_TRUE(IsTimeout(ends.near->Read(absl::MakeSpan(buffer)).status()));
  EXPECT_EQ(Lines(capture_).size(), 3);
}

TEST_F(CaptureTransportTest, TimesAreTheClocks) {
  const int64_t start = absl::ToUnixNanos(clock_.TimeNow());
  Ends ends = Connect(web_, db_, "tcp", "db:80");
  clock_.Advance(absl::Seconds(2));
  ASSERT_EQ(ends.near->Write("later"), absl::OkStatus());
  const std::string bytes = capture_.Encode();
  const absl::StatusOr<PcapngFile> file = ParsePcapng("capture", bytes);
  ASSERT_EQ(file.status(), absl::OkStatus());
  EXPECT_EQ(file->packets.front().time, start);
  EXPECT_EQ(file->packets.back().time, start + 2000000000);
}

TEST_F(CaptureTransportTest, HostsHaveTheirNames) {
  Ends ends = Connect(web_, *db_host_, "tcp", "db:80");
  const std::unique_ptr<Conn> by_name = *web_.Dial("tcp", "db:80");
  const std::string bytes = capture_.Encode();
  const absl::StatusOr<PcapngFile> file = ParsePcapng("capture", bytes);
  ASSERT_EQ(file.status(), absl::OkStatus());
  ASSERT_EQ(file->names.size(), 2);
  EXPECT_EQ(file->names[0].second, "web");
  EXPECT_EQ(file->names[1].second, "db");
}

// Each has its own name, also where nobody was dialled by it.
TEST_F(CaptureTransportTest, WhoAcceptsAndWhoBindsHasANameToo) {
  Ends ends = Connect(*web_host_, db_, "tcp", "db:80");
  const std::unique_ptr<PacketConn> packets =
      *web_.ListenPacket("udp", "web:53");
  const std::string bytes = capture_.Encode();
  const absl::StatusOr<PcapngFile> file = ParsePcapng("capture", bytes);
  ASSERT_EQ(file.status(), absl::OkStatus());
  EXPECT_THAT(file->names, ElementsAre(Pair(IpAddr::V4(10, 0, 0, 1), "web"),
                                       Pair(IpAddr::V4(10, 0, 0, 2), "db")));
}

TEST_F(CaptureTransportTest, TheSamePortAgainIsANewConnection) {
  for (int i = 0; i < 2; ++i) {
    DialOptions options;
    options.local_address = "10.0.0.1:7";
    const auto listener = *db_.Listen("tcp", "db:80");
    const auto near = *web_.Dial("tcp", "db:80", options);
    const auto far = *listener->Accept();
    ASSERT_EQ(near->Write(absl::StrCat("round ", i)), absl::OkStatus());
    EXPECT_EQ(ReadSome(*far), absl::StrCat("round ", i));
  }
  const std::vector<std::string> lines = Lines(capture_);
  ASSERT_EQ(lines.size(), 16);
  EXPECT_EQ(lines[3], "web out 10.0.0.1:7 > 10.0.0.2:80 tcp PSH ACK 'round 0'");
  EXPECT_EQ(lines[8], "web out 10.0.0.1:7 > 10.0.0.2:80 tcp SYN");
  EXPECT_EQ(lines[11],
            "web out 10.0.0.1:7 > 10.0.0.2:80 tcp PSH ACK 'round 1'");
}

TEST_F(CaptureTransportTest, WhoIsAcceptedAfterTheDiallerClosedIsTheSame) {
  const auto listener = *db_.Listen("tcp", "db:80");
  auto near = *web_.Dial("tcp", "db:80");
  ASSERT_EQ(near->Write("bye"), absl::OkStatus());
  near = nullptr;
  const auto far = *listener->Accept();
  EXPECT_EQ(ReadSome(*far), "bye");
  EXPECT_THAT(Lines(capture_),
              ElementsAre("web out 10.0.0.1:32768 > 10.0.0.2:80 tcp SYN",
                          "web in 10.0.0.2:80 > 10.0.0.1:32768 tcp SYN ACK",
                          "web out 10.0.0.1:32768 > 10.0.0.2:80 tcp ACK",
                          "web out 10.0.0.1:32768 > 10.0.0.2:80 tcp PSH ACK "
                          "'bye'",
                          "web out 10.0.0.1:32768 > 10.0.0.2:80 tcp FIN ACK",
                          "web in 10.0.0.2:80 > 10.0.0.1:32768 tcp ACK"));
}

TEST_F(CaptureTransportTest, AStreamToItselfIsWrittenOnce) {
  std::string itself;
  std::unique_ptr<Capture> capture;
  absl::StatusOr<std::unique_ptr<Conn>> conn;
  // Ports that the kernel does not give away, of an address that others do not
  // use; but this may run twice, and a minute of TIME_WAIT follows.
  for (int port = 20000; port < 30000; ++port) {
    itself = absl::StrCat("127.0.40.1:", port);
    DialOptions options;
    options.local_address = itself;
    capture = std::make_unique<Capture>();
    CaptureTransport tcp(MakeTcp(), *capture);
    conn = tcp.Dial("tcp", itself, options);
    if (!IsAddressInUse(conn.status())) break;
  }
  ASSERT_EQ(conn.status(), absl::OkStatus());
  ASSERT_EQ((*conn)->Write("echo"), absl::OkStatus());
  EXPECT_EQ(ReadSome(**conn), "echo");
  const std::vector<std::string> lines = Lines(*capture);
  ASSERT_EQ(lines.size(), 5);
  EXPECT_EQ(lines[3], absl::StrCat("local out ", itself, " > ", itself,
                                   " tcp PSH ACK 'echo'"));
}

TEST(CaptureTransportOnSocketsTest, SeesTheSameOnTcp) {
  Capture capture;
  CaptureTransport tcp(MakeTcp(), capture);
  Ends ends = Connect(tcp, tcp, "tcp", "127.0.0.1:0");
  ASSERT_EQ(ends.near->Write("question"), absl::OkStatus());
  EXPECT_EQ(ReadSome(*ends.far), "question");
  const std::string near = ends.near->LocalAddr().ToString();
  const std::string far = ends.far->LocalAddr().ToString();
  EXPECT_THAT(
      Lines(capture),
      ElementsAre(absl::StrCat("local out ", near, " > ", far, " tcp SYN"),
                  absl::StrCat("local in ", far, " > ", near, " tcp SYN ACK"),
                  absl::StrCat("local out ", near, " > ", far, " tcp ACK"),
                  absl::StrCat("local out ", near, " > ", far,
                               " tcp PSH ACK 'question'"),
                  absl::StrCat("local out ", far, " > ", near, " tcp ACK")));
}

}  // namespace
}  // namespace plumb
