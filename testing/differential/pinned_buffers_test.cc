// The same as pinned_by_hand_test.cc: how much fits before a Write waits.

#include <sys/socket.h>

#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "backends/fake/packet_observer.h"
#include "gtest/gtest.h"
#include "testing/differential/by_hand_for_test.h"
#include "testing/matchers.h"
#include "testing/temp_directory.h"
#include "testing/wait_until_blocked.h"
#include "transport/error.h"

namespace plumb {
namespace {

constexpr size_t kBuffers = 2 * 64 * 1024;  // of a stream of the fake
constexpr size_t kMebibyte = 1024 * 1024;

// Of three numbers of /proc/sys/net/ the second, or the only one; -1 where
// there is none.
int Default(const std::string& name) {
  std::ifstream file(absl::StrCat("/proc/sys/net/", name));
  int number = -1;
  file >> number;
  int second = -1;
  return file >> second ? second : number;
}

// How much Writes of that size send before one waits.
size_t Fits(Conn& conn, size_t size) {
  size_t sent = 0;
  std::thread writer([&] {
    absl::Status status;
    while (status.ok()) {
      status = conn.Write(std::string(size, 'x'));
      sent += status.ok() ? size : BytesDone(status);
    }
  });
  EXPECT_TRUE(WaitUntilBlocked(conn, 1, Direction::kWrite));
  EXPECT_THAT(conn.SetWriteDeadline(absl::Time()), IsOk());
  writer.join();
  return sent;
}

class Onlooker final : public PacketObserver {
  void OnPacket(const PacketEvent&) override {}
};

// Of a fake without packets, and of one with them.
class PinnedBuffersTest : public testing::TestWithParam<bool> {
 protected:
  static FakeNetworkOptions Options() {
    FakeNetworkOptions options;
    if (GetParam()) options.observer = std::make_shared<Onlooker>();
    return options;
  }

  Transport& kernel() { return DefaultRegistry(); }
  FakeHost& fake() { return *fake_; }
  Connected OnKernel(const std::string& network) {
    const bool tcp = network == "tcp";
    const TempDirectory directory;
    return ConnectAt(
        kernel(), network,
        tcp ? "127.0.0.1:0" : absl::StrCat(directory.path(), "/s"));
  }
  Connected OnFake(const std::string& network) {
    return ConnectAt(fake(), network, network == "tcp" ? "127.0.0.1:0" : "@s");
  }

  FakeNetwork network_{Options()};
  const std::shared_ptr<FakeHost> fake_ = network_.Host("host");
};

// "a stream holds the sum of the two buffers, not doubled"
TEST_P(PinnedBuffersTest, AreNotDoubled) {
  constexpr int kSize = 32 * 1024;
  for (const bool real : {true, false}) {
    const Connected ends = real ? OnKernel("tcp") : OnFake("tcp");
    ASSERT_THAT(Extension<BufferControl>(*ends.client)->SetWriteBuffer(kSize),
                IsOk());
    ASSERT_THAT(Extension<BufferControl>(*ends.server)->SetReadBuffer(kSize),
                IsOk());
    if (real) {
      EXPECT_EQ(OptionOf(*ends.client, SOL_SOCKET, SO_SNDBUF), 2 * kSize);
      EXPECT_EQ(OptionOf(*ends.server, SOL_SOCKET, SO_RCVBUF), 2 * kSize);
    } else {
      EXPECT_EQ(Fits(*ends.client, kMebibyte), 2u * kSize);
    }
  }
}

// "... by default they are 64 KiB each and do not grow"
TEST_P(PinnedBuffersTest, OfTcpByDefault) {
  const Connected there = OnKernel("tcp");
  EXPECT_EQ(OptionOf(*there.server, SOL_SOCKET, SO_RCVBUF),
            Default("ipv4/tcp_rmem"));
  EXPECT_GT(OptionOf(*there.client, SOL_SOCKET, SO_SNDBUF), 64 * 1024);
  EXPECT_EQ(Fits(*OnFake("tcp").client, kMebibyte), kBuffers);
}

// "... Linux counts the sender's alone on unix"
TEST_P(PinnedBuffersTest, OfUnixByDefault) {
  const Connected there = OnKernel("unix");
  const int sent = OptionOf(*there.client, SOL_SOCKET, SO_SNDBUF);
  // Before Linux 6.12 only the first network namespace has it.
  const int by_default = Default("core/wmem_default");
  if (by_default != -1) {
    EXPECT_EQ(sent, by_default);
  }
  EXPECT_GE(Fits(*there.client, kMebibyte), static_cast<size_t>(sent));
  EXPECT_EQ(Fits(*OnFake("unix").client, kMebibyte), kBuffers);
}

// "a datagram, and a message of unixpacket, takes as much of a buffer as it has
// bytes"; the kernel counts what it keeps it in, too.
TEST_P(PinnedBuffersTest, WhatAMessageTakes) {
  constexpr size_t kSize = 10;
  constexpr size_t kReserve = 32;  // of each, for the kernel itself
  const Connected there = OnKernel("unixpacket");
  const int buffer = OptionOf(*there.client, SOL_SOCKET, SO_SNDBUF);
  EXPECT_LT(Fits(*there.client, kSize), static_cast<size_t>(buffer) / 20);
  EXPECT_EQ(Fits(*OnFake("unixpacket").client, kSize),
            Options().datagram_buffer / (kSize + kReserve) * kSize);
}

INSTANTIATE_TEST_SUITE_P(, PinnedBuffersTest, testing::Bool());

}  // namespace
}  // namespace plumb
