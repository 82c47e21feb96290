// Peek of what a FaultTransport opens: what a Read would get, judged once.
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_cell_fixture.h"
#include "testing/fault/make_faults.h"
#include "testing/matchers.h"
#include "testing/wait_until_blocked.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"

namespace plumb {
namespace {

absl::StatusOr<std::string> PeekSome(Conn& conn, size_t size = 100) {
  std::string bytes(size, '\0');
  const absl::StatusOr<size_t> n =
      Extension<Peeker>(conn)->Peek(absl::MakeSpan(&bytes[0], size));
  if (!n.ok()) return n.status();
  bytes.resize(*n);
  return bytes;
}

class FaultPeekTest : public FaultCellTest {
 protected:
  uint64_t Matches(absl::string_view id) const {
    for (const FaultCount& count : client_->faults().Counts()) {
      if (count.id == id) return count.matches;
    }
    return 0;
  }
};
INSTANTIATE_TEST_SUITE_P(
    Cells, FaultPeekTest,
    ::testing::ValuesIn(Cells({kTcp, kUdp, kUnix, kUnixgram, kUnixpacket,
                               kFakeTcp, kFakeUdp, kFakeUnix, kFakeUnixgram,
                               kFakeUnixpacket})),
    CellName);

TEST_P(FaultPeekTest, WaitsForWhatIsDelayed) {
  Connect(R"(rule { id: "far" delay { min: "20ms" } })");
  ASSERT_THAT(far_->Write("late"), IsOk());
  EXPECT_THAT(AtAlarms(1, [&] { return PeekSome(*near_); }),
              IsOkAndHolds("late"));
  EXPECT_EQ(Elapsed(), absl::Milliseconds(20));
  EXPECT_THAT(PeekSome(*near_), IsOkAndHolds("late"));
  EXPECT_EQ(ReadSome(*near_), "late");
  EXPECT_EQ(Matches("far"), 1);
}

TEST_P(FaultPeekTest, ShowsTheBytesAsTheyWillBeRead) {
  Connect(R"(rule { id: "rot" corrupt {} })");
  ASSERT_THAT(far_->Write("0000"), IsOk());
  PLUMB_ASSERT_OK_AND_ASSIGN(const std::string got, PeekSome(*near_));
  ASSERT_EQ(got.size(), 4);
  EXPECT_EQ(std::count(got.begin(), got.end(), '0'), 3) << got;
  EXPECT_EQ(ReadSome(*near_), got);
  EXPECT_EQ(Matches("rot"), 1);
}

// What a rule is about that comes while it waits, too.
TEST_P(FaultPeekTest, ARuleThatComesIsHeededAtOnce) {
  Connect("");
  absl::StatusOr<std::string> got;
  const auto peek = Go([&] { got = PeekSome(*near_); });
  EXPECT_TRUE(WaitUntilBlocked(*near_, 1));
  ASSERT_THAT(AddRule(client_->faults(), "id: 'far' delay { min: '20ms' }"),
              IsOk());
  ASSERT_THAT(far_->Write("late"), IsOk());
  clock_.AwaitAlarms(1);
  clock_.Advance(absl::Milliseconds(20));
  peek->Join();
  EXPECT_THAT(got, IsOkAndHolds("late"));
  EXPECT_EQ(ReadSome(*near_), "late");
}

TEST_P(FaultPeekTest, IsNoRead) {
  Connect(R"(rule { id: "r" match { operation: READ nth: 1 }
             fail_op { error: "EIO" } })");
  ASSERT_THAT(far_->Write("kept"), IsOk());
  EXPECT_THAT(PeekSome(*near_), IsOkAndHolds("kept"));
  EXPECT_EQ(Matches("r"), 0);
  EXPECT_EQ(Injector(ReadError(*near_)), "r");
  EXPECT_THAT(PeekSome(*near_), IsOkAndHolds("kept"));
  EXPECT_EQ(ReadSome(*near_), "kept");
  EXPECT_EQ(ReadSome(*near_, 0), "");
  EXPECT_THAT(PeekSome(*near_, 0), IsOkAndHolds(""));
}

TEST_P(FaultPeekTest, OfAMessageThatIsLonger) {
  Connect(R"(rule { id: "r" match { operation: READ nth: 9 } optional: true
             fail_op { error: "EIO" } })");
  ASSERT_THAT(far_->Write("12345"), IsOk());
  const absl::StatusOr<std::string> got = PeekSome(*near_, 2);
  if (net().stream) {
    EXPECT_THAT(got, IsOkAndHolds("12"));
  } else {
    EXPECT_EQ(got.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(BytesDone(got.status()), 5);
  }
  EXPECT_EQ(ReadSome(*near_), "12345");
}

class FaultPeekMessageTest : public FaultCellTest {};
INSTANTIATE_TEST_SUITE_P(
    Cells, FaultPeekMessageTest,
    ::testing::ValuesIn(Cells({kUdp, kUnixgram, kUnixpacket, kFakeUdp,
                               kFakeUnixgram, kFakeUnixpacket})),
    CellName);

TEST_P(FaultPeekMessageTest, PassesOverWhatIsLost) {
  Connect(R"(rule { id: "loss" match { network: "$net" nth: 1 } loss {} })");
  ASSERT_THAT(far_->Write("1"), IsOk());
  ASSERT_THAT(far_->Write("2"), IsOk());
  EXPECT_THAT(PeekSome(*near_), IsOkAndHolds("2"));
  EXPECT_EQ(ReadSome(*near_), "2");
}

class FaultPeekStreamTest : public FaultCellTest {};
INSTANTIATE_TEST_SUITE_P(
    Cells, FaultPeekStreamTest,
    ::testing::ValuesIn(Cells({kTcp, kUnix, kFakeTcp, kFakeUnix})), CellName);

// Who waits for a header looks until all of it is there.
TEST_P(FaultPeekStreamTest, ShowsAlsoWhatCameSince) {
  Connect(R"(rule { id: "never" match { after_bytes: 1000 } optional: true
             hold {} })");
  const auto task = Go([&] {
    std::string got;
    for (const char* part : {"he", "ad", "er"}) {
      ASSERT_THAT(far_->Write(part), IsOk());
      const size_t size = got.size() + 2;
      while (got.size() < size) {
        PLUMB_ASSERT_OK_AND_ASSIGN(got, PeekSome(*near_));
      }
    }
    EXPECT_EQ(got, "header");
    EXPECT_THAT(PeekSome(*near_, 3), IsOkAndHolds("hea"));
    EXPECT_EQ(ReadSome(*near_, 3), "hea");
    EXPECT_THAT(PeekSome(*near_), IsOkAndHolds("der"));
    ASSERT_THAT(far_->Close(), IsOk());
    EXPECT_THAT(PeekSome(*near_), IsOkAndHolds("der"));
    EXPECT_EQ(ReadSome(*near_), "der");
    EXPECT_THAT(PeekSome(*near_).status(), IsEof());
    EXPECT_THAT(ReadError(*near_), IsEof());
  });
  task->Join();
}

// Returns when the other end's kernel has all that was written to `conn`.
void AwaitArrived(Conn& conn, bool ip) {
  auto* const handle = Extension<NativeHandle>(conn);
  if (handle == nullptr || !ip) return;  // it is there when Write returns
  int unacknowledged = 1;
  while (unacknowledged > 0) {
    ASSERT_EQ(ioctl(handle->Descriptor(), SIOCOUTQ, &unacknowledged), 0);
  }
}

TEST_P(FaultPeekStreamTest, ShowsAtOnceWhatTheKernelHas) {
  Connect(R"(rule { id: "never" match { after_bytes: 1000 } optional: true
             hold {} })");
  const auto task = Go([&] {
    for (int i = 0; i < 3; ++i) {
      ASSERT_THAT(far_->Write("ab"), IsOk());
      // Takes it in, and so empties the socket.
      ASSERT_THAT(near_->WaitReadable(), IsOk());
      ASSERT_THAT(far_->Write("cd"), IsOk());
      AwaitArrived(*far_, net().ip);
      EXPECT_THAT(PeekSome(*near_), IsOkAndHolds("abcd"));
      EXPECT_EQ(ReadSome(*near_), "abcd");
    }
  });
  task->Join();
}

TEST_P(FaultPeekStreamTest, NotWhatIsHeldBehindIt) {
  Connect(R"(rule { id: "stop" match { after_bytes: 4 } hold {} })");
  ASSERT_THAT(far_->Write("free"), IsOk());
  EXPECT_THAT(PeekSome(*near_), IsOkAndHolds("free"));
  ASSERT_THAT(far_->Write("held"), IsOk());
  ASSERT_THAT(far_->CloseWrite(), IsOk());
  // Until it has come.
  do {
    ASSERT_THAT(PeekSome(*near_), IsOkAndHolds("free"));
  } while (Hits("stop") == 0);
  ASSERT_THAT(client_->faults().Disable("stop"), IsOk());
  std::string got;
  const auto task = Go([&] {
    while (got.size() < 8) {
      PLUMB_ASSERT_OK_AND_ASSIGN(got, PeekSome(*near_));
    }
  });
  task->Join();
  EXPECT_EQ(got, "freeheld");
  EXPECT_EQ(ReadSome(*near_, 4), "free");
}

class FaultPeekTcpTest : public FaultCellTest {};
INSTANTIATE_TEST_SUITE_P(Cells, FaultPeekTcpTest,
                         ::testing::ValuesIn(Cells({kTcp, kFakeTcp})),
                         CellName);

TEST_P(FaultPeekTcpTest, TellsOfAResetOnce) {
  Connect(R"(rule { id: "rst" match { network: "$net" after_bytes: 2 nth: 1 }
             reset {} })");
  ASSERT_THAT(far_->Write("12"), IsOk());
  EXPECT_THAT(PeekSome(*near_), IsOkAndHolds("12"));
  ASSERT_THAT(far_->Write("3"), IsOk());
  absl::StatusOr<std::string> got = PeekSome(*near_);
  while (got.ok()) got = PeekSome(*near_);
  EXPECT_THAT(got.status(), IsReset());
  EXPECT_EQ(Injector(got.status()), "rst");
  EXPECT_THAT(PeekSome(*near_).status(), IsEof());
  EXPECT_THAT(ReadError(*near_), IsEof());
}

}  // namespace
}  // namespace plumb
