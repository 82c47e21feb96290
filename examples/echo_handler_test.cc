#include "examples/echo_handler.h"

#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/fake/fake.h"
#include "gtest/gtest.h"
#include "transport/error.h"
#include "transport/io.h"
#include "transport/pipe.h"

namespace examples {
namespace {

TEST(EchoTest, SendsBackWhatComesUntilTheEnd) {
  auto [near, far] = plumb::Pipe();
  absl::Status echo = absl::UnknownError("not run");
  std::thread server([&conn = *far, &echo] {
    echo = Echo(conn, 3);
    EXPECT_EQ(conn.Close(), absl::OkStatus());
  });

  EXPECT_EQ(near->Write("there and back"), absl::OkStatus());
  EXPECT_EQ(near->CloseWrite(), absl::OkStatus());
  EXPECT_EQ(*plumb::ReadAll(*near), "there and back");
  server.join();
  EXPECT_EQ(echo, absl::OkStatus());
}

TEST(EchoTest, ABufferTooLargeForTheStackWillDo) {
  auto [near, far] = plumb::Pipe();
  EXPECT_EQ(near->Write("there and back"), absl::OkStatus());
  EXPECT_EQ(near->CloseWrite(), absl::OkStatus());
  EXPECT_EQ(Echo(*far, 64 << 20), absl::OkStatus());
  EXPECT_EQ(far->Close(), absl::OkStatus());
  EXPECT_EQ(*plumb::ReadAll(*near), "there and back");
}

TEST(EchoTest, APeerThatNeverReadsTimesOut) {
  plumb::PipeOptions options;
  options.buffer = 4;
  auto [near, far] = plumb::Pipe(options);
  ASSERT_EQ(near->Write("1234"), absl::OkStatus());
  ASSERT_EQ(far->SetWriteDeadline(absl::UnixEpoch()), absl::OkStatus());
  const absl::Status status = Echo(*far);
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(status.message(), "write pipe: i/o timeout");
}

TEST(EchoTest, AClosedConnIsAnError) {
  auto [near, far] = plumb::Pipe();
  ASSERT_EQ(far->Close(), absl::OkStatus());
  EXPECT_TRUE(plumb::IsClosed(Echo(*far)));
}

TEST(EchoPacketsTest, SendsEachBackToItsSenderAndDropsTheLongOnes) {
  plumb::FakeNetwork network;
  auto server = network.Host("server")->ListenPacket("udp", ":7");
  auto one = network.Host("one")->Dial("udp", "server:7");
  auto two = network.Host("two")->Dial("udp", "server:7");
  ASSERT_EQ(server.status(), absl::OkStatus());
  ASSERT_EQ(one.status(), absl::OkStatus());
  ASSERT_EQ(two.status(), absl::OkStatus());
  EXPECT_EQ((*one)->Write("longer than 8"), absl::OkStatus());
  EXPECT_EQ((*one)->Write("first"), absl::OkStatus());
  EXPECT_EQ((*two)->Write("second"), absl::OkStatus());
  EXPECT_EQ((*one)->Write("third"), absl::OkStatus());
  absl::Status status;
  std::thread echo([&] { status = EchoPackets(**server, 8); });

  char buffer[16];
  const auto read = [&](plumb::Conn& conn) {
    return std::string(buffer, *conn.Read(absl::MakeSpan(buffer)));
  };
  EXPECT_EQ(read(**one), "first");
  EXPECT_EQ(read(**one), "third");
  EXPECT_EQ(read(**two), "second");
  EXPECT_EQ((*server)->Close(), absl::OkStatus());
  echo.join();
  EXPECT_TRUE(plumb::IsClosed(status)) << status;
}

TEST(EchoPacketsTest, ASenderThatIsGoneDoesNotEndIt) {
  plumb::FakeNetwork network;
  plumb::FakeHost& host = *network.Host("server");
  auto server = host.ListenPacket("unixgram", "/server");
  ASSERT_EQ(server.status(), absl::OkStatus());
  const auto client = [&](const std::string& path) {
    plumb::DialOptions options;
    options.local_address = path;
    auto conn = host.Dial("unixgram", "/server", options);
    EXPECT_EQ(conn.status(), absl::OkStatus());
    return *std::move(conn);
  };
  auto gone = client("/gone");
  auto here = client("/here");
  EXPECT_EQ(gone->Write("first"), absl::OkStatus());
  EXPECT_EQ(here->Write("second"), absl::OkStatus());
  EXPECT_EQ(gone->Close(), absl::OkStatus());
  std::thread echo([&] { EchoPackets(**server).IgnoreError(); });

  char buffer[16];
  EXPECT_EQ(std::string(buffer, *here->Read(absl::MakeSpan(buffer))), "second");
  EXPECT_EQ((*server)->Close(), absl::OkStatus());
  echo.join();
}

}  // namespace
}  // namespace examples
