// The same as pinned_by_hand_test.cc: options and addresses.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "backends/fake/packet_observer.h"
#include "backends/fake/probes.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/differential/by_hand_for_test.h"
#include "testing/differential/neighbour_for_test.h"
#include "testing/matchers.h"
#include "testing/wait_until_blocked.h"
#include "transport/error.h"

namespace plumb {
namespace {

using ::testing::HasSubstr;

// Counts segments with data.
class Counting final : public PacketObserver {
 public:
  void OnPacket(const PacketEvent& event) override {
    absl::MutexLock lock(&mutex_);
    const bool data = !event.packet.payload.empty();
    if (data && event.kind == PacketEvent::Kind::kSent) ++count_;
  }
  int count() const {
    absl::MutexLock lock(&mutex_);
    return count_;
  }

 private:
  mutable absl::Mutex mutex_;
  int count_ = 0;
};

class PacketsTest : public PinnedByHandTest {
 protected:
  PacketsTest() : PacketsTest(std::make_shared<Counting>()) {}
  explicit PacketsTest(const std::shared_ptr<Counting>& observer)
      : PinnedByHandTest(With(observer)), observer_(observer) {}

  static FakeNetworkOptions With(std::shared_ptr<PacketObserver> observer) {
    FakeNetworkOptions options;
    options.observer = std::move(observer);
    return options;
  }

  const std::shared_ptr<Counting> observer_;
};

// "no delay, and keep-alive that tcp(7) takes, change nothing"
TEST_F(PacketsTest, NoDelayAndKeepAlive) {
  KeepAlive often;
  often.idle = absl::Seconds(1);
  for (Transport* transport : both()) {
    const Connected ends = ConnectAt(*transport, "tcp", "127.0.0.1:0");
    auto* const tcp = Extension<TcpControl>(*ends.client);
    ASSERT_THAT(tcp->SetNoDelay(false), IsOk());
    ASSERT_THAT(tcp->SetKeepAlive(often), IsOk());
    if (transport == &kernel()) {
      EXPECT_EQ(OptionOf(*ends.client, IPPROTO_TCP, TCP_NODELAY), 0);
      EXPECT_EQ(OptionOf(*ends.client, IPPROTO_TCP, TCP_KEEPIDLE), 1);
      continue;
    }
    ASSERT_THAT(ends.client->Write("x"), IsOk());
    ASSERT_THAT(ends.client->Write("y"), IsOk());
    EXPECT_EQ(observer_->count(), 2);
    EXPECT_EQ(clock_.alarm_count(), 0u);
  }
}

// Whether /proc/net/tcp has a connection to 10.9.9.9 for which a SYN was sent.
bool KernelDials() {
  std::ifstream file("/proc/net/tcp");
  std::string line;
  while (std::getline(file, line)) {
    if (absl::StrContains(line, "0909090A:0050 02")) return true;
  }
  return false;
}

// "an address that no host has is `no route to host` at once for tcp": on an
// Ethernet the kernel asks three times who has it, a second each. Datagrams go
// nowhere on both.
TEST_F(PinnedByHandTest, AnAddressThatNoHostHas) {
  static const NeighbourForTest neighbour;
  ASSERT_TRUE(neighbour.ok());
  for (Transport* transport : both()) {
    const auto udp = Must(transport->Dial("udp", "10.9.9.9:9"));
    ASSERT_THAT(udp->Write("x"), IsOk());
    std::thread dialler([&] {
      EXPECT_EQ(ErrorOf(transport->Dial("tcp", "10.9.9.9:80")),
                "dial tcp 10.9.9.9:80: connect: no route to host");
    });
    if (transport == &kernel()) {
      EXPECT_TRUE(WaitUntil(KernelDials, "a Dial that waits"));
    }
    dialler.join();
    ASSERT_THAT(udp->SetReadDeadline(absl::Time()), IsOk());
    EXPECT_THAT(ReadSome(*udp), HasSubstr("i/o timeout"));
  }
}

bool CanAccept(Listener& listener) {
  if (auto* const probe = Extension<ListenerProbe>(listener)) {
    return probe->CanAccept();
  }
  pollfd entry = {Extension<NativeHandle>(listener)->Descriptor(), POLLIN, 0};
  return poll(&entry, 1, 0) > 0;
}

// "SO_REUSEPORT spreads by the sender's port"; the kernel by a hash of both
// addresses with a secret, which nobody can foretell.
TEST_F(PinnedByHandTest, ReusePort) {
  ListenOptions shared;
  shared.reuse_port = true;
  for (Transport* transport : both()) {
    const std::string at = "127.0.0.1:4001";
    const auto first = Must(transport->Listen("tcp", at, shared));
    const auto second = Must(transport->Listen("tcp", at, shared));
    for (const int port : {4010, 4011, 4012, 4013}) {
      DialOptions options;
      options.local_address = absl::StrCat("127.0.0.1:", port);
      const auto conn = Must(transport->Dial("tcp", at, options));
      const bool by_first = CanAccept(*first);
      EXPECT_NE(CanAccept(*second), by_first);
      if (transport != &kernel()) {
        EXPECT_EQ(by_first, port % 2 == 0);
      }
      const auto accepted = Must((by_first ? first : second)->Accept());
      EXPECT_EQ(accepted->RemoteAddr(), conn->LocalAddr());
    }
  }
}

// "a datagram takes as much of a buffer as it has bytes"; the kernel counts
// what it keeps it in, too.
TEST_F(PinnedByHandTest, WhatADatagramTakes) {
  constexpr int kSent = 1000;
  for (Transport* transport : both()) {
    const auto to = Must(transport->ListenPacket("udp", "127.0.0.1:0"));
    const auto from = Must(transport->Dial("udp", to->LocalAddr().ToString()));
    for (int i = 0; i < kSent; ++i) ASSERT_THAT(from->Write("x"), IsOk());
    int received = 0;
    char byte;
    std::thread reader([&] {
      while (to->ReadFrom(absl::MakeSpan(&byte, 1)).ok()) ++received;
    });
    ASSERT_TRUE(WaitUntilBlocked(*to, 1, Direction::kRead));
    ASSERT_THAT(to->SetReadDeadline(absl::Time()), IsOk());
    reader.join();
    if (transport == &kernel()) {
      EXPECT_LT(received, kSent);
    } else {
      EXPECT_EQ(received, kSent);
    }
  }
}

}  // namespace
}  // namespace plumb
