#include "testing/fault/fuzz_conn.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/executor.h"
#include "testing/fault/fuzz_peer.h"
#include "testing/fault/make_faults.h"
#include "testing/fiber_executor.h"
#include "testing/matchers.h"
#include "transport/direction.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/io.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;

// One Read after the other until one fails: what they gave, and how it ended.
std::vector<std::string> Reads(Conn& conn) {
  std::vector<std::string> reads;
  char buffer[100];
  absl::StatusOr<size_t> n = conn.Read(absl::MakeSpan(buffer));
  for (; n.ok(); n = conn.Read(absl::MakeSpan(buffer))) {
    reads.emplace_back(buffer, *n);
  }
  reads.emplace_back(n.status().message());
  return reads;
}

std::string Rule(char kind, char place, char first, char second = 0) {
  return {kind, place, first, second};
}

std::string OneRule(const std::string& rule, absl::string_view data) {
  return absl::StrCat("\1", rule, std::string(1, '\0'), data);
}

TEST(FuzzConnTest, WithoutRulesThePeerSendsAndEnds) {
  const auto conn = MakeFuzzConn(FuzzBytes("hello"));
  EXPECT_THAT(conn->Write("answer"), IsOk());
  EXPECT_THAT(Reads(*conn), ElementsAre("hello", "EOF"));
}

TEST(FuzzConnTest, NoBytesAreAPeerThatSendsNothing) {
  EXPECT_THAT(Reads(*MakeFuzzConn("")), ElementsAre("EOF"));
}

TEST(FuzzConnTest, Chunks) {
  const auto conn = MakeFuzzConn(OneRule(Rule(0, 0, 1), "hello"));
  EXPECT_THAT(Reads(*conn), ElementsAre("he", "ll", "o", "EOF"));
}

TEST(FuzzConnTest, FailedCalls) {
  const auto read = MakeFuzzConn(OneRule(Rule(2, 0, 0), "hello"));
  EXPECT_THAT(Reads(*read),
              ElementsAre("read tcp 192.0.2.1:80->192.0.2.2:40000: read: "
                          "input/output error"));
  EXPECT_THAT(Reads(*read), ElementsAre("hello", "EOF"));
  const auto write = MakeFuzzConn(OneRule(Rule(3, 1, 3), ""));
  EXPECT_THAT(write->Write("1"), IsOk());
  const absl::Status status = write->Write("2");
  EXPECT_EQ(status.message(),
            "write tcp 192.0.2.1:80->192.0.2.2:40000: write: no buffer space "
            "available");
  EXPECT_EQ(GetErrorInfo(status)->injected_by, "rule 1");
}

TEST(FuzzConnTest, ChangedBytes) {
  const std::string zeros(100, '0');
  const std::string got =
      Reads(*MakeFuzzConn(OneRule(Rule(4, 0, 0), zeros))).front();
  ASSERT_EQ(got.size(), 100);
  EXPECT_EQ(std::count(got.begin(), got.end(), '0'), 99);
}

TEST(FuzzConnTest, Resets) {
  const auto conn = MakeFuzzConn(OneRule(Rule(6, 0, 0), "hello"));
  EXPECT_THAT(Reads(*conn),
              ElementsAre("read tcp 192.0.2.1:80->192.0.2.2:40000: read: "
                          "connection reset by peer"));
  EXPECT_THAT(Reads(*conn), ElementsAre("EOF"));
  EXPECT_THAT(conn->Write("x"), IsBrokenPipe());
}

TEST(FuzzConnTest, MemoryIsLimited) {
  FuzzOptions options;
  options.max_data = 3;
  options.max_written = 4;
  const auto conn = MakeFuzzConn(FuzzBytes("hello"), options);
  EXPECT_THAT(Reads(*conn), ElementsAre("hel", "EOF"));
  EXPECT_THAT(conn->Write("123"), IsOk());
  const absl::Status status = conn->Write("456");
  EXPECT_THAT(status, IsBrokenPipe());
  EXPECT_EQ(BytesDone(status), 1);
}

std::string RandomBytes(size_t size, uint32_t* random) {
  std::string bytes;
  while (bytes.size() < size) {
    *random = *random * 1664525 + 1013904223;
    bytes.push_back(static_cast<char>(*random >> 24));
  }
  return bytes;
}

TEST(FuzzConnTest, AnyBytesAreAPlanThatLoads) {
  uint32_t random = 1;
  for (int i = 0; i < 2000; ++i) {
    const std::string bytes = RandomBytes(24, &random);
    const FuzzInput input = ParseFuzzInput(bytes);
    ASSERT_THAT(MakeFaults(input.plan, FuzzSetting()).status(), IsOk());
    EXPECT_EQ(Reads(*MakeFuzzConn(bytes)), Reads(*MakeFuzzConn(bytes)))
        << DescribeFuzzInput(input);
  }
}

TEST(FuzzConnTest, WhatAPeekShowsIsReadNextWhateverTheRules) {
  uint32_t random = 2;
  for (int i = 0; i < 500; ++i) {
    const std::string bytes = RandomBytes(200, &random);
    const auto conn = MakeFuzzConn(bytes);
    absl::StatusOr<size_t> read;
    do {
      char shown[300], got[60];
      const absl::StatusOr<size_t> peek =
          Extension<Peeker>(*conn)->Peek(absl::MakeSpan(shown));
      read = conn->Read(absl::MakeSpan(got));
      if (read.ok()) {
        ASSERT_THAT(peek, IsOk());
        EXPECT_EQ(absl::string_view(got, *read),
                  absl::string_view(shown, *peek).substr(0, *read));
      } else if (peek.ok()) {
        // A Peek is no READ, which rules fail.
        EXPECT_NE(GetErrorInfo(read.status())->injected_by, "")
            << DescribeFuzzInput(ParseFuzzInput(bytes));
      }
    } while (read.ok());
  }
}

// What reads and writes in turn give, and what the next ones do.
struct Ended {
  std::vector<std::string> reads;
  absl::Status write;
  absl::Status read_again;
};

Ended ToTheEnd(Conn& conn) {
  Ended ended;
  ended.reads = Reads(conn);
  ended.write = conn.Write("answer");
  char byte[1];
  ended.read_again = conn.Read(absl::MakeSpan(byte)).status();
  return ended;
}

constexpr char kRead[] = "read tcp 192.0.2.1:80->192.0.2.2:40000: ";

// With a rule, which changes nothing here, or without.
class FuzzEndTest : public ::testing::TestWithParam<bool> {
 protected:
  std::string BytesOf(FuzzEnd end) const {
    const std::string plain = FuzzBytes("data", end);
    if (!GetParam()) return plain;
    std::string bytes = OneRule(Rule(0, 0, 99), "data");
    bytes[0] = static_cast<char>(plain[0] + 1);
    return bytes;
  }
  std::unique_ptr<Conn> Make(FuzzEnd end) const {
    return MakeFuzzConn(BytesOf(end));
  }
};
INSTANTIATE_TEST_SUITE_P(Rules, FuzzEndTest, ::testing::Bool());

TEST_P(FuzzEndTest, HalfClose) {
  const Ended ended = ToTheEnd(*Make(FuzzEnd::kHalfClose));
  EXPECT_THAT(ended.reads, ElementsAre("data", "EOF"));
  EXPECT_THAT(ended.write, IsOk());
  EXPECT_THAT(ended.read_again, IsEof());
}

TEST_P(FuzzEndTest, Close) {
  const auto conn = Make(FuzzEnd::kClose);
  EXPECT_THAT(conn->Write("before"), IsOk());
  const Ended ended = ToTheEnd(*conn);
  EXPECT_THAT(ended.reads, ElementsAre("data", "EOF"));
  EXPECT_THAT(ended.write, IsBrokenPipe());
  EXPECT_THAT(ended.read_again, IsEof());
}

TEST_P(FuzzEndTest, Reset) {
  const Ended ended = ToTheEnd(*Make(FuzzEnd::kReset));
  EXPECT_THAT(
      ended.reads,
      ElementsAre("data",
                  absl::StrCat(kRead, "read: connection reset by peer")));
  EXPECT_THAT(ended.write, IsBrokenPipe());
  EXPECT_THAT(ended.read_again, IsEof());
}

TEST_P(FuzzEndTest, Silence) {
  const auto conn = Make(FuzzEnd::kSilent);
  const Ended ended = ToTheEnd(*conn);
  EXPECT_THAT(ended.reads,
              ElementsAre("data", absl::StrCat(kRead, "i/o timeout")));
  EXPECT_THAT(ended.write, IsOk());
  EXPECT_THAT(ended.read_again, IsTimeout());
  // A handler that takes more time is let down again.
  EXPECT_THAT(conn->SetReadDeadline(absl::InfiniteFuture()), IsOk());
  EXPECT_THAT(ToTheEnd(*conn).read_again, IsTimeout());
}

// As far as anybody can tell it passed before.
TEST(FuzzPeerTest, ADeadlineThatSomebodyMovesMeanwhileHasPassed) {
  FuzzPeer peer("", FuzzEnd::kStuck, 0);
  peer.SetExpire([&peer](Direction direction) {
    EXPECT_THAT(peer.SetDeadline(direction, absl::Time()), IsOk());
    EXPECT_THAT(peer.SetDeadline(direction, absl::InfiniteFuture()), IsOk());
  });
  char byte[1];
  EXPECT_EQ(peer.Read(absl::MakeSpan(byte)).status().message(),
            absl::StrCat(kRead, "i/o timeout"));
  EXPECT_EQ(peer.Write("x").message(),
            "write tcp 192.0.2.1:80->192.0.2.2:40000: i/o timeout");
}

TEST_P(FuzzEndTest, Stuck) {
  const auto conn = Make(FuzzEnd::kStuck);
  const Ended ended = ToTheEnd(*conn);
  EXPECT_THAT(ended.reads,
              ElementsAre("data", absl::StrCat(kRead, "i/o timeout")));
  EXPECT_THAT(ended.write, IsTimeout());
  EXPECT_EQ(ended.write.message(),
            "write tcp 192.0.2.1:80->192.0.2.2:40000: i/o timeout");
  EXPECT_EQ(BytesDone(ended.write), 0);
}

// What it has shown comes again, and how it ends counts at once.
TEST_P(FuzzEndTest, PeeksAreAsReads) {
  for (int end = 0; end < kFuzzEnds; ++end) {
    SCOPED_TRACE(FuzzEndText(static_cast<FuzzEnd>(end)));
    const auto conn = Make(static_cast<FuzzEnd>(end));
    Peeker& peeker = *Extension<Peeker>(*conn);
    char buffer[8];
    for (const size_t size : {3, 8, 3}) {
      const size_t shown = std::min<size_t>(size, 4);
      EXPECT_THAT(peeker.Peek(absl::MakeSpan(buffer, size)),
                  IsOkAndHolds(shown));
      EXPECT_EQ(absl::string_view(buffer, shown),
                absl::string_view("data").substr(0, shown));
    }
    char data[4];
    ASSERT_THAT(ReadFull(*conn, absl::MakeSpan(data)), IsOk());
    EXPECT_EQ(absl::string_view(data, 4), "data");
    const auto same = Make(static_cast<FuzzEnd>(end));
    const Ended ended = ToTheEnd(*same);
    EXPECT_EQ(peeker.Peek(absl::MakeSpan(buffer)).status().message(),
              ended.reads.back());
    EXPECT_EQ(conn->Write("answer"), ended.write);
    EXPECT_EQ(conn->Read(absl::MakeSpan(buffer)).status(), ended.read_again);
  }
}

// Each Write finds what the peer does as yet, and so who Peeks `beyond` the
// data must not have it end.
std::vector<std::string> Talk(Conn& conn, bool beyond) {
  std::vector<std::string> talk;
  const auto write = [&] { talk.emplace_back(conn.Write("answer").message()); };
  char buffer[8];
  for (size_t left = 4; left > 0; left -= 2) {
    if (beyond) {
      EXPECT_THAT(Extension<Peeker>(conn)->Peek(absl::MakeSpan(buffer)),
                  IsOkAndHolds(left));
    }
    write();
    EXPECT_THAT(conn.Read(absl::MakeSpan(buffer, 2)), IsOkAndHolds(2u));
    talk.emplace_back(buffer, 2);
  }
  write();
  for (std::string& read : Reads(conn)) talk.push_back(std::move(read));
  write();
  return talk;
}

TEST_P(FuzzEndTest, APeekBeyondTheDataFindsNoEnd) {
  const std::string timeout =
      "write tcp 192.0.2.1:80->192.0.2.2:40000: i/o timeout";
  for (int end = 0; end < kFuzzEnds; ++end) {
    SCOPED_TRACE(FuzzEndText(static_cast<FuzzEnd>(end)));
    const bool stuck = end == static_cast<int>(FuzzEnd::kStuck);
    const std::string wrote = stuck ? timeout : "";
    const std::vector<std::string> plain =
        Talk(*Make(static_cast<FuzzEnd>(end)), false);
    ASSERT_EQ(plain.size(), 7u);
    EXPECT_THAT(std::vector<std::string>(plain.begin(), plain.begin() + 5),
                ElementsAre(wrote, "da", wrote, "ta", wrote));
    EXPECT_EQ(Talk(*Make(static_cast<FuzzEnd>(end)), true), plain);
    MakeFiberExecutor(1)->Run([&] {
      EXPECT_EQ(Talk(*Make(static_cast<FuzzEnd>(end)), true), plain);
    });
  }
}

// It has the peer end as a Read has, and leaves to that what it gives.
TEST_P(FuzzEndTest, WaitReadableFindsTheEnd) {
  for (int end = 0; end < kFuzzEnds; ++end) {
    SCOPED_TRACE(FuzzEndText(static_cast<FuzzEnd>(end)));
    const Ended ended = ToTheEnd(*Make(static_cast<FuzzEnd>(end)));
    const auto conn = Make(static_cast<FuzzEnd>(end));
    for (const char* part : {"da", "ta"}) {
      EXPECT_THAT(conn->WaitReadable(), IsOk());
      char buffer[2];
      ASSERT_THAT(conn->Read(absl::MakeSpan(buffer)), IsOkAndHolds(2u));
      EXPECT_EQ(absl::string_view(buffer, 2), part);
    }
    const std::string waited(conn->WaitReadable().message());
    const bool silent = end >= static_cast<int>(FuzzEnd::kSilent);
    EXPECT_EQ(waited, silent ? absl::StrCat(kRead, "i/o timeout") : "");
    EXPECT_EQ(conn->Write("answer"), ended.write);
    EXPECT_THAT(Reads(*conn), ElementsAre(ended.reads.back()));
    EXPECT_EQ(Reads(*conn).back(), ended.read_again.message());
  }
}

TEST_P(FuzzEndTest, OnAFiberIsAsOnAThread) {
  for (int end = 0; end < kFuzzEnds; ++end) {
    SCOPED_TRACE(FuzzEndText(static_cast<FuzzEnd>(end)));
    const Ended here = ToTheEnd(*Make(static_cast<FuzzEnd>(end)));
    Ended there;
    const std::unique_ptr<Executor> fibers = MakeFiberExecutor(1);
    fibers
        ->Go([&] {
          const auto conn = Make(static_cast<FuzzEnd>(end));
          char byte[1];
          EXPECT_THAT(Extension<Peeker>(*conn)->Peek(absl::MakeSpan(byte)),
                      IsOkAndHolds(1u));
          there = ToTheEnd(*conn);
        })
        ->Join();
    EXPECT_EQ(there.reads, here.reads);
    EXPECT_EQ(there.write, here.write);
    EXPECT_EQ(there.read_again, here.read_again);
  }
}

// As libFuzzer writes it when the handler crashes.
TEST_P(FuzzEndTest, ACrashFileReplays) {
  for (int end = 0; end < kFuzzEnds; ++end) {
    const std::string bytes = BytesOf(static_cast<FuzzEnd>(end));
    const std::string file = absl::StrCat(::testing::TempDir(), "/crash-", end);
    std::ofstream(file, std::ios::binary) << bytes;
    std::ifstream stream(file, std::ios::binary);
    const std::string read((std::istreambuf_iterator<char>(stream)), {});
    EXPECT_EQ(static_cast<int>(ParseFuzzInput(read).end), end);
    const Ended first = ToTheEnd(*MakeFuzzConn(bytes));
    const Ended second = ToTheEnd(*MakeFuzzConn(read));
    EXPECT_EQ(first.reads, second.reads);
    EXPECT_EQ(first.write, second.write);
    EXPECT_EQ(first.read_again, second.read_again);
  }
}

TEST(FuzzConnTest, EveryFirstByteIsAnEnd) {
  std::set<FuzzEnd> ends;
  for (int first = 0; first < 256; ++first) {
    ends.insert(ParseFuzzInput(std::string(1, static_cast<char>(first))).end);
  }
  EXPECT_EQ(ends.size(), kFuzzEnds);
}

TEST(FuzzConnTest, IsDescribed) {
  EXPECT_EQ(
      DescribeFuzzInput(ParseFuzzInput(OneRule(Rule(0, 0, 1), "a\n"))),
      "rule {\n  id: \"rule 1\"\n  match {\n    operation: READ\n  }\n"
      "  chunk {\n    max_bytes: 2\n  }\n}\ndata: \"a\\n\"\nthen the peer ends "
      "its direction\n");
}

}  // namespace
}  // namespace plumb
