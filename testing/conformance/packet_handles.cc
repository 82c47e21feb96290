// Descriptors that go along with datagrams, where they can.

#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "testing/conformance/case.h"
#include "testing/conformance/packet_suite.h"
#include "testing/matchers.h"
#include "testing/wait_until_blocked.h"
#include "transport/descriptor.h"
#include "transport/direction.h"
#include "transport/extension.h"
#include "transport/handle_passing.h"
#include "transport/scope.h"

namespace plumb {

using Code = absl::StatusCode;

CONFORMANCE_CASE(PacketConnConformance, HandlesGoAlongWithDatagrams) {
  auto* const to = Extension<PacketHandlePassing>(near());
  auto* const from = Extension<PacketHandlePassing>(far());
  if (!backend().handles || GetParam().variant.decorated) {
    EXPECT_EQ(to, nullptr);
    EXPECT_EQ(from, nullptr);
    return CoversLack({"S-UX-06", "S-UX-07", "S-UX-08", "C-FD"});
  }
  Covers({"S-UX-06", "S-UX-07", "S-UX-08", "C-FD"});
  ASSERT_TRUE(to != nullptr && from != nullptr);
  int fds[2] = {-1, -1};
  ASSERT_EQ(pipe(fds), 0);
  const Descriptor read_end(fds[0]);
  Descriptor write_end(fds[1]);
  char buffer[64];
  const auto receive = [&](size_t size, size_t max_handles) {
    return from->ReadFromWithHandles(absl::MakeSpan(buffer, size), max_handles);
  };
  const std::vector<int> handles = {write_end.get()};

  ASSERT_THAT(to->WriteToWithHandles("", far_addr(), handles), IsOk());
  ASSERT_THAT(to->WriteToWithHandles("cut", far_addr(), handles), IsOk());
  ASSERT_THAT(to->WriteToWithHandles("many", far_addr(), handles), IsOk());
  ASSERT_THAT(to->WriteToWithHandles("plain", far_addr(), handles), IsOk());
  write_end.Close();
  for (const size_t full_size : {0, 3}) {
    auto got = receive(2, kMaxHandles);
    ASSERT_THAT(got.status(), IsOk());
    EXPECT_EQ(got->received.from, near_addr());
    EXPECT_EQ(got->received.full_size, full_size);
    EXPECT_EQ(got->received.truncated(), full_size == 3);
    ASSERT_EQ(got->handles.size(), 1u);
    ASSERT_EQ(write(got->handles[0].get(), "x", 1), 1);
    EXPECT_EQ(read(read_end.get(), buffer, sizeof buffer), 1);
  }
  EXPECT_TRUE(HasError(receive(64, 0).status(), Code::kInvalidArgument, "read",
                       far_addr(), near_addr(),
                       "too many handles: 1, at most 0"));
  EXPECT_THAT(Receive(far()), IsOk());
  // Nobody has the other end any more.
  EXPECT_EQ(read(read_end.get(), buffer, sizeof buffer), 0);
}

CONFORMANCE_CASE(PacketConnConformance, HandleCallsEndAsOthersDo) {
  auto* const passing = Extension<PacketHandlePassing>(near());
  if (!backend().handles || GetParam().variant.decorated) {
    EXPECT_EQ(passing, nullptr);
    return CoversLack({"S-UX-06"});
  }
  Covers({"S-UX-06"});
  char buffer[64];
  const auto read = [&] {
    return passing->ReadFromWithHandles(absl::MakeSpan(buffer)).status();
  };
  const auto write = [&](std::vector<int> handles) {
    return passing->WriteToWithHandles("x", far_addr(), handles);
  };
  EXPECT_TRUE(FailsToWrite(write({1 << 30}), far_addr(), Code::kInvalidArgument,
                           "sendmsg: bad file descriptor"));
  EXPECT_TRUE(FailsToWrite(write(std::vector<int>(kMaxHandles + 1, 0)),
                           far_addr(), Code::kInvalidArgument,
                           "too many handles: 254, at most 253"));
  const auto write_until_error = [&] {
    absl::Status status;
    while (status.ok()) status = write({});
    return status;
  };
  {
    const DeadlineScope limit(absl::Milliseconds(1));
    EXPECT_TRUE(FailsToRead(read(), Code::kDeadlineExceeded, "i/o timeout"));
    EXPECT_TRUE(FailsToWrite(write_until_error(), far_addr(),
                             Code::kDeadlineExceeded, "i/o timeout"));
  }
  CancelSource stop;
  absl::Status read_status, write_status;
  const auto reader = Go([&] {
    const CancelScope scope(stop);
    read_status = read();
  });
  const auto writer = Go([&] {
    const CancelScope scope(stop);
    write_status = write_until_error();
  });
  ASSERT_TRUE(WaitUntilBlocked(near(), 1, Direction::kRead));
  ASSERT_TRUE(WaitUntilBlocked(near(), 1, Direction::kWrite));
  stop.Cancel();
  reader->Join();
  writer->Join();
  EXPECT_TRUE(
      FailsToRead(read_status, Code::kCancelled, "operation was canceled"));
  EXPECT_TRUE(FailsToWrite(write_status, far_addr(), Code::kCancelled,
                           "operation was canceled"));
  ASSERT_THAT(near().SetDeadline(absl::InfinitePast()), IsOk());
  EXPECT_TRUE(FailsToRead(read(), Code::kDeadlineExceeded, "i/o timeout"));
  EXPECT_TRUE(FailsToWrite(write({}), far_addr(), Code::kDeadlineExceeded,
                           "i/o timeout"));
  ASSERT_THAT(near().Close(), IsOk());
  EXPECT_TRUE(FailsToRead(read(), Code::kCancelled,
                          "use of closed network connection"));
}

}  // namespace plumb
