// Datagrams and unix sockets, as a CaptureTransport sees them.
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/udp/udp.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/capture/capture.h"
#include "testing/capture/capture_transport.h"
#include "testing/capture/capture_transport_fixture.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/handle_passing.h"
#include "transport/packet_conn.h"
#include "transport/transport.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

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

// The bytes are there whoever has them first, and once.
TEST_F(CaptureTransportTest, WhatHasHandlesIsWrittenByItsBytes) {
  DialOptions options;
  options.local_address = "/run/web";
  const auto listener = *db_.Listen("unix", "/run/db");
  const auto near = *db_.Dial("unix", "/run/db", options);
  const auto far = *listener->Accept();
  const int handles[] = {0};
  char buffer[10];
  HandlePassing& to = *Extension<HandlePassing>(*near);
  HandlePassing& from = *Extension<HandlePassing>(*far);
  ASSERT_EQ(to.WriteWithHandles("one", handles), absl::OkStatus());
  ASSERT_EQ(to.WriteWithHandles("many", handles), absl::OkStatus());
  const auto got = from.ReadWithHandles(absl::MakeSpan(buffer));
  ASSERT_EQ(got.status(), absl::OkStatus());
  EXPECT_EQ(got->handles.size(), 1u);
  EXPECT_EQ(BytesDone(from.ReadWithHandles(absl::MakeSpan(buffer), 0).status()),
            4u);
  ASSERT_EQ(near->Close(), absl::OkStatus());
  EXPECT_TRUE(IsEof(from.ReadWithHandles(absl::MakeSpan(buffer)).status()));
  EXPECT_THAT(Lines(capture_),
              ElementsAre("db (unix) out /run/web > /run/db unix open",
                          "db (unix) out /run/web > /run/db unix data 'one'",
                          "db (unix) out /run/web > /run/db unix data 'many'",
                          "db (unix) out /run/web > /run/db unix end"));
}

// Of those whose sender nobody sees, too.
TEST_F(CaptureTransportTest, ADatagramWithHandlesIsWrittenByItsBytes) {
  const auto listener = *db_.ListenPacket("unixgram", "/run/db");
  const auto seen = *db_.Dial("unixgram", "/run/db");
  const auto unseen = *db_host_->Dial("unixgram", "/run/db");
  const int handles[] = {0};
  char buffer[4];
  auto& packets = *Extension<PacketHandlePassing>(*listener);
  for (Conn* conn : {seen.get(), unseen.get()}) {
    ASSERT_EQ(Extension<HandlePassing>(*conn)->WriteWithHandles(
                  conn == seen.get() ? "seen" : "unseen", handles),
              absl::OkStatus());
    const auto got = packets.ReadFromWithHandles(absl::MakeSpan(buffer));
    ASSERT_EQ(got.status(), absl::OkStatus());
    EXPECT_EQ(got->handles.size(), 1u);
  }
  EXPECT_THAT(
      Lines(capture_),
      ElementsAre("db (unix) out @ > /run/db unixgram datagram 'seen'",
                  "db (unix) in @ > /run/db unixgram datagram 'unse' # read "
                  "with a buffer of 4 of its 6 bytes"));
}

TEST_F(CaptureTransportTest, ADatagramWhoseHandlesAreLostIsWritten) {
  const auto listener = *db_.ListenPacket("unixgram", "/run/db");
  DialOptions options;
  options.local_address = "/run/web";
  const auto unseen = *db_host_->Dial("unixgram", "/run/db", options);
  const int handles[] = {0};
  char buffer[10];
  auto& packets = *Extension<PacketHandlePassing>(*listener);
  for (const char* data : {"data", ""}) {
    ASSERT_EQ(
        Extension<HandlePassing>(*unseen)->WriteWithHandles(data, handles),
        absl::OkStatus());
    const absl::Status lost =
        packets.ReadFromWithHandles(absl::MakeSpan(buffer), 0).status();
    EXPECT_EQ(lost.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(
        lost.message(),
        "read unixgram /run/db->/run/web: too many handles: 1, at most 0");
  }
  EXPECT_THAT(
      Lines(capture_),
      ElementsAre("db (unix) in /run/web > /run/db unixgram datagram 'data'",
                  "db (unix) in /run/web > /run/db unixgram datagram"));
}

TEST_F(CaptureTransportTest, ADialledUnixgramReadsHandles) {
  DialOptions options;
  options.local_address = "/run/web";
  const auto unseen = *db_host_->ListenPacket("unixgram", "/run/db");
  const auto near = *db_.Dial("unixgram", "/run/db", options);
  const int handles[] = {0};
  auto& to = *Extension<PacketHandlePassing>(*unseen);
  for (const char* data : {"one", "lost", "too long"}) {
    ASSERT_EQ(to.WriteToWithHandles(data, near->LocalAddr(), handles),
              absl::OkStatus());
  }
  char buffer[4];
  auto& from = *Extension<HandlePassing>(*near);
  const auto got = from.ReadWithHandles(absl::MakeSpan(buffer));
  ASSERT_EQ(got.status(), absl::OkStatus());
  EXPECT_EQ(absl::string_view(buffer, got->size), "one");
  EXPECT_EQ(got->handles.size(), 1u);
  EXPECT_EQ(BytesDone(from.ReadWithHandles(absl::MakeSpan(buffer), 0).status()),
            4u);
  EXPECT_EQ(BytesDone(from.ReadWithHandles(absl::MakeSpan(buffer)).status()),
            8u);
  ASSERT_EQ(near->Close(), absl::OkStatus());
  EXPECT_TRUE(IsClosed(from.ReadWithHandles(absl::MakeSpan(buffer)).status()));
  EXPECT_THAT(
      Lines(capture_),
      ElementsAre("db (unix) in /run/db > /run/web unixgram datagram 'one'",
                  "db (unix) in /run/db > /run/web unixgram datagram 'lost'",
                  "db (unix) in /run/db > /run/web unixgram datagram 'too ' # "
                  "read with a buffer of 4 of its 8 bytes"));
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
