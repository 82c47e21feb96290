#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "backends/ip/ip_fixture_for_test.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "transport/packet_conn.h"

namespace {

// Which recvmsg from now on fails with ENOMEM, and takes nothing; 0 for none.
std::atomic<int> failing_receive{0};

}  // namespace

// In place of the C library's.
extern "C" ssize_t recvmsg(int fd, msghdr* message, int flags) {
  if (failing_receive > 0 && --failing_receive == 0) {
    errno = ENOMEM;
    return -1;
  }
  return syscall(SYS_recvmsg, fd, message, flags);
}

namespace plumb {
namespace {

using Code = absl::StatusCode;

TEST_F(IpTest, Batches) {
  const auto packets = Packets(kNetwork, "127.0.0.2");
  const auto sender = Packets(kNetwork, "127.0.0.3");
  const OutPacket out[] = {{"one", packets->LocalAddr()},
                           {"two", packets->LocalAddr()},
                           {"three", packets->LocalAddr()}};
  EXPECT_EQ(*sender->WriteBatch(absl::MakeConstSpan(out)), 3);
  char buffers[5][10];
  InPacket in[5];
  for (size_t i = 0; i < 5; ++i) in[i].buffer = absl::MakeSpan(buffers[i]);
  ASSERT_EQ(*packets->ReadBatch(absl::MakeSpan(in)), 3);
  EXPECT_EQ(std::string(buffers[2], in[2].received.size), "three");
  EXPECT_EQ(in[2].received.from, sender->LocalAddr());
  EXPECT_EQ(*packets->ReadBatch({}), 0);
}

TEST_F(IpTest, AnErrorInABatchComesWithTheNext) {
  const auto near = Packets(kNetwork, "127.0.0.2");
  const auto far = Packets(kNetwork, "127.0.0.3");
  for (const char* text : {"one", "three"}) {
    ASSERT_TRUE(far->WriteTo(text, near->LocalAddr()).ok());
  }
  char buffers[2][8];
  InPacket packets[2];
  packets[0].buffer = absl::MakeSpan(buffers[0]);
  packets[1].buffer = absl::MakeSpan(buffers[1]);
  failing_receive = 2;
  EXPECT_EQ(*near->ReadBatch(absl::MakeSpan(packets)), 1u);
  EXPECT_EQ(packets[0].received.size, 3u);
  ExpectError(near->ReadBatch(absl::MakeSpan(packets)).status(),
              Code::kResourceExhausted,
              "read ip4:253 127.0.0.2: recvfrom: cannot allocate memory");
  EXPECT_EQ(*near->ReadBatch(absl::MakeSpan(packets)), 1u);
  EXPECT_EQ(packets[0].received.size, 5u);
}

}  // namespace
}  // namespace plumb
