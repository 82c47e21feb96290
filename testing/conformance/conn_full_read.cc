// Reads that fill their buffers exactly: what they got says nothing of whether
// there is more, so that the next one must find out, and wait when there is
// not.

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "testing/conformance/case.h"
#include "testing/conformance/conn_fixture.h"
#include "testing/matchers.h"
#include "testing/wait_until_blocked.h"

namespace plumb {

namespace {

const Direction kRead = Direction::kRead;

constexpr size_t kSizes[] = {1, 7, 100, 1000};

}  // namespace

void ConnConformance::ReadFullAfterAWait(Conn& conn, Conn& peer,
                                         const std::string& data) {
  absl::StatusOr<std::string> got;
  auto reader = Go([&] { got = ReadSome(conn, data.size()); });
  ASSERT_TRUE(WaitUntilBlocked(conn, 1, kRead));
  ASSERT_THAT(peer.Write(data), IsOk());
  reader->Join();
  EXPECT_THAT(got, IsOkAndHolds(data));
}

CONFORMANCE_CASE(ConnConformance, WhatComesAfterAFullReadIsRead) {
  Covers({"D-FR-01", "S-RW-01"});
  for (const size_t size : kSizes) {
    for (int round = 0; round < 6; ++round) {
      const std::string data = TestBytes(size, round);
      ASSERT_THAT(far().Write(data), IsOk());
      LetOthersLookAround(round);
      EXPECT_THAT(ReadSome(near(), size), IsOkAndHolds(data));
      // After one that tried at once, and after one that waited.
      ReadFullAfterAWait(near(), far(), TestBytes(size, round + 100));
      ReadFullAfterAWait(near(), far(), TestBytes(size, round + 200));
    }
  }
}

CONFORMANCE_CASE(ConnConformance, WhatAFullReadLeavesIsRead) {
  Covers({"D-FR-01"});
  for (int round = 0; round < 12; ++round) {
    if (round % 2 == 0) {
      ReadFullAfterAWait(near(), far(), "first");
    } else {
      ReadShortAfterAWait(near(), far());
    }
    // Messages are one for each Read; a stream may merge them.
    for (const char* data : {"one", "two", "six"}) {
      ASSERT_THAT(far().Write(data), IsOk());
      LetOthersLookAround(round);
    }
    for (const char* data : {"one", "two", "six"}) {
      EXPECT_THAT(ReadSome(near(), 3), IsOkAndHolds(data));
    }
    EXPECT_TRUE(ReadWaits(near()));
  }
}

CONFORMANCE_CASE(ConnConformance, TheEndAfterAFullReadIsRead) {
  CoversIf(abilities().end_of_stream, {"D-FR-02", "C-EO-01", "C-EO-02"});
  for (int round = 0; round < 6; ++round) {
    PLUMB_ASSERT_OK_AND_ASSIGN(ConnPair pair, MakePair());
    ReadFullAfterAWait(*pair.near, *pair.far, "first");
    ASSERT_THAT(pair.far->Write("last"), IsOk());
    const bool before = round % 2 == 0;
    if (before) {
      ASSERT_THAT(pair.far->Close(), IsOk());
    }
    LetOthersLookAround(round / 2);
    EXPECT_THAT(ReadSome(*pair.near, 4), IsOkAndHolds("last"));
    absl::Status end;
    auto reader = Go([&] { end = ReadSome(*pair.near, 4).status(); });
    if (!before) {
      ASSERT_TRUE(WaitUntilBlocked(*pair.near, 1, kRead));
      ASSERT_THAT(pair.far->Close(), IsOk());
    }
    if (abilities().end_of_stream) {
      reader->Join();
      EXPECT_THAT(end, IsEof());
      EXPECT_THAT(ReadSome(*pair.near, 4), IsEof());
      continue;
    }
    ASSERT_TRUE(WaitUntilBlocked(*pair.near, 1, kRead));
    ASSERT_THAT(pair.near->SetReadDeadline(LongAgo()), IsOk());
    reader->Join();
    EXPECT_TRUE(IsTimeoutOf("read", *pair.near, end));
  }
}

CONFORMANCE_CASE(ConnConformance, AfterAFullReadTheDeadlineIsExact) {
  Covers({"D-FR-01", "S-DL-12", "C-DL-05"});
  ConnectOnManualClock();
  const absl::Duration limit = absl::Seconds(10);
  for (int round = 0; round < 3; ++round) {
    ASSERT_THAT(far().Write("full"), IsOk());
    const absl::Time deadline = manual_clock().TimeNow() + limit;
    ASSERT_THAT(near().SetReadDeadline(deadline), IsOk());
    ASSERT_THAT(ReadSome(near(), 4), IsOkAndHolds("full"));
    absl::Status status;
    absl::Time ended;
    auto reader = Go([&] {
      status = ReadSome(near(), 4).status();
      ended = manual_clock().TimeNow();
    });
    ASSERT_TRUE(WaitUntilBlocked(near(), 1, kRead));
    ASSERT_TRUE(WaitUntil([&] { return manual_clock().alarm_count() > 0; },
                          "an alarm"));
    manual_clock().Advance(limit - absl::Nanoseconds(1));
    ASSERT_TRUE(WaitUntilBlocked(near(), 1, kRead));
    manual_clock().Advance(absl::Nanoseconds(1));
    reader->Join();
    EXPECT_TRUE(IsTimeoutOf("read", near(), status));
    EXPECT_EQ(ended, deadline);
    ASSERT_THAT(near().SetReadDeadline(absl::InfiniteFuture()), IsOk());
    ReadFullAfterAWait(near(), far(), "more");
  }
}

CONFORMANCE_CASE(ConnConformance, PingPongOfFullReads) {
  Covers({"D-FR-01"});
  CoversIf(abilities().end_of_stream, {"D-FR-02"});
  const int turns = Amount(2000, 300);
  const auto message = [](int turn) {
    return TestBytes(kSizes[turn % 4] + turn % 5, turn);
  };
  auto peer = Go([&] {
    for (int turn = 0; turn < turns; ++turn) {
      const std::string expected = message(turn);
      const absl::StatusOr<std::string> got = ReadSome(far(), expected.size());
      ASSERT_THAT(got, IsOkAndHolds(expected));
      ASSERT_THAT(far().Write(*got), IsOk());
    }
    EXPECT_THAT(far().Close(), IsOk());
  });
  for (int turn = 0; turn < turns; ++turn) {
    const std::string sent = message(turn);
    ASSERT_THAT(near().Write(sent), IsOk());
    ASSERT_THAT(ReadSome(near(), sent.size()), IsOkAndHolds(sent));
  }
  peer->Join();
  if (abilities().end_of_stream) {
    EXPECT_THAT(ReadSome(near(), 1), IsEof());
  } else {
    EXPECT_TRUE(ReadWaits(near()));
  }
}

}  // namespace plumb
