// Each cell of the columns tcp, udp and unix of the table in README.md: over
// the kernel's sockets and over a fake network, on a clock that stands still.
#include "testing/fault/fault_transport.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "backends/fake/fake.h"
#include "backends/tcp/tcp.h"
#include "backends/udp/udp.h"
#include "backends/unix/unix.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/conformance/conn_pair.h"
#include "testing/executor.h"
#include "testing/fault/fault_sender.h"
#include "testing/fiber_executor.h"
#include "testing/matchers.h"
#include "testing/wait_until_blocked.h"
#include "transport/error.h"
#include "transport/io.h"
#include "transport/manual_clock.h"
#include "transport/scope.h"

namespace plumb {
namespace {

using ::testing::HasSubstr;

struct Net {
  const char* name;
  const char* network;
  std::shared_ptr<Transport> (*make)(Clock& clock);
  bool ip;
  bool stream;
};

std::shared_ptr<Transport> OnTcp(Clock& clock) { return MakeTcp(clock); }
std::shared_ptr<Transport> OnUdp(Clock& clock) { return MakeUdp(clock); }
std::shared_ptr<Transport> OnUnix(Clock& clock) { return MakeUnix(clock); }
std::shared_ptr<Transport> OnFake(Clock& clock) {
  FakeNetworkOptions options;
  options.clock = &clock;
  return FakeNetwork(options).Host("db");
}

const Net kTcp = {"tcp", "tcp", &OnTcp, true, true};
const Net kUdp = {"udp", "udp", &OnUdp, true, false};
const Net kUnix = {"unix", "unix", &OnUnix, false, true};
const Net kUnixgram = {"unixgram", "unixgram", &OnUnix, false, false};
const Net kFakeTcp = {"fake_tcp", "tcp", &OnFake, true, true};
const Net kFakeUdp = {"fake_udp", "udp", &OnFake, true, false};
const Net kFakeUnix = {"fake_unix", "unix", &OnFake, false, true};

std::string NetName(const ::testing::TestParamInfo<Net>& info) {
  return info.param.name;
}

std::string Injector(const absl::Status& status) {
  const auto info = GetErrorInfo(status);
  return info.has_value() ? info->injected_by : "no ErrorInfo";
}

// What one Read gives.
std::string ReadSome(Conn& conn, size_t size = 100) {
  std::string bytes(size, '\0');
  const absl::StatusOr<size_t> n = conn.Read(absl::MakeSpan(&bytes[0], size));
  if (!n.ok()) return std::string(n.status().message());
  bytes.resize(*n);
  return bytes;
}

absl::Status ReadError(Conn& conn) {
  char byte[1];
  return conn.Read(absl::MakeSpan(byte)).status();
}

// A client on which things go wrong, and a server on which they do not.
class FaultCellTest : public ::testing::TestWithParam<Net> {
 protected:
  const Net& net() const { return GetParam(); }

  // "$net" is the network.
  void Load(absl::string_view plan) {
    const std::string text =
        absl::StrReplaceAll(plan, {{"$net", net().network}});
    auto made =
        MakeFaultTransport(inner_, text, FaultTransportOptions(), clock_);
    ASSERT_TRUE(made.ok()) << made.status();
    client_ = *std::move(made);
  }
  std::string FreeAddress() const {
    static std::atomic<int> last{0};
    return net().ip ? "127.0.0.1:0"
                    : absl::StrCat("@plumb-cell-", getpid(), "-", ++last);
  }
  void Listen() {
    if (net().stream) {
      listener_ = *inner_->Listen(net().network, FreeAddress());
      address_ = listener_->Address();
    } else {
      packets_ = *inner_->ListenPacket(net().network, FreeAddress());
      address_ = packets_->LocalAddr();
    }
  }
  absl::StatusOr<std::unique_ptr<Conn>> Dial(DialOptions options = {}) {
    if (!net().ip && !net().stream) options.local_address = "";
    return client_->Dial(net().network, address_.ToString(), options);
  }
  void Connect(absl::string_view plan) {
    Load(plan);
    Listen();
    near_ = *Dial();
    if (net().stream) {
      far_ = *listener_->Accept();
    } else {
      far_ = ConnOverPackets(std::move(packets_), near_->LocalAddr());
    }
  }
  absl::Duration Elapsed() const { return clock_.TimeNow() - start_; }
  // What `body` gives, which waits for `alarms` times in turn.
  template <typename Body>
  auto AtAlarms(int alarms, Body body) {
    decltype(body()) result;
    std::thread thread([&] { result = body(); });
    for (int i = 0; i < alarms; ++i) {
      // A wait that looks again takes its alarm back for a moment.
      do {
        clock_.AwaitAlarms(1);
      } while (!clock_.AdvanceToNextAlarm());
    }
    thread.join();
    return result;
  }
  uint64_t Hits(absl::string_view id) const {
    for (const FaultCount& count : client_->faults().Counts()) {
      if (count.id == id) return count.hits;
    }
    return 0;
  }
  std::string DialText() const {
    return absl::StrCat("dial ", net().network, " ", address_.ToString(), ": ");
  }

  ManualClock clock_;
  const absl::Time start_ = clock_.TimeNow();
  std::shared_ptr<Transport> inner_ = net().make(clock_);
  std::unique_ptr<FaultTransport> client_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<PacketConn> packets_;
  Addr address_;
  std::unique_ptr<Conn> near_;
  std::unique_ptr<Conn> far_;
};

class FaultEverywhereTest : public FaultCellTest {};
INSTANTIATE_TEST_SUITE_P(Nets, FaultEverywhereTest,
                         ::testing::Values(kTcp, kUdp, kUnix, kUnixgram,
                                           kFakeTcp, kFakeUdp, kFakeUnix),
                         NetName);
class FaultStreamTest : public FaultCellTest {};
INSTANTIATE_TEST_SUITE_P(Nets, FaultStreamTest,
                         ::testing::Values(kTcp, kUnix, kFakeTcp, kFakeUnix),
                         NetName);
class FaultDatagramTest : public FaultCellTest {};
INSTANTIATE_TEST_SUITE_P(Nets, FaultDatagramTest,
                         ::testing::Values(kUdp, kUnixgram, kFakeUdp), NetName);

TEST_P(FaultEverywhereTest, DelayOfWhatIsSent) {
  Connect(R"(rule { id: "far" delay { min: "20ms" } })");
  ASSERT_THAT(near_->Write("late"), IsOk());
  EXPECT_EQ(Elapsed(), absl::ZeroDuration());
  EXPECT_EQ(AtAlarms(1, [&] { return ReadSome(*far_); }), "late");
  EXPECT_EQ(Elapsed(), absl::Milliseconds(20));
  EXPECT_EQ(Hits("far"), 1);
}

TEST_P(FaultEverywhereTest, DelayOfWhatIsReceived) {
  Connect(R"(rule { id: "far" delay { min: "20ms" } })");
  ASSERT_THAT(far_->Write("late"), IsOk());
  EXPECT_EQ(AtAlarms(1, [&] { return ReadSome(*near_); }), "late");
  EXPECT_EQ(Elapsed(), absl::Milliseconds(20));
}

TEST_P(FaultEverywhereTest, RateIsOfBytes) {
  Connect(R"(rule { id: "slow" rate { bytes_per_second: 100 } })");
  ASSERT_THAT(near_->Write("0123456789"), IsOk());
  EXPECT_EQ(AtAlarms(1, [&] { return ReadSome(*far_); }), "0123456789");
  EXPECT_EQ(Elapsed(), absl::Milliseconds(100));
}

TEST_P(FaultEverywhereTest, CorruptChangesAByte) {
  Connect(R"(rule { id: "rot" match { nth: 1 } corrupt {} })");
  for (const auto& [from, to] : {std::pair(near_.get(), far_.get()),
                                 std::pair(far_.get(), near_.get())}) {
    ASSERT_THAT(from->Write("0000"), IsOk());
    const std::string got = ReadSome(*to);
    ASSERT_EQ(got.size(), 4);
    EXPECT_EQ(std::count(got.begin(), got.end(), '0'), 3) << got;
  }
  EXPECT_EQ(Hits("rot"), 2);
}

TEST_P(FaultEverywhereTest, HoldEndsWithItsRule) {
  Connect(R"(rule { id: "stop" off: true hold {} })");
  for (const auto& [from, to] : {std::pair(near_.get(), far_.get()),
                                 std::pair(far_.get(), near_.get())}) {
    ASSERT_THAT(client_->faults().Enable("stop"), IsOk());
    ASSERT_THAT(from->Write("held"), IsOk());
    std::string got;
    Conn* const reader = to;
    std::thread thread([&] { got = ReadSome(*reader); });
    EXPECT_TRUE(WaitUntilBlocked(*near_, to == near_.get() ? 1 : 0));
    EXPECT_THAT(client_->faults().Disable("stop"), IsOk());
    thread.join();
    EXPECT_EQ(got, "held");
  }
}

TEST_P(FaultEverywhereTest, PartitionLosesDatagramsAndDelaysStreams) {
  Connect(R"(rule { id: "cut" off: true partition {} })");
  for (const auto& [from, to] : {std::pair(near_.get(), far_.get()),
                                 std::pair(far_.get(), near_.get())}) {
    ASSERT_THAT(client_->faults().Enable("cut"), IsOk());
    ASSERT_THAT(from->Write("1"), IsOk());
    if (from == far_.get()) {
      near_->SetReadDeadline(clock_.TimeNow() + absl::Seconds(1)).IgnoreError();
      EXPECT_THAT(AtAlarms(1, [&] { return ReadError(*near_); }), IsTimeout());
      near_->SetReadDeadline(absl::InfiniteFuture()).IgnoreError();
    }
    ASSERT_THAT(client_->faults().Disable("cut"), IsOk());
    ASSERT_THAT(from->Write("2"), IsOk());
    if (net().stream) {
      EXPECT_EQ(ReadSome(*to, 1), "1");
    }
    EXPECT_EQ(ReadSome(*to, 1), "2");
  }
}

TEST_P(FaultEverywhereTest, HalfOpenIsSilentBothWays) {
  Connect(R"(rule { id: "gone" match { nth: 1 } half_open {} })");
  ASSERT_THAT(near_->Write("1"), IsOk());
  ASSERT_THAT(near_->Write("2"), IsOk());
  ASSERT_THAT(far_->Write("3"), IsOk());
  near_->SetReadDeadline(clock_.TimeNow() + absl::Seconds(1)).IgnoreError();
  EXPECT_THAT(AtAlarms(1, [&] { return ReadError(*near_); }), IsTimeout());
  near_->SetReadDeadline(absl::InfiniteFuture()).IgnoreError();
  client_->faults().Heal();
  ASSERT_THAT(near_->Write("4"), IsOk());
  ASSERT_THAT(far_->Write("5"), IsOk());
  if (net().stream) {
    std::string all(3, '\0');
    EXPECT_THAT(ReadFull(*far_, absl::MakeSpan(&all[0], 3)), IsOk());
    EXPECT_EQ(all, "124");
    EXPECT_EQ(ReadSome(*near_, 1), "3");
  } else {
    EXPECT_EQ(ReadSome(*far_), "4");
  }
  EXPECT_EQ(ReadSome(*near_, 1), "5");
}

TEST_P(FaultEverywhereTest, FailDialRefused) {
  Load(R"(rule { id: "no" fail_dial { how: REFUSED } })");
  Listen();
  const absl::Status status = Dial().status();
  EXPECT_EQ(status.message(), DialText() + "connect: connection refused");
  EXPECT_THAT(status, IsRefused());
  EXPECT_EQ(Injector(status), "no");
}

TEST_P(FaultEverywhereTest, FailDialTimeout) {
  Load(R"(rule { id: "no" fail_dial { how: TIMEOUT } })");
  Listen();
  const absl::Status status = AtAlarms(1, [&] { return Dial().status(); });
  EXPECT_EQ(status.message(), DialText() + "connect: connection timed out");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Injector(status), "no");
  EXPECT_EQ(Elapsed(), absl::Seconds(131));
}

TEST_P(FaultEverywhereTest, FailDialHangsUntilItsDeadline) {
  Load(R"(rule { id: "no" fail_dial { how: HANG } })");
  Listen();
  DialOptions options;
  options.timeout = absl::Seconds(5);
  const absl::Status status =
      AtAlarms(1, [&] { return Dial(options).status(); });
  EXPECT_EQ(status.message(), DialText() + "i/o timeout");
  EXPECT_THAT(status, IsTimeout());
  EXPECT_EQ(Injector(status), "no");
  EXPECT_EQ(Elapsed(), absl::Seconds(5));
}

TEST_P(FaultEverywhereTest, FailDialHangsUntilItsScopeEnds) {
  Load(R"(rule { id: "no" fail_dial { how: HANG } })");
  Listen();
  const absl::Status status = AtAlarms(1, [&] {
    DeadlineScope scope(absl::Seconds(7), clock_);
    return Dial().status();
  });
  EXPECT_THAT(status, IsTimeout());
  EXPECT_EQ(Elapsed(), absl::Seconds(7));
}

TEST_P(FaultEverywhereTest, FailDialNoSuchHost) {
  Load(R"(rule { id: "no" fail_dial { how: NO_SUCH_HOST } })");
  Listen();
  const absl::Status status = Dial().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Injector(status), "no");
  EXPECT_EQ(status.message(),
            net().ip ? absl::StrCat("dial ", net().network,
                                    ": lookup 127.0.0.1: no such host")
                     : DialText() + "connect: no such file or directory");
  EXPECT_EQ(IsNoSuchHost(status), net().ip);
}

TEST_P(FaultEverywhereTest, FailOpOfEachCall) {
  Connect(R"(
    rule { id: "r" match { operation: READ nth: 1 } fail_op { error: "EIO" } }
    rule { id: "w" match { operation: WRITE nth: 2 }
           fail_op { error: "ENOBUFS" } }
    rule { id: "d" match { operation: DIAL nth: 2 }
           fail_op { error: "EMFILE" } }
  )");
  ASSERT_THAT(far_->Write("kept"), IsOk());
  const absl::Status read = ReadError(*near_);
  EXPECT_THAT(std::string(read.message()),
              ::testing::EndsWith(": read: input/output error"));
  EXPECT_EQ(Injector(read), "r");
  EXPECT_EQ(ReadSome(*near_), "kept");
  ASSERT_THAT(near_->Write("1"), IsOk());
  const absl::Status write = near_->Write("2");
  EXPECT_THAT(std::string(write.message()),
              ::testing::EndsWith(": write: no buffer space available"));
  EXPECT_EQ(write.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Injector(write), "w");
  ASSERT_THAT(near_->Write("3"), IsOk());
  EXPECT_EQ(ReadSome(*far_, 1), "1");
  EXPECT_EQ(ReadSome(*far_, 1), "3");
  const absl::Status dial = Dial().status();
  EXPECT_EQ(dial.message(), DialText() + "connect: too many open files");
  EXPECT_EQ(Injector(dial), "d");
}

TEST_P(FaultEverywhereTest, DelayOfEachCall) {
  Load(R"(
    rule { id: "r" match { operation: READ } delay { min: "1s" } }
    rule { id: "w" match { operation: WRITE } delay { min: "2s" } }
    rule { id: "d" match { operation: DIAL } delay { min: "4s" } }
  )");
  Listen();
  near_ = *AtAlarms(1, [&] { return std::make_optional(*Dial()); });
  EXPECT_EQ(Elapsed(), absl::Seconds(4));
  EXPECT_THAT(AtAlarms(1, [&] { return near_->Write("x"); }), IsOk());
  EXPECT_EQ(Elapsed(), absl::Seconds(6));
  far_ = net().stream
             ? *listener_->Accept()
             : ConnOverPackets(std::move(packets_), near_->LocalAddr());
  EXPECT_EQ(ReadSome(*far_), "x");
  ASSERT_THAT(far_->Write("y"), IsOk());
  EXPECT_EQ(AtAlarms(1, [&] { return ReadSome(*near_); }), "y");
  EXPECT_EQ(Elapsed(), absl::Seconds(7));
}

TEST_P(FaultEverywhereTest, DelayedAndHeldIsSentAfterClose) {
  Connect(R"(rule { id: "far" delay { min: "20ms" } })");
  ASSERT_THAT(near_->Write("last"), IsOk());
  ASSERT_THAT(near_->Close(), IsOk());
  EXPECT_EQ(AtAlarms(1, [&] { return ReadSome(*far_); }), "last");
  if (net().stream) {
    EXPECT_THAT(ReadError(*far_), IsEof());
  }
}

TEST_P(FaultStreamTest, WhatIsHeldAtTheEndIsDropped) {
  Connect(R"(rule { id: "stop" off: true hold {} })");
  ASSERT_THAT(client_->faults().Enable("stop"), IsOk());
  ASSERT_THAT(near_->Write("lost"), IsOk());
  ASSERT_THAT(near_->Close(), IsOk());
  client_.reset();
  EXPECT_THAT(ReadError(*far_), IsEof());
}

TEST_P(FaultStreamTest, ChunkOfReads) {
  Connect(R"(rule { id: "c" match { network: "$net" operation: READ }
             chunk { max_bytes: 3 } })");
  ASSERT_THAT(far_->Write("abcdefgh"), IsOk());
  EXPECT_EQ(ReadSome(*near_), "abc");
  EXPECT_EQ(ReadSome(*near_), "def");
  EXPECT_EQ(ReadSome(*near_), "gh");
}

TEST_P(FaultStreamTest, ChunkOfWrites) {
  Connect(R"(
    rule { id: "c" match { network: "$net" operation: WRITE }
           chunk { max_bytes: 3 } }
    rule { id: "second" match { nth: 2 } hold {} }
  )");
  ASSERT_THAT(near_->Write("abcdefgh"), IsOk());
  EXPECT_EQ(ReadSome(*far_), "abc");
  ASSERT_THAT(client_->faults().Disable("second"), IsOk());
  std::string rest(5, '\0');
  ASSERT_THAT(ReadFull(*far_, absl::MakeSpan(&rest[0], 5)), IsOk());
  EXPECT_EQ(rest, "defgh");
}

TEST_P(FaultStreamTest, AcceptIsDelayedAndFails) {
  Load(R"(
    rule { id: "a" match { operation: ACCEPT nth: 1 }
           fail_op { error: "EMFILE" } }
    rule { id: "s" match { operation: ACCEPT } delay { min: "3s" } }
  )");
  listener_ = *client_->Listen(net().network, FreeAddress());
  address_ = listener_->Address();
  near_ = *inner_->Dial(net().network, address_.ToString());
  const absl::Status status =
      AtAlarms(1, [&] { return listener_->Accept().status(); });
  EXPECT_EQ(status.message(),
            absl::StrCat("accept ", net().network, " ", address_.ToString(),
                         ": accept4: too many open files"));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Injector(status), "a");
  EXPECT_THAT(AtAlarms(1, [&] { return listener_->Accept().status(); }),
              IsOk());
  EXPECT_EQ(Elapsed(), absl::Seconds(6));
  listener_->SetDeadline(clock_.TimeNow() + absl::Seconds(1)).IgnoreError();
  EXPECT_THAT(AtAlarms(1, [&] { return listener_->Accept().status(); }),
              IsTimeout());
  listener_->SetDeadline(absl::InfiniteFuture()).IgnoreError();
  std::thread closer([&] {
    EXPECT_TRUE(WaitUntilBlocked(*listener_, 1));
    EXPECT_THAT(listener_->Close(), IsOk());
  });
  EXPECT_THAT(listener_->Accept().status(), IsClosed());
  closer.join();
}

TEST_P(FaultStreamTest, HeldWritesWaitForRoomUntilTheirDeadline) {
  Connect(R"(rule { id: "stop" off: true hold {} })");
  ASSERT_THAT(client_->faults().Enable("stop"), IsOk());
  const std::string big(FaultSender::kLimit, 'x');
  ASSERT_THAT(near_->Write(big), IsOk());
  near_->SetWriteDeadline(clock_.TimeNow() + absl::Seconds(1)).IgnoreError();
  const absl::Status status = AtAlarms(1, [&] { return near_->Write("y"); });
  EXPECT_THAT(status, IsTimeout());
  EXPECT_EQ(BytesDone(status), 0);
  EXPECT_EQ(Elapsed(), absl::Seconds(1));
  near_->SetWriteDeadline(absl::InfiniteFuture()).IgnoreError();
  std::thread writer([&] { EXPECT_THAT(near_->Write("z"), IsOk()); });
  EXPECT_TRUE(WaitUntilBlocked(*near_, 1));
  ASSERT_THAT(client_->faults().Disable("stop"), IsOk());
  std::string all(big.size() + 1, '\0');
  EXPECT_THAT(ReadFull(*far_, absl::MakeSpan(&all[0], all.size())), IsOk());
  EXPECT_TRUE(all == big + "z");
  writer.join();
}

TEST_P(FaultStreamTest, DialWaitsForItsWay) {
  Load(R"(
    rule { id: "cut" active { until: "9s" } partition {} }
  )");
  Listen();
  EXPECT_THAT(AtAlarms(1, [&] { return Dial().status(); }), IsOk());
  EXPECT_EQ(Elapsed(), absl::Seconds(9));
  ASSERT_THAT(client_->faults().Enable("cut"), IsOk());
  const absl::Status status = AtAlarms(1, [&] { return Dial().status(); });
  EXPECT_EQ(status.message(), DialText() + "connect: connection timed out");
  EXPECT_EQ(Injector(status), "cut");
  EXPECT_EQ(Elapsed(), absl::Seconds(9 + 131));
}

TEST_P(FaultStreamTest, TheEndIsHeldAsWell) {
  Connect(R"(rule { id: "stop" match { segment: END } hold {} })");
  ASSERT_THAT(near_->Write("data"), IsOk());
  ASSERT_THAT(near_->CloseWrite(), IsOk());
  ASSERT_THAT(near_->CloseWrite(), IsOk());
  EXPECT_THAT(near_->Write("more"),
              ErrorIs(absl::StatusCode::kFailedPrecondition,
                      HasSubstr("write: broken pipe")));
  EXPECT_EQ(ReadSome(*far_), "data");
  std::thread reader([&] { EXPECT_THAT(ReadError(*far_), IsEof()); });
  EXPECT_TRUE(WaitUntilBlocked(*far_, 1));
  ASSERT_THAT(client_->faults().Disable("stop"), IsOk());
  reader.join();
}

class FaultTcpTest : public FaultCellTest {};
INSTANTIATE_TEST_SUITE_P(Nets, FaultTcpTest, ::testing::Values(kTcp, kFakeTcp),
                         NetName);

TEST_P(FaultTcpTest, ResetIsReadByBothEnds) {
  Connect(R"(rule { id: "rst" match { network: "$net" after_bytes: 1 nth: 1 }
             reset {} })");
  ASSERT_THAT(near_->Write("1"), IsOk());
  EXPECT_EQ(ReadSome(*far_), "1");
  absl::Status read;
  std::thread reader([&] { read = ReadError(*near_); });
  EXPECT_TRUE(WaitUntilBlocked(*near_, 1));
  ASSERT_THAT(near_->Write("2"), IsOk());
  reader.join();
  EXPECT_THAT(read, IsReset());
  EXPECT_THAT(std::string(read.message()),
              ::testing::EndsWith(": read: connection reset by peer"));
  EXPECT_EQ(Injector(read), "rst");
  EXPECT_THAT(ReadError(*near_), IsEof());
  const absl::Status write = near_->Write("3");
  EXPECT_THAT(write, IsBrokenPipe());
  EXPECT_EQ(Injector(write), "rst");
  EXPECT_THAT(near_->SetDeadline(absl::InfiniteFuture()), IsOk());
  EXPECT_THAT(ReadError(*far_), IsReset());
  EXPECT_THAT(near_->Close(), IsOk());
}

TEST_P(FaultTcpTest, ResetByWhatIsReceived) {
  Connect(
      R"(rule { id: "rst" match { network: "$net" direction: BACK from: "127.0.0.1" }
             reset {} })");
  ASSERT_THAT(far_->Write("1"), IsOk());
  const absl::Status read = ReadError(*near_);
  EXPECT_THAT(read, IsReset());
  EXPECT_EQ(Injector(read), "rst");
  EXPECT_THAT(ReadError(*far_), IsReset());
}

class FaultUdpTest : public FaultCellTest {};
INSTANTIATE_TEST_SUITE_P(Nets, FaultUdpTest, ::testing::Values(kUdp, kFakeUdp),
                         NetName);

TEST_P(FaultUdpTest, ResetRefusesAConnectedSender) {
  Connect(R"(rule { id: "icmp" match { network: "$net" nth: 1 } reset {} })");
  absl::Status read;
  std::thread reader([&] { read = ReadError(*near_); });
  EXPECT_TRUE(WaitUntilBlocked(*near_, 1));
  ASSERT_THAT(near_->Write("1"), IsOk());
  reader.join();
  EXPECT_THAT(read, IsRefused());
  EXPECT_EQ(Injector(read), "icmp");
  ASSERT_THAT(near_->Write("2"), IsOk());
  EXPECT_EQ(ReadSome(*far_), "2");
}

TEST_P(FaultDatagramTest, LossDuplicateAndReorder) {
  Connect(R"(
    rule { id: "loss" match { network: "$net" nth: 1 } loss {} }
    rule { id: "twice" match { network: "$net" nth: 2 } duplicate {} }
    rule { id: "later" match { network: "$net" nth: 3 } reorder { by: "5ms" } }
  )");
  for (const char* text : {"1", "2", "3", "4"}) {
    ASSERT_THAT(near_->Write(text), IsOk());
  }
  std::vector<std::string> got;
  for (int i = 0; i < 3; ++i) got.push_back(ReadSome(*far_));
  EXPECT_THAT(got, ::testing::UnorderedElementsAre("2", "2", "4"));
  EXPECT_EQ(AtAlarms(1, [&] { return ReadSome(*far_); }), "3");
  EXPECT_EQ(Elapsed(), absl::Milliseconds(5));
}

TEST_P(FaultDatagramTest, LossDuplicateAndReorderOfWhatIsReceived) {
  Connect(R"(
    rule { id: "loss" match { network: "$net" nth: 1 } loss {} }
    rule { id: "twice" match { network: "$net" nth: 2 } duplicate {} }
    rule { id: "later" match { network: "$net" nth: 3 } reorder { by: "5ms" } }
  )");
  for (const char* text : {"1", "2", "3", "4"}) {
    ASSERT_THAT(far_->Write(text), IsOk());
  }
  std::vector<std::string> got;
  for (int i = 0; i < 3; ++i) got.push_back(ReadSome(*near_));
  EXPECT_THAT(got, ::testing::ElementsAre("2", "2", "4"));
  EXPECT_EQ(AtAlarms(1, [&] { return ReadSome(*near_); }), "3");
}

TEST_P(FaultDatagramTest, PacketConnsToo) {
  Load(R"(
    rule { id: "loss" match { network: "$net" nth: 2 } loss {} }
    rule { id: "rot" match { nth: 3 } corrupt {} }
    rule { id: "full" match { operation: WRITE nth: 5 }
           fail_op { error: "ENOBUFS" } }
  )");
  Listen();
  const std::unique_ptr<PacketConn> sender =
      *client_->ListenPacket(net().network, FreeAddress());
  for (const char* text : {"one", "two", "000", "four"}) {
    ASSERT_THAT(sender->WriteTo(text, address_), IsOk());
  }
  const absl::Status failed = sender->WriteTo("five", address_);
  EXPECT_THAT(std::string(failed.message()),
              ::testing::EndsWith("write: no buffer space available"));
  EXPECT_EQ(Injector(failed), "full");
  char buffer[10];
  std::vector<std::string> got;
  for (int i = 0; i < 3; ++i) {
    PLUMB_ASSERT_OK_AND_ASSIGN(const Received received,
                               packets_->ReadFrom(absl::MakeSpan(buffer)));
    got.emplace_back(buffer, received.size);
  }
  EXPECT_EQ(got[0], "one");
  EXPECT_EQ(got[1].size(), 3);
  EXPECT_EQ(std::count(got[1].begin(), got[1].end(), '0'), 2);
  EXPECT_EQ(got[2], "four");
}

// What waits for a rule, on threads and on fibers.
class FaultWaitTest : public ::testing::TestWithParam<bool> {
 protected:
  std::unique_ptr<Executor> MakeExecutor() const {
    return GetParam() ? MakeFiberExecutor(1) : MakeThreadExecutor();
  }
};
std::string ExecutorName(const ::testing::TestParamInfo<bool>& info) {
  return info.param ? "Fibers" : "Threads";
}
INSTANTIATE_TEST_SUITE_P(Executors, FaultWaitTest, ::testing::Bool(),
                         ExecutorName);

TEST_P(FaultWaitTest, ReadEndsWithDeadlineScopeAndClose) {
  ManualClock clock;
  const std::shared_ptr<Transport> inner = OnFake(clock);
  const auto client = *MakeFaultTransport(
      inner, R"(rule { id: "stop" hold {} })", FaultTransportOptions(), clock);
  const auto listener = *inner->Listen("tcp", "127.0.0.1:0");
  std::unique_ptr<Executor> executor = MakeExecutor();
  executor->Run([&] {
    const std::string address = listener->Address().ToString();
    ASSERT_THAT(client->faults().Disable("stop"), IsOk());
    const auto near = *client->Dial("tcp", address);
    const auto far = *listener->Accept();
    ASSERT_THAT(client->faults().Enable("stop"), IsOk());
    ASSERT_THAT(far->Write("held"), IsOk());
    absl::Status status;

    near->SetReadDeadline(clock.TimeNow() + absl::Seconds(1)).IgnoreError();
    auto task = executor->Go([&] { status = ReadError(*near); });
    EXPECT_TRUE(WaitUntilBlocked(*near, 1));
    clock.Advance(absl::Seconds(1));
    task->Join();
    EXPECT_THAT(status, IsTimeout());
    near->SetReadDeadline(absl::InfiniteFuture()).IgnoreError();

    CancelSource source;
    task = executor->Go([&] {
      CancelScope scope(source);
      status = ReadError(*near);
    });
    EXPECT_TRUE(WaitUntilBlocked(*near, 1));
    source.Cancel();
    task->Join();
    EXPECT_THAT(status, IsCancelledCall());

    task = executor->Go([&] { status = ReadError(*near); });
    EXPECT_TRUE(WaitUntilBlocked(*near, 1));
    EXPECT_THAT(near->Close(), IsOk());
    task->Join();
    EXPECT_THAT(status, IsClosed());
    EXPECT_THAT(near->Close(), IsClosed());
  });
}

TEST(FaultTransportTest, WhatCannotBeHonouredIsRefusedAtLoad) {
  const std::pair<const char*, const char*> kCases[] = {
      {"match { network: \"tcp\" } loss {}", "not on tcp"},
      {"match { network: \"tcp\" } duplicate {}", "not on tcp"},
      {"match { network: \"tcp\" } reorder { by: \"1s\" }", "not on tcp"},
      {"match { network: \"unix\" } loss {}", "not on unix"},
      {"match { network: \"unix\" } duplicate {}", "not on unix"},
      {"match { network: \"unix\" } reorder { by: \"1s\" }", "not on unix"},
      {"match { network: \"udp\" } chunk { max_bytes: 1 }", "not on udp"},
      {"match { network: \"unixgram\" } chunk { max_bytes: 1 }",
       "not on unixgram"},
      {"match { network: \"unix\" } reset {}", "not on unix"},
  };
  for (const auto& [rule, why] : kCases) {
    const absl::Status status =
        MakeFaultTransport(OnTcp(Clock::Real()),
                           absl::StrCat("rule { id: \"x\" ", rule, " }"))
            .status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented) << rule;
    EXPECT_THAT(std::string(status.message()), HasSubstr("'x'"));
    EXPECT_THAT(std::string(status.message()), HasSubstr(why));
  }
}

TEST(FaultTransportTest, HostsHaveTheNamesThatWereDialled) {
  ManualClock clock;
  FakeNetworkOptions options;
  options.clock = &clock;
  FakeNetwork network(options);
  const auto db = network.Host("db");
  const auto listener = *db->Listen("tcp", ":80");
  FaultTransportOptions names;
  names.host = "web";
  const auto client = *MakeFaultTransport(
      network.Host("web"),
      R"(rule { id: "no" match { from: "web" to: "db" port: 80 }
         fail_dial { how: REFUSED } })",
      names, clock);
  EXPECT_EQ(client->Dial("tcp", "db:80").status().message(),
            "dial tcp db:80: connect: connection refused");
  EXPECT_THAT(client->Dial("tcp", "10.0.0.1:80").status(), IsOk());
}

}  // namespace
}  // namespace plumb
