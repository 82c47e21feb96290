// Cases for what PacketConns send and receive.
#include <atomic>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "testing/conformance/case.h"
#include "testing/conformance/packet_suite.h"
#include "testing/conformance/turns.h"
#include "testing/matchers.h"
#include "testing/wait_until_blocked.h"
#include "transport/error.h"
#include "transport/extensions.h"

namespace plumb {

using Code = absl::StatusCode;

void PacketConnConformance::Open() {
  near_ = ListenPacket();
  far_ = ListenPacket();
  ASSERT_NE(near_, nullptr);
  ASSERT_NE(far_, nullptr);
}

void PacketConnConformance::OpenOn(Clock& clock) {
  UseClock(clock);
  Open();
}

absl::StatusOr<PacketConnConformance::Datagram> PacketConnConformance::Receive(
    PacketConn& packets, size_t size) {
  std::string buffer(size, '\0');
  const absl::StatusOr<Received> got =
      packets.ReadFrom(absl::MakeSpan(&buffer[0], size));
  if (!got.ok()) return got.status();
  return Datagram{buffer.substr(0, got->size), got->full_size, got->from};
}

std::unique_ptr<PacketConnConformance::Reader> PacketConnConformance::StartRead(
    int count) {
  auto reader = std::make_unique<Reader>();
  reader->task =
      Go([&to = *reader, &from = *near_] { to.result = Receive(from); });
  EXPECT_TRUE(WaitUntilBlocked(*near_, count, Direction::kRead));
  return reader;
}

::testing::AssertionResult PacketConnConformance::Works() {
  absl::Status status = far().WriteTo("there", near_addr());
  absl::StatusOr<Datagram> got;
  if (status.ok()) status = (got = Receive(near())).status();
  if (status.ok() && got->data != "there")
    status = absl::DataLossError("there");
  if (status.ok()) status = near().WriteTo("back", got->from);
  if (status.ok()) status = (got = Receive(far())).status();
  if (status.ok() && got->data != "back") status = absl::DataLossError("back");
  if (status.ok()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "A round trip failed: " << status;
}

CONFORMANCE_CASE(PacketConnConformance, BoundariesAreKept) {
  Covers({"C-PK-01", "S-EOF-03", "N-G04"});
  const std::vector<std::string> sent = {"one", "", std::string(1000, 'x'),
                                         "four"};
  for (const std::string& data : sent) {
    ASSERT_THAT(far().WriteTo(data, near_addr()), IsOk());
  }
  for (const std::string& data : sent) {
    PLUMB_ASSERT_OK_AND_ASSIGN(const Datagram got, Receive(near()));
    EXPECT_EQ(got.data, data);
    EXPECT_EQ(got.full_size, data.size());
    EXPECT_EQ(got.from, far_addr());
  }
}

CONFORMANCE_CASE(PacketConnConformance, SenderIsToldAndCanBeAnswered) {
  Covers({"C-PK-04", "S-AD-03"});
  ASSERT_THAT(far().WriteTo("ping", near_addr()), IsOk());
  PLUMB_ASSERT_OK_AND_ASSIGN(const Datagram ping, Receive(near()));
  EXPECT_EQ(ping.from, far_addr());
  EXPECT_EQ(ping.from.network(), backend().addr_network);
  ASSERT_THAT(near().WriteTo("pong", ping.from), IsOk());
  PLUMB_ASSERT_OK_AND_ASSIGN(const Datagram pong, Receive(far()));
  EXPECT_EQ(pong.data, "pong");
  EXPECT_EQ(pong.from, near_addr());
}

CONFORMANCE_CASE(PacketConnConformance, ShortBufferIsTold) {
  Covers({"S-UD-01", "C-PK-02"});
  ASSERT_THAT(far().WriteTo("abcdef", near_addr()), IsOk());
  ASSERT_THAT(far().WriteTo("next", near_addr()), IsOk());
  char buffer[4] = {};
  PLUMB_ASSERT_OK_AND_ASSIGN(const Received cut,
                             near().ReadFrom(absl::MakeSpan(buffer, 3)));
  EXPECT_EQ(cut.size, 3u);
  EXPECT_EQ(cut.full_size, 6u);
  EXPECT_TRUE(cut.truncated());
  EXPECT_EQ(cut.from, far_addr());
  EXPECT_STREQ(buffer, "abc");
  PLUMB_ASSERT_OK_AND_ASSIGN(const Datagram next, Receive(near(), 4));
  EXPECT_EQ(next.data, "next");
  EXPECT_EQ(next.full_size, 4u);
}

CONFORMANCE_CASE(PacketConnConformance, EmptyBufferTakesADatagram) {
  Covers({"S-UD-05"});
  ASSERT_THAT(far().WriteTo("lost", near_addr()), IsOk());
  ASSERT_THAT(far().WriteTo("next", near_addr()), IsOk());
  PLUMB_ASSERT_OK_AND_ASSIGN(const Received lost,
                             near().ReadFrom(absl::Span<char>()));
  EXPECT_EQ(lost.size, 0u);
  EXPECT_EQ(lost.full_size, 4u);
  EXPECT_EQ(lost.from, far_addr());
  PLUMB_ASSERT_OK_AND_ASSIGN(const Datagram next, Receive(near()));
  EXPECT_EQ(next.data, "next");
}

CONFORMANCE_CASE(PacketConnConformance, LongestDatagram) {
  Covers({"S-UD-02", "C-PK-03"});
  auto* const traits = Extension<MessageTraits>(near());
  ASSERT_NE(traits, nullptr);
  EXPECT_TRUE(traits->EmptyMessages());
  const size_t most = traits->MaxMessageSize();
  EXPECT_GT(most, 60000u);
  const absl::Status status =
      near().WriteTo(std::string(most + 1, 'x'), far_addr());
  EXPECT_TRUE(FailsToWrite(status, far_addr(), Code::kInvalidArgument,
                           "sendto: message too long"));
  ASSERT_THAT(near().WriteTo(std::string(most, 'y'), far_addr()), IsOk());
  PLUMB_ASSERT_OK_AND_ASSIGN(const Datagram got, Receive(far(), most));
  EXPECT_EQ(got.full_size, most);
  EXPECT_TRUE(got.data == std::string(most, 'y'));
}

CONFORMANCE_CASE(PacketConnConformance, BatchOfNone) {
  Covers({"C-PK-05"});
  EXPECT_THAT(near().ReadBatch({}), IsOkAndHolds(0u));
  EXPECT_THAT(near().WriteBatch({}), IsOkAndHolds(0u));
  EXPECT_THAT(near().Close(), IsOk());
  EXPECT_TRUE(FailsToRead(near().ReadBatch({}).status(), Code::kCancelled,
                          "use of closed network connection"));
  EXPECT_TRUE(FailsToWrite(near().WriteBatch({}).status(), Addr(),
                           Code::kCancelled,
                           "use of closed network connection"));
}

CONFORMANCE_CASE(PacketConnConformance, Batches) {
  Covers({"C-PK-05"});
  constexpr size_t kCount = 8;  // what any receiver has room for
  std::vector<std::string> data;
  for (size_t i = 0; i < kCount; ++i) data.push_back(std::string(i, 'x'));
  std::vector<OutPacket> out;
  for (const std::string& one : data) out.push_back({one, near_addr()});
  for (size_t sent = 0; sent < kCount;) {
    const auto n = far().WriteBatch(absl::MakeConstSpan(out).subspan(sent));
    ASSERT_THAT(n, IsOk());
    ASSERT_GT(*n, 0u);
    sent += *n;
  }
  std::vector<std::string> buffers(kCount + 2, std::string(100, '\0'));
  std::vector<InPacket> in(buffers.size());
  for (size_t i = 0; i < in.size(); ++i) {
    in[i].buffer = absl::MakeSpan(&buffers[i][0], buffers[i].size());
  }
  // There is room for more than there is: it does not wait for the rest.
  size_t got = 0;
  while (got < kCount) {
    const auto n = near().ReadBatch(absl::MakeSpan(in).subspan(got));
    ASSERT_THAT(n, IsOk());
    ASSERT_GT(*n, 0u);
    got += *n;
  }
  EXPECT_EQ(got, kCount);
  for (size_t i = 0; i < kCount; ++i) {
    EXPECT_EQ(buffers[i].substr(0, in[i].received.size), data[i]);
    EXPECT_EQ(in[i].received.full_size, i);
    EXPECT_EQ(in[i].received.from, far_addr());
  }
}

CONFORMANCE_CASE(PacketConnConformance, BatchEndsBeforeWhatCannotBeSent) {
  Covers({"C-PK-05", "S-UD-08"});
  const OutPacket late[] = {{"first", far_addr()}, {"second", Addr()}};
  EXPECT_THAT(near().WriteBatch(late), IsOkAndHolds(1u));
  PLUMB_ASSERT_OK_AND_ASSIGN(const Datagram got, Receive(far()));
  EXPECT_EQ(got.data, "first");
  const OutPacket early[] = {{"first", Addr()}, {"second", far_addr()}};
  EXPECT_TRUE(FailsToWrite(near().WriteBatch(early).status(), Addr(),
                           Code::kInvalidArgument, "missing address"));
  // Nothing of it went.
  ASSERT_THAT(near().WriteTo("third", far_addr()), IsOk());
  PLUMB_ASSERT_OK_AND_ASSIGN(const Datagram third, Receive(far()));
  EXPECT_EQ(third.data, "third");
}

CONFORMANCE_CASE(PacketConnConformance, AddressesThatCannotBeSentTo) {
  Covers({"S-UD-04", "S-UD-08", "S-UX-04", "S-ER-04"});
  EXPECT_TRUE(FailsToWrite(near().WriteTo("x", Addr()), Addr(),
                           Code::kInvalidArgument, "missing address"));
  for (const Addr& other :
       {Addr::Tcp(IpAddr::LoopbackV4(), 9), Addr::Tcp(IpAddr(), 0),
        Addr::Named("unixpacket", "@x"), Addr::Named("other", "somewhere")}) {
    EXPECT_TRUE(FailsToWrite(near().WriteTo("x", other), other,
                             Code::kInvalidArgument,
                             backend().wrong_network_cause));
  }
  if (near_addr().ip().is_v4()) {
    const Addr v6 = Addr::Ip(near_addr().network() == "ip"    ? "ip"
                             : near_addr().network() == "udp" ? "udp"
                                                              : "fakegram",
                             {IpAddr::LoopbackV6(), 9});
    EXPECT_TRUE(FailsToWrite(near().WriteTo("x", v6), v6,
                             Code::kInvalidArgument,
                             "address ::1: non-IPv4 address"));
  }
  EXPECT_TRUE(Works());
}

CONFORMANCE_CASE(PacketConnConformance, NobodyThere) {
  Covers({"C-PK-06"});
  const Addr gone = far_addr();
  TakeFar() = nullptr;
  const absl::Status status = near().WriteTo("x", gone);
  if (backend().dial_kind == DialKind::kFindsPeer) {
    EXPECT_TRUE(FailsToWrite(status, gone, Code::kUnavailable,
                             "sendto: connection refused"));
    EXPECT_THAT(status, IsRefused());
  } else {
    // Nobody tells a socket that is not connected.
    EXPECT_THAT(status, IsOk());
    ASSERT_THAT(near().SetReadDeadline(LongAgo()), IsOk());
    EXPECT_THAT(Receive(near()), IsTimeout());
  }
}

CONFORMANCE_CASE(PacketConnConformance, ConcurrentReadersGetWholeDatagrams) {
  Covers({"C-CN-02", "D-TQ-01"});
  constexpr int kReaders = 4, kDatagrams = 40;
  std::atomic<int> received{0};
  std::vector<std::vector<std::string>> got(kReaders);
  std::vector<std::unique_ptr<Task>> readers;
  for (std::vector<std::string>& mine : got) {
    readers.push_back(Go([this, &mine, &received] {
      for (;;) {
        const auto one = Receive(near());
        if (!one.ok()) break;
        EXPECT_EQ(one->from, far_addr());
        mine.push_back(one->data);
        ++received;
      }
    }));
  }
  ASSERT_TRUE(WaitUntilBlocked(near(), kReaders, Direction::kRead));
  std::vector<std::string> sent, all;
  for (int i = 0; i < kDatagrams; ++i) {
    sent.push_back(
        std::string(static_cast<size_t>(10 * i), static_cast<char>('A' + i)));
    ASSERT_THAT(far().WriteTo(sent.back(), near_addr()), IsOk());
  }
  ASSERT_TRUE(WaitUntil([&] { return received == kDatagrams; }, "all"));
  EXPECT_THAT(near().Close(), IsOk());
  for (const auto& reader : readers) reader->Join();
  for (const auto& mine : got) all.insert(all.end(), mine.begin(), mine.end());
  EXPECT_THAT(all, ::testing::UnorderedElementsAreArray(sent));
}

CONFORMANCE_CASE(PacketConnConformance, ByTurnsOnSeveralThreads) {
  Covers({"D-MT-01"});
  constexpr int kTurns = 60;
  const auto peer = Go([&] {
    for (int i = 0; i < kTurns; ++i) {
      const std::string message = absl::StrCat("message ", i);
      ASSERT_THAT(far().WriteTo(message, near_addr()), IsOk());
      const auto got = Receive(far());
      ASSERT_THAT(got, IsOk());
      ASSERT_EQ(got->data, message);
    }
  });
  EXPECT_TRUE(RunByTurns(executor(), kTurns, [&](int i) {
    const auto got = Receive(near());
    ASSERT_THAT(got, IsOk());
    EXPECT_EQ(got->data, absl::StrCat("message ", i));
    EXPECT_THAT(near().WriteTo(got->data, got->from), IsOk());
  }));
  peer->Join();
}

CONFORMANCE_CASE(PacketConnConformance, ConcurrentWritersSendWholeDatagrams) {
  Covers({"C-CN-02"});
  constexpr int kWriters = 4, kEach = 10;
  std::vector<std::unique_ptr<Task>> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.push_back(Go([this, i] {
      for (int j = 0; j < kEach; ++j) {
        const std::string data(200, static_cast<char>('a' + i));
        EXPECT_THAT(far().WriteTo(data, near_addr()), IsOk());
      }
    }));
  }
  std::map<char, int> counts;
  for (int i = 0; i < kWriters * kEach; ++i) {
    PLUMB_ASSERT_OK_AND_ASSIGN(const Datagram got, Receive(near()));
    ASSERT_EQ(got.data, std::string(200, got.data[0]));
    ++counts[got.data[0]];
  }
  for (const auto& count : counts) EXPECT_EQ(count.second, kEach);
  for (const auto& writer : writers) writer->Join();
}

}  // namespace plumb
