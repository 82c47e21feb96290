#include "transport/memory_stream.h"

#include <fcntl.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "transport/call.h"
#include "transport/descriptor.h"
#include "transport/direction.h"
#include "transport/memory_stream_options.h"

namespace plumb {
namespace {

using Ends = std::pair<StreamEnd, StreamEnd>;

Ends UnixStream() {
  MemoryStreamOptions options;
  options.kind = StreamKind::kUnix;
  const auto names = std::make_shared<const CallNames>(
      CallNames{"unix", Addr::Named("unix", "/a"), Addr::Named("unix", "/b")});
  for (StreamEndOptions& end : options.ends) end.names = names;
  return MakeMemoryStream(std::move(options));
}

// Waits until `count` Reads wait; the waiting is what is tested, so that there
// is no event to wait for.
void AwaitReads(const StreamEnd& end, int count) {
  while (end.BlockedCalls(Direction::kRead) < count) std::this_thread::yield();
}

std::string ReadSome(StreamEnd& end) {
  char buffer[10];
  const absl::StatusOr<size_t> n = end.Read(absl::MakeSpan(buffer));
  return n.ok() ? std::string(buffer, *n) : std::string(n.status().message());
}

absl::Status WriteMarked(StreamEnd& end, absl::string_view data, int count) {
  std::vector<Descriptor> handles;
  for (int i = 0; i < count; ++i) {
    handles.emplace_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
  return end.WriteWithHandles(absl::MakeConstSpan(&data, 1), &handles);
}

TEST(MemoryStreamTest, AReadThatWaitsEndsWithTheBytesOfAHandle) {
  auto ends = UnixStream();
  std::thread reader([&near = ends.first] {
    EXPECT_EQ(ReadSome(near), "marked");
    EXPECT_EQ(ReadSome(near), "plain");
  });
  AwaitReads(ends.first, 1);
  ASSERT_TRUE(WriteMarked(ends.second, "marked", 1).ok());
  const absl::string_view plain = "plain";
  ASSERT_TRUE(ends.second.Write(absl::MakeConstSpan(&plain, 1)).ok());
  reader.join();
  EXPECT_TRUE(ends.first.Close().ok());
  EXPECT_TRUE(ends.second.Close().ok());
}

TEST(MemoryStreamTest, HandlesGoToTheReadWhoseTurnItIs) {
  auto ends = UnixStream();
  StreamEnd& near = ends.first;
  std::thread plain([&near] { EXPECT_EQ(ReadSome(near), "first"); });
  AwaitReads(near, 1);
  std::thread marked([&near] {
    char buffer[10];
    std::vector<Descriptor> handles;
    const absl::StatusOr<size_t> n =
        near.ReadWithHandles(absl::MakeSpan(buffer), &handles);
    ASSERT_TRUE(n.ok()) << n.status();
    EXPECT_EQ(absl::string_view(buffer, *n), "second");
    EXPECT_EQ(handles.size(), 2u);
  });
  AwaitReads(near, 2);
  ASSERT_TRUE(WriteMarked(ends.second, "first", 1).ok());
  ASSERT_TRUE(WriteMarked(ends.second, "second", 2).ok());
  plain.join();
  marked.join();
  EXPECT_TRUE(near.Close().ok());
  EXPECT_TRUE(ends.second.Close().ok());
}

TEST(MemoryStreamTest, APeekWaitsForItsTurnBehindARead) {
  auto ends = UnixStream();
  StreamEnd& near = ends.first;
  std::thread reader([&near] { EXPECT_EQ(ReadSome(near), "first"); });
  AwaitReads(near, 1);
  std::thread peeker([&near] {
    char buffer[3];
    ASSERT_TRUE(near.Peek(absl::MakeSpan(buffer)).ok());
    EXPECT_EQ(absl::string_view(buffer, 3), "sec");
  });
  AwaitReads(near, 2);
  const absl::string_view data[] = {"first", "second"};
  ASSERT_TRUE(ends.second.Write(absl::MakeConstSpan(data, 1)).ok());
  reader.join();
  AwaitReads(near, 1);
  ASSERT_TRUE(ends.second.Write(absl::MakeConstSpan(data + 1, 1)).ok());
  peeker.join();
  EXPECT_EQ(ReadSome(near), "second");
  EXPECT_TRUE(near.Close().ok());
  EXPECT_TRUE(ends.second.Close().ok());
}

TEST(MemoryStreamTest, AResetEndsAReadThatWaits) {
  auto ends = UnixStream();
  std::thread reader([&near = ends.first] {
    EXPECT_EQ(ReadSome(near),
              "read unix /a->/b: read: connection reset by peer");
  });
  AwaitReads(ends.first, 1);
  EXPECT_TRUE(
      ends.second.Close(StreamClose::kReset, absl::ZeroDuration(), [] {}).ok());
  reader.join();
  EXPECT_TRUE(ends.first.Close().ok());
}

}  // namespace
}  // namespace plumb
