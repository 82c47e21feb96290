#include "backends/udp/peer_table.h"

#include <sys/socket.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/posix/sockaddr.h"
#include "gtest/gtest.h"
#include "transport/addr.h"
#include "transport/call.h"
#include "transport/ip_addr.h"
#include "transport/manual_clock.h"
#include "transport/udp_options.h"

namespace plumb {
namespace {

constexpr size_t kOverhead = UdpListenOptions::kDatagramOverhead;

class PeerTableTest : public testing::Test {
 protected:
  void Make(const UdpListenOptions& options, size_t backlog = 100) {
    auto names = std::make_shared<CallNames>();
    names->network = "udp";
    names->addr = Addr::Udp(IpAddr::LoopbackV4(), 9);
    table_.emplace(clock_, names, options, backlog);
  }

  // A datagram from `port` of this machine.
  PeerTable::Wakeups Deliver(uint16_t port, const std::string& data,
                             size_t full_size = 0) {
    const IpPort from = {IpAddr::LoopbackV4(), port};
    const SockAddr address = *SockAddr::Ip(from, AF_INET);
    const PeerTable::Arrival arrival = {
        &address, Addr::Ip("udp", from), data,
        full_size == 0 ? data.size() : full_size};
    PeerTable::Wakeups wakeups;
    table_->Deliver(absl::MakeConstSpan(&arrival, 1), wakeups);
    return wakeups;
  }

  std::shared_ptr<UdpPeer> AcceptFrom(uint16_t port, const std::string& data) {
    Deliver(port, data);
    return table_->TakeNewcomer();
  }

  // The next datagram of `peer`, "(end)" or "(nothing)".
  std::string Read(UdpPeer& peer, size_t size = 100) {
    std::string buffer(size, '\0');
    const std::optional<PeerTable::Taken> taken =
        table_->Take(peer, absl::MakeSpan(&buffer[0], size));
    if (!taken.has_value()) return "(nothing)";
    if (taken->end) return "(end)";
    full_size_ = taken->full_size;
    return buffer.substr(0, taken->size);
  }

  size_t Expire() {
    PeerTable::Wakeups wakeups;
    table_->Expire(wakeups);
    return wakeups.readers.size();
  }

  ManualClock clock_;
  std::optional<PeerTable> table_;
  size_t full_size_ = 0;
};

TEST_F(PeerTableTest, OnePeerForEachAddress) {
  Make({});
  EXPECT_TRUE(Deliver(1, "a").accept);
  EXPECT_FALSE(Deliver(1, "b").accept);
  EXPECT_TRUE(Deliver(2, "c").accept);
  const std::shared_ptr<UdpPeer> first = table_->TakeNewcomer();
  const std::shared_ptr<UdpPeer> second = table_->TakeNewcomer();
  EXPECT_EQ(table_->TakeNewcomer(), nullptr);
  EXPECT_EQ(first->state.names()->addr.ToString(), "127.0.0.1:1");
  EXPECT_EQ(first->state.names()->source.ToString(), "127.0.0.1:9");
  EXPECT_EQ(first->state.names()->network, "udp");
  EXPECT_EQ(Read(*first), "a");
  EXPECT_EQ(Read(*first), "b");
  EXPECT_EQ(Read(*first), "(nothing)");
  EXPECT_EQ(Read(*second), "c");
}

TEST_F(PeerTableTest, SignalsTheReaderWhenTheQueueWasEmpty) {
  Make({});
  const std::shared_ptr<UdpPeer> peer = AcceptFrom(1, "a");
  EXPECT_TRUE(table_->Readable(*peer));
  EXPECT_EQ(Deliver(1, "b").readers.size(), 0);
  Read(*peer);
  Read(*peer);
  EXPECT_FALSE(table_->Readable(*peer));
  ASSERT_EQ(Deliver(1, "c").readers.size(), 1);
}

TEST_F(PeerTableTest, EmptyDatagramsAreData) {
  Make({});
  const std::shared_ptr<UdpPeer> peer = AcceptFrom(1, "");
  EXPECT_TRUE(table_->Readable(*peer));
  EXPECT_EQ(Read(*peer), "");
  EXPECT_EQ(Read(*peer), "(nothing)");
}

TEST_F(PeerTableTest, ShortBufferTellsTheFullSize) {
  Make({});
  const std::shared_ptr<UdpPeer> peer = AcceptFrom(1, "abcdef");
  EXPECT_EQ(Read(*peer, 2), "ab");
  EXPECT_EQ(full_size_, 6);
  EXPECT_EQ(Read(*peer, 2), "(nothing)");
}

TEST_F(PeerTableTest, RemembersWhatWasCutOnArrival) {
  Make({});
  Deliver(1, "abc", 1000);
  const std::shared_ptr<UdpPeer> peer = table_->TakeNewcomer();
  EXPECT_EQ(Read(*peer), "abc");
  EXPECT_EQ(full_size_, 1000);
}

TEST_F(PeerTableTest, FullTableDropsNewcomers) {
  UdpListenOptions options;
  options.max_peers = 2;
  Make(options);
  const std::shared_ptr<UdpPeer> first = AcceptFrom(1, "a");
  Deliver(2, "b");
  EXPECT_FALSE(Deliver(3, "c").accept);
  EXPECT_EQ(table_->Counters().dropped_newcomers, 1);
  EXPECT_EQ(table_->Counters().peers, 2);
  EXPECT_EQ(Deliver(1, "more").readers.size(), 0);  // no newcomer

  table_->Remove(*first);
  EXPECT_TRUE(Deliver(3, "c").accept);
}

TEST_F(PeerTableTest, BacklogLimitsThoseNotAccepted) {
  Make({}, 1);
  Deliver(1, "a");
  EXPECT_FALSE(Deliver(2, "b").accept);
  EXPECT_EQ(table_->Counters().dropped_newcomers, 1);
  const std::shared_ptr<UdpPeer> first = table_->TakeNewcomer();
  EXPECT_TRUE(Deliver(2, "b").accept);
}

TEST_F(PeerTableTest, QueueOfOnePeerIsBounded) {
  UdpListenOptions options;
  options.peer_queue_bytes = 2 * (kOverhead + 1);
  Make(options);
  const std::shared_ptr<UdpPeer> first = AcceptFrom(1, "a");
  const std::shared_ptr<UdpPeer> second = AcceptFrom(2, "x");
  Deliver(1, "b");
  Deliver(1, "c");
  EXPECT_EQ(table_->Counters().dropped_datagrams, 1);
  Deliver(2, "y");
  EXPECT_EQ(table_->Counters().dropped_datagrams, 1);
  EXPECT_EQ(Read(*first), "a");
  Deliver(1, "d");
  EXPECT_EQ(Read(*first), "b");
  EXPECT_EQ(Read(*first), "d");
  EXPECT_EQ(Read(*first), "(nothing)");
}

TEST_F(PeerTableTest, OneDatagramAlwaysFits) {
  UdpListenOptions options;
  options.peer_queue_bytes = 1;
  Make(options);
  const std::shared_ptr<UdpPeer> peer = AcceptFrom(1, "abc");
  Deliver(1, "def");
  EXPECT_EQ(Read(*peer), "abc");
  EXPECT_EQ(Read(*peer), "(nothing)");
  Deliver(1, "ghi");
  EXPECT_EQ(Read(*peer), "ghi");
}

TEST_F(PeerTableTest, EmptyDatagramsAreBoundedToo) {
  UdpListenOptions options;
  options.peer_queue_bytes = 10 * kOverhead;
  Make(options);
  for (int i = 0; i < 100; ++i) Deliver(1, "");
  EXPECT_EQ(table_->Counters().dropped_datagrams, 90);
}

TEST_F(PeerTableTest, AllQueuesTogetherAreBounded) {
  UdpListenOptions options;
  options.total_queue_bytes = 2 * (kOverhead + 1);
  Make(options);
  const std::shared_ptr<UdpPeer> first = AcceptFrom(1, "a");
  const std::shared_ptr<UdpPeer> second = AcceptFrom(2, "b");
  EXPECT_EQ(table_->Counters().queued_bytes, 2 * (kOverhead + 1));
  Deliver(1, "c");
  EXPECT_EQ(table_->Counters().dropped_datagrams, 1);
  Deliver(3, "d");
  EXPECT_EQ(table_->Counters().dropped_newcomers, 1);
  Read(*first);
  EXPECT_EQ(table_->Counters().queued_bytes, kOverhead + 1);
  EXPECT_TRUE(Deliver(3, "d").accept);
}

TEST_F(PeerTableTest, RemovingAPeerFreesItsQueue) {
  Make({});
  const std::shared_ptr<UdpPeer> peer = AcceptFrom(1, "a");
  table_->Remove(*peer);
  EXPECT_EQ(table_->Counters().queued_bytes, 0);
  EXPECT_EQ(table_->Counters().peers, 0);
  // The same address is a newcomer now, and the old peer does not take it away.
  const std::shared_ptr<UdpPeer> again = AcceptFrom(1, "b");
  ASSERT_NE(again, nullptr);
  table_->Remove(*peer);
  EXPECT_EQ(table_->Counters().peers, 1);
  EXPECT_EQ(Read(*again), "b");
}

TEST_F(PeerTableTest, IdlePeersExpire) {
  UdpListenOptions options;
  options.idle_timeout = absl::Seconds(10);
  Make(options);
  EXPECT_EQ(table_->next_expiry(), kNever);
  const std::shared_ptr<UdpPeer> peer = AcceptFrom(1, "a");
  const MonotonicNanos start = clock_.MonotonicNow();
  EXPECT_EQ(table_->next_expiry(), start + 10000000000);

  clock_.Advance(absl::Seconds(10) - absl::Nanoseconds(1));
  EXPECT_EQ(Expire(), 0);
  clock_.Advance(absl::Nanoseconds(1));
  EXPECT_EQ(Expire(), 1);
  EXPECT_EQ(table_->next_expiry(), kNever);
  EXPECT_EQ(table_->Counters().expired_peers, 1);
  EXPECT_EQ(table_->Counters().peers, 0);

  EXPECT_EQ(Read(*peer), "a");
  EXPECT_EQ(Read(*peer), "(end)");
  EXPECT_EQ(Read(*peer), "(end)");
  EXPECT_TRUE(table_->Readable(*peer));
  // Its next datagram is for somebody new.
  EXPECT_TRUE(Deliver(1, "b").accept);
  EXPECT_EQ(Read(*peer), "(end)");
}

TEST_F(PeerTableTest, TrafficKeepsAPeer) {
  UdpListenOptions options;
  options.idle_timeout = absl::Seconds(10);
  Make(options);
  const std::shared_ptr<UdpPeer> peer = AcceptFrom(1, "a");
  clock_.Advance(absl::Seconds(9));
  Deliver(1, "b");
  clock_.Advance(absl::Seconds(9));
  EXPECT_EQ(Expire(), 0);
  peer->Touch();
  clock_.Advance(absl::Seconds(9));
  EXPECT_EQ(Expire(), 0);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Expire(), 1);
}

TEST_F(PeerTableTest, PeersExpireOneByOne) {
  UdpListenOptions options;
  options.idle_timeout = absl::Seconds(10);
  Make(options);
  std::vector<std::shared_ptr<UdpPeer>> peers;
  for (uint16_t port = 1; port <= 5; ++port) {
    peers.push_back(AcceptFrom(port, "a"));
    clock_.Advance(absl::Seconds(1));
  }
  clock_.Advance(absl::Seconds(5));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(Expire(), 1);
    clock_.Advance(absl::Seconds(1));
  }
}

TEST_F(PeerTableTest, NewcomersExpireUnaccepted) {
  UdpListenOptions options;
  options.idle_timeout = absl::Seconds(10);
  Make(options);
  Deliver(1, "a");
  clock_.Advance(absl::Seconds(10));
  EXPECT_EQ(Expire(), 0);
  EXPECT_EQ(table_->TakeNewcomer(), nullptr);
  EXPECT_EQ(table_->Counters().expired_peers, 1);
  EXPECT_EQ(table_->Counters().queued_bytes, 0);
}

TEST_F(PeerTableTest, InfiniteIdleTimeout) {
  UdpListenOptions options;
  options.idle_timeout = absl::InfiniteDuration();
  Make(options);
  const std::shared_ptr<UdpPeer> peer = AcceptFrom(1, "a");
  EXPECT_EQ(table_->next_expiry(), kNever);
  clock_.Advance(absl::Hours(100000));
  EXPECT_EQ(Expire(), 0);
}

TEST_F(PeerTableTest, StopListeningForgetsNewcomersAndKeepsPeers) {
  Make({});
  const std::shared_ptr<UdpPeer> peer = AcceptFrom(1, "a");
  Deliver(2, "b");
  table_->StopListening();
  EXPECT_EQ(table_->TakeNewcomer(), nullptr);
  EXPECT_EQ(table_->Counters().peers, 1);
  EXPECT_FALSE(Deliver(2, "c").accept);
  EXPECT_EQ(table_->Counters().dropped_newcomers, 1);
  Deliver(1, "d");
  EXPECT_EQ(Read(*peer), "a");
  EXPECT_EQ(Read(*peer), "d");
}

}  // namespace
}  // namespace plumb
