#include "examples/echo_handler.h"

#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
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

}  // namespace
}  // namespace examples
