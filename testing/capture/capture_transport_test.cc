#include "testing/capture/capture_transport.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "backends/fake/fake.h"
#include "backends/tcp/tcp.h"
#include "backends/udp/udp.h"
#include "backends/unix/unix.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/capture/capture.h"
#include "testing/capture/packet_text.h"
#include "testing/capture/pcapng_reader.h"
#include "testing/matchers.h"
#include "transport/io.h"
#include "transport/manual_clock.h"
#include "transport/transport.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// What a capture says, and where: "web out 10.0.0.1:9 > ...", with its comment
// behind a "#".
std::vector<std::string> Lines(const Capture& capture) {
  const std::string bytes = capture.Encode();
  const absl::StatusOr<PcapngFile> file = ParsePcapng("capture", bytes);
  EXPECT_EQ(file.status(), absl::OkStatus());
  std::vector<std::string> lines;
  for (const PcapngPacket& packet : file->packets) {
    const PcapngInterface& interface = file->interfaces[packet.interface];
    const auto parts = TakeApart(interface.link_type, packet.data);
    EXPECT_TRUE(parts.has_value());
    constexpr const char* kDirections[] = {"", " in", " out", ""};
    lines.push_back(absl::StrCat(
        interface.name, kDirections[static_cast<int>(packet.direction)], " ",
        PacketText(*parts), packet.comment.empty() ? "" : " # ",
        packet.comment));
  }
  return lines;
}

struct Ends {
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Conn> near;
  std::unique_ptr<Conn> far;
};

Ends Connect(Transport& client, Transport& server, const char* network,
             const char* address) {
  Ends ends;
  ends.listener = *server.Listen(network, address);
  ends.near = *client.Dial(network, ends.listener->Address().ToString());
  ends.far = *ends.listener->Accept();
  return ends;
}

std::string ReadSome(Conn& conn, size_t size = 100) {
  std::string bytes(size, '\0');
  const absl::StatusOr<size_t> n = conn.Read(absl::MakeSpan(&bytes[0], size));
  EXPECT_EQ(n.status(), absl::OkStatus());
  bytes.resize(n.value_or(0));
  return bytes;
}

// Two hosts of a fake network: web has 10.0.0.1, db 10.0.0.2.
class CaptureTransportTest : public ::testing::Test {
 protected:
  CaptureTransportTest()
      : network_(Options()),
        capture_(MakeCaptureOptions()),
        web_host_(network_.Host("web")),
        db_host_(network_.Host("db")),
        web_(web_host_, capture_, "web"),
        db_(db_host_, capture_, "db") {}

  FakeNetworkOptions Options() {
    FakeNetworkOptions options;
    options.clock = &clock_;
    return options;
  }
  CaptureOptions MakeCaptureOptions() {
    CaptureOptions options;
    options.clock = &clock_;
    return options;
  }

  ManualClock clock_;
  FakeNetwork network_;
  Capture capture_;
  const std::shared_ptr<Transport> web_host_, db_host_;
  CaptureTransport web_, db_;
};

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

TEST_F(CaptureTransportTest, DatagramsAreWrittenOnce) {
  const auto listener = *db_.ListenPacket("udp", "db:53");
  const auto near = *web_.Dial("udp", "db:53");
  ASSERT_EQ(near->Write("who?"), absl::OkStatus());
  char buffer[10];
  const absl::StatusOr<Received> got =
      listener->ReadFrom(absl::MakeSpan(buffer));
  ASSERT_EQ(got.status(), absl::OkStatus());
  ASSERT_EQ(listener->WriteTo("me", got->from), absl::OkStatus());
  EXPECT_EQ(ReadSome(*near), "me");
  ASSERT_EQ(near->Write(""), absl::OkStatus());
  EXPECT_THAT(
      Lines(capture_),
      ElementsAre("web out 10.0.0.1:32768 > 10.0.0.2:53 udp datagram 'who?'",
                  "db out 10.0.0.2:53 > 10.0.0.1:32768 udp datagram 'me'",
                  "web out 10.0.0.1:32768 > 10.0.0.2:53 udp datagram"));
}

TEST_F(CaptureTransportTest, ADatagramThatWasCutSaysSo) {
  const auto listener = *db_.ListenPacket("udp", "db:53");
  const auto near = *web_host_->Dial("udp", "db:53");
  ASSERT_EQ(near->Write("too long"), absl::OkStatus());
  char buffer[3];
  ASSERT_EQ(listener->ReadFrom(absl::MakeSpan(buffer)).status(),
            absl::OkStatus());
  EXPECT_THAT(Lines(capture_),
              ElementsAre("db in 10.0.0.1:32768 > 10.0.0.2:53 udp datagram "
                          "'too' # read with a buffer of 3 of its 8 bytes"));
}

TEST_F(CaptureTransportTest, UnixSocketsWithNamesAreOneConversation) {
  DialOptions options;
  options.local_address = "/run/web";
  const auto listener = *db_.Listen("unix", "/run/db");
  CaptureTransport other(db_host_, capture_, "web");
  const auto near = *other.Dial("unix", "/run/db", options);
  const auto far = *listener->Accept();
  ASSERT_EQ(near->Write("question"), absl::OkStatus());
  EXPECT_EQ(ReadSome(*far), "question");
  ASSERT_EQ(far->Close(), absl::OkStatus());
  EXPECT_THAT(
      Lines(capture_),
      ElementsAre("web (unix) out /run/web > /run/db unix open",
                  "web (unix) out /run/web > /run/db unix data 'question'",
                  "db (unix) out /run/db > /run/web unix end"));
}

TEST_F(CaptureTransportTest, UnixSocketsWithoutANameAreTwoAndSaySo) {
  const auto listener = *db_.Listen("unix", "/run/db");
  const auto near = *db_.Dial("unix", "/run/db");
  const auto far = *listener->Accept();
  ASSERT_EQ(near->Write("question"), absl::OkStatus());
  EXPECT_EQ(ReadSome(*far), "question");
  EXPECT_THAT(
      Lines(capture_),
      ElementsAre("db (unix) out @ > /run/db unix open # a socket without a "
                  "name: the two ends are two conversations",
                  "db (unix) in @ > /run/db unix open # a socket without a "
                  "name: the two ends are two conversations",
                  "db (unix) out @ > /run/db unix data 'question'",
                  "db (unix) in @ > /run/db unix data 'question'"));
}

TEST_F(CaptureTransportTest, UnixDatagramsAreWrittenOnce) {
  const auto listener = *db_.ListenPacket("unixgram", "/run/db");
  const auto near = *db_.Dial("unixgram", "/run/db");
  ASSERT_EQ(near->Write("hello"), absl::OkStatus());
  char buffer[10];
  ASSERT_EQ(listener->ReadFrom(absl::MakeSpan(buffer)).status(),
            absl::OkStatus());
  EXPECT_THAT(
      Lines(capture_),
      ElementsAre("db (unix) out @ > /run/db unixgram datagram 'hello'"));
}

TEST_F(CaptureTransportTest, MessagesOfUnixpacketStayApart) {
  DialOptions options;
  options.local_address = "/run/web";
  const auto listener = *db_.Listen("unixpacket", "/run/db");
  const auto near = *db_.Dial("unixpacket", "/run/db", options);
  const auto far = *listener->Accept();
  ASSERT_EQ(near->Write("one"), absl::OkStatus());
  ASSERT_EQ(near->Write("two"), absl::OkStatus());
  EXPECT_EQ(ReadSome(*far), "one");
  EXPECT_EQ(ReadSome(*far), "two");
  EXPECT_THAT(
      Lines(capture_),
      ElementsAre("db (unix) out /run/web > /run/db unixpacket open",
                  "db (unix) out /run/web > /run/db unixpacket data 'one'",
                  "db (unix) out /run/web > /run/db unixpacket data 'two'"));
}

TEST_F(CaptureTransportTest, AStreamToItselfIsWrittenOnce) {
  DialOptions options;
  options.local_address = "127.0.0.1:40000";
  Capture capture;
  CaptureTransport tcp(MakeTcp(), capture);
  const auto conn = tcp.Dial("tcp", "127.0.0.1:40000", options);
  ASSERT_EQ(conn.status(), absl::OkStatus());
  ASSERT_EQ((*conn)->Write("echo"), absl::OkStatus());
  EXPECT_EQ(ReadSome(**conn), "echo");
  const std::vector<std::string> lines = Lines(capture);
  ASSERT_EQ(lines.size(), 5);
  EXPECT_EQ(lines[3],
            "local out 127.0.0.1:40000 > 127.0.0.1:40000 tcp PSH ACK 'echo'");
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

TEST(CaptureTransportOnSocketsTest, AWildcardSocketMatchesOnLoopback) {
  Capture capture;
  CaptureTransport udp(MakeUdp(), capture);
  const auto server = *udp.ListenPacket("udp", ":0");
  const auto client =
      *udp.Dial("udp", absl::StrCat("127.0.0.1:", server->LocalAddr().port()));
  ASSERT_EQ(client->Write("hello"), absl::OkStatus());
  char buffer[10];
  const absl::StatusOr<Received> got = server->ReadFrom(absl::MakeSpan(buffer));
  ASSERT_EQ(got.status(), absl::OkStatus());
  ASSERT_EQ(server->WriteTo("back", got->from), absl::OkStatus());
  const std::vector<std::string> lines = Lines(capture);
  ASSERT_EQ(lines.size(), 2);
  EXPECT_THAT(lines[1],
              HasSubstr(absl::StrCat(
                  "out 127.0.0.1:", server->LocalAddr().port(), " > ")));
}

}  // namespace
}  // namespace plumb
