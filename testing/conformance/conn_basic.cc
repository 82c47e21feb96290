// What a connection carries and what Read and Write do with it.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "testing/conformance/case.h"
#include "testing/conformance/conn_fixture.h"
#include "testing/matchers.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"

namespace plumb {

CONFORMANCE_CASE(ConnConformance, PingPong) {
  Covers({"N-02"});
  constexpr int kLast = 1000;  // which far() gets, and closes
  const auto play = [&](Conn& conn, int last) {
    for (int value = 0; value < last;) {
      PLUMB_ASSERT_OK_AND_ASSIGN(const std::string got, ReadBytes(conn, 4));
      int next = 0;
      for (char c : got) next = next * 100 + c;
      EXPECT_TRUE(next == value + 2 || next <= 1) << next;
      value = next;
      if (value == kLast) break;
      const int reply = value + 1;
      const char digits[] = {0, 0, static_cast<char>(reply / 100),
                             static_cast<char>(reply % 100)};
      EXPECT_THAT(conn.Write(absl::string_view(digits, 4)), IsOk());
    }
  };
  auto peer = Go([&] {
    play(far(), kLast);
    EXPECT_THAT(far().Close(), IsOk());
  });
  ASSERT_THAT(near().Write(std::string(4, '\0')), IsOk());
  play(near(), kLast - 1);
  peer->Join();
  if (abilities().end_of_stream) {
    EXPECT_THAT(ReadSome(near()), IsEof());
  } else {
    EXPECT_TRUE(ReadWaits(near()));
  }
  EXPECT_THAT(near().Close(), IsOk());
}

CONFORMANCE_CASE(ConnConformance, OneLargeWriteArrivesWhole) {
  Covers({"N-G06", "S-RW-02", "C-ST-02"});
  const size_t size =
      abilities().messages ? 60000 : abilities().more_than_fits + 12345;
  const std::string data = TestBytes(size);
  auto writer = Go([&] { EXPECT_THAT(near().Write(data), IsOk()); });
  absl::StatusOr<std::string> got = ReadBytes(far(), size);
  ASSERT_THAT(got, IsOk());
  EXPECT_TRUE(*got == data);
  writer->Join();
}

CONFORMANCE_CASE(ConnConformance, PiecesGoOneAfterTheOther) {
  Covers({"C-ST-03", "S-CP-11"});
  for (size_t count : {1, 2, 10, 1023, 1024, 1025}) {
    std::vector<std::string> texts;
    std::string all;
    for (size_t i = 0; i < count; ++i) {
      // Some are empty.
      texts.push_back(i % 3 == 1 ? "" : TestBytes(1 + i % 7, 7));
      all += texts.back();
    }
    const std::vector<absl::string_view> pieces(texts.begin(), texts.end());
    ASSERT_THAT(near().Write(pieces), IsOk());
    EXPECT_THAT(ReadBytes(far(), all.size()), IsOkAndHolds(all)) << count;
  }
}

CONFORMANCE_CASE(ConnConformance, NoPiecesAndEmptyOnes) {
  Covers({"N-G05", "S-RW-06", "C-ST-03"});
  CoversIf(abilities().messages && abilities().empty_messages, {"S-EOF-03"});
  CoversIf(abilities().messages && !abilities().empty_messages, {"S-EOF-04"});
  const absl::string_view empty[] = {"", ""};
  if (!abilities().messages) {
    EXPECT_THAT(near().Write(absl::Span<const absl::string_view>()), IsOk());
    EXPECT_THAT(near().Write(empty), IsOk());
    EXPECT_THAT(near().Write("x"), IsOk());
    EXPECT_THAT(ReadSome(far()), IsOkAndHolds("x"));
    return;
  }
  EXPECT_THAT(near().Write(empty), IsOk());
  if (abilities().empty_messages) {
    EXPECT_THAT(ReadSome(far()), IsOkAndHolds(""));
  } else {
    EXPECT_THAT(ReadSome(far()), IsEof());
  }
  EXPECT_TRUE(Works());
}

CONFORMANCE_CASE(ConnConformance, AnEmptyWriteLooksAtTheDeadline) {
  Covers({"S-RW-06"});
  ASSERT_THAT(near().SetWriteDeadline(LongAgo()), IsOk());
  EXPECT_TRUE(IsTimeoutOf("write", near(), near().Write("")));
}

CONFORMANCE_CASE(ConnConformance, AnEmptyReadReturnsAtOnce) {
  Covers({"N-G05", "S-RW-05", "S-UD-05"});
  const absl::Span<char> nothing;
  EXPECT_THAT(near().Read(nothing), IsOkAndHolds(0));
  // Also while another waits, with data, and past the deadline.
  auto reader = Go([&] { ReadSome(near()).IgnoreError(); });
  ASSERT_TRUE(WaitUntilBlocked(near(), 1, Direction::kRead));
  EXPECT_THAT(near().Read(nothing), IsOkAndHolds(0));
  ASSERT_THAT(near().SetReadDeadline(LongAgo()), IsOk());
  reader->Join();
  EXPECT_THAT(near().Read(nothing), IsOkAndHolds(0));
  ASSERT_THAT(near().SetReadDeadline(absl::InfiniteFuture()), IsOk());
  ASSERT_THAT(far().Write("kept"), IsOk());
  EXPECT_THAT(near().Read(nothing), IsOkAndHolds(0));
  EXPECT_THAT(ReadSome(near()), IsOkAndHolds("kept"));
}

CONFORMANCE_CASE(ConnConformance, AnEmptyReadAtTheEndAndAfterClose) {
  Covers({"S-RW-05", "S-CL-02"});
  CoversIf(abilities().end_of_stream, {"S-EOF-06"});
  const absl::Span<char> nothing;
  ASSERT_THAT(far().Close(), IsOk());
  if (abilities().end_of_stream) {
    EXPECT_THAT(ReadSome(near()), IsEof());
    EXPECT_THAT(near().Read(nothing), IsOkAndHolds(0));
  }
  ASSERT_THAT(near().Close(), IsOk());
  EXPECT_TRUE(IsClosedOf("read", near(), near().Read(nothing).status()));
}

CONFORMANCE_CASE(ConnConformance, AReadReturnsWhatIsThere) {
  Covers({"S-RW-01"});
  ASSERT_THAT(near().Write("hello"), IsOk());
  EXPECT_THAT(ReadSome(far(), 1000), IsOkAndHolds("hello"));
}

CONFORMANCE_CASE(ConnConformance, BoundariesAreKeptByMessagesAlone) {
  CoversIf(!abilities().messages, {"C-ST-04"});
  CoversIf(abilities().messages, {"C-PK-01", "S-UX-09"});
  ASSERT_THAT(near().Write("abc"), IsOk());
  ASSERT_THAT(near().Write("defg"), IsOk());
  if (abilities().messages) {
    EXPECT_THAT(ReadSome(far()), IsOkAndHolds("abc"));
    EXPECT_THAT(ReadSome(far()), IsOkAndHolds("defg"));
    return;
  }
  EXPECT_THAT(ReadBytes(far(), 2), IsOkAndHolds("ab"));
  EXPECT_THAT(ReadBytes(far(), 4), IsOkAndHolds("cdef"));
  EXPECT_THAT(ReadBytes(far(), 1), IsOkAndHolds("g"));
}

CONFORMANCE_CASE(ConnConformance, OneByteAtATime) {
  Covers({"C-ST-05"});
  const std::string data = TestBytes(abilities().reliable ? 300 : 50);
  std::string got;
  auto writer = Go([&] {
    for (char byte : data) {
      ASSERT_THAT(near().Write(absl::string_view(&byte, 1)), IsOk());
    }
  });
  while (got.size() < data.size()) {
    absl::StatusOr<std::string> byte = ReadSome(far(), 1);
    ASSERT_THAT(byte, IsOk());
    got += *byte;
  }
  EXPECT_EQ(got, data);
  writer->Join();
}

CONFORMANCE_CASE(ConnConformance, BothWaysAtOnce) {
  CoversIf(abilities().backpressure, {"S-CN-01", "C-ST-06"});
  if (!abilities().backpressure) {
    // There is nothing that one way could hold up in the other.
    ASSERT_THAT(near().Write("a"), IsOk());
    ASSERT_THAT(far().Write("b"), IsOk());
    EXPECT_THAT(ReadSome(near()), IsOkAndHolds("b"));
    EXPECT_THAT(ReadSome(far()), IsOkAndHolds("a"));
    return;
  }
  const size_t size =
      abilities().messages ? 64 * 1024 : abilities().more_than_fits;
  const std::string data = TestBytes(size);
  const auto write = [&](Conn& conn) {
    const size_t piece = abilities().messages ? 1024 : size;
    for (size_t i = 0; i < size; i += piece) {
      ASSERT_THAT(conn.Write(data.substr(i, piece)), IsOk());
    }
  };
  auto near_writer = Go([&] { write(near()); });
  auto far_writer = Go([&] { write(far()); });
  auto near_reader = Go([&] {
    absl::StatusOr<std::string> got = ReadBytes(near(), size);
    ASSERT_THAT(got, IsOk());
    EXPECT_TRUE(*got == data);
  });
  absl::StatusOr<std::string> got = ReadBytes(far(), size);
  ASSERT_THAT(got, IsOk());
  EXPECT_TRUE(*got == data);
}

CONFORMANCE_CASE(ConnConformance, AWriteWaitsForASlowReader) {
  CoversIf(abilities().backpressure, {"C-ST-07"});
  std::unique_ptr<Writer> writer;
  if (!abilities().backpressure) {
    // The documented opposite: a Write never waits for the peer.
    for (int i = 0; i < 500; ++i) {
      ASSERT_THAT(near().Write(TestBytes(1024)), IsOk());
    }
    EXPECT_EQ(CountBlocked(*Extension<BlockedProbe>(near()), Direction::kBoth),
              0);
    return;
  }
  ASSERT_TRUE(StartBlockedWriter(near(), &writer));
  const uint64_t bound = abilities().more_than_fits;
  EXPECT_LE(writer->written, bound);
  ASSERT_THAT(near().SetWriteDeadline(LongAgo()), IsOk());
  writer->task->Join();
  EXPECT_LE(writer->written, bound);
}

CONFORMANCE_CASE(ConnConformance, ALongMessageIsCutAndSaysSo) {
  CoversIf(abilities().messages, {"S-UD-01", "C-PK-02"});
  auto* const traits = Extension<MessageTraits>(near());
  if (!abilities().messages) {
    // A stream cuts nothing: the rest is for the next Read.
    EXPECT_EQ(traits, nullptr);
    ASSERT_THAT(far().Write("0123456789"), IsOk());
    EXPECT_THAT(ReadBytes(near(), 4), IsOkAndHolds("0123"));
    EXPECT_THAT(ReadBytes(near(), 6), IsOkAndHolds("456789"));
    return;
  }
  if (GetParam().variant.decorated) {
    // A decorator allows it by name.
    EXPECT_EQ(traits, nullptr);
  } else {
    ASSERT_NE(traits, nullptr);
    EXPECT_EQ(traits->EmptyMessages(), abilities().empty_messages);
  }
  ASSERT_THAT(far().Write("0123456789"), IsOk());
  ASSERT_THAT(far().Write("next"), IsOk());
  char buffer[4];
  const absl::Status status = near().Read(absl::MakeSpan(buffer)).status();
  EXPECT_TRUE(HasError(status, absl::StatusCode::kInvalidArgument, "read",
                       near(), "read: message too long"));
  EXPECT_EQ(BytesDone(status), 10u);
  EXPECT_EQ(absl::string_view(buffer, 4), "0123");
  EXPECT_THAT(ReadSome(near()), IsOkAndHolds("next"));
}

CONFORMANCE_CASE(ConnConformance, AMessageThatIsTooLongIsRefused) {
  auto* const traits = Extension<MessageTraits>(near());
  if (!abilities().messages) {
    // A stream takes any amount.
    const std::string all = TestBytes(200000);
    auto writer = Go([&] { EXPECT_THAT(near().Write(all), IsOk()); });
    const absl::StatusOr<std::string> got = ReadBytes(far(), all.size());
    EXPECT_TRUE(got.ok() && *got == all) << got.status();
    return CoversLack({"S-UD-02", "C-PK-03"});
  }
  if (traits == nullptr) {
    EXPECT_TRUE(GetParam().variant.decorated);
    return CoversLack({"S-UD-02", "C-PK-03"});
  }
  Covers({"S-UD-02", "C-PK-03"});
  const size_t longest = traits->MaxMessageSize();
  ASSERT_GT(longest, 0u);
  const absl::Status status = near().Write(std::string(longest + 1, 'x'));
  EXPECT_TRUE(HasError(status, absl::StatusCode::kInvalidArgument, "write",
                       near(), "write: message too long"));
  EXPECT_EQ(BytesDone(status), 0u);
  EXPECT_TRUE(Works());
}

CONFORMANCE_CASE(ConnConformance, WaitReadableConsumesNothing) {
  Covers({"D-WR-01"});
  std::atomic<bool> readable{false};
  auto waiter = Go([&] {
    EXPECT_THAT(near().WaitReadable(), IsOk());
    readable = true;
  });
  ASSERT_TRUE(WaitUntilBlocked(near(), 1, Direction::kRead));
  EXPECT_FALSE(readable);
  ASSERT_THAT(far().Write("data"), IsOk());
  waiter->Join();
  EXPECT_THAT(near().WaitReadable(), IsOk());
  EXPECT_THAT(ReadSome(near()), IsOkAndHolds("data"));
}

CONFORMANCE_CASE(ConnConformance, WaitReadableSeesTheEnd) {
  CoversIf(abilities().end_of_stream, {"D-WR-02"});
  ASSERT_THAT(far().Close(), IsOk());
  if (!abilities().end_of_stream) {
    ASSERT_THAT(near().SetReadDeadline(LongAgo()), IsOk());
    EXPECT_TRUE(IsTimeoutOf("read", near(), near().WaitReadable()));
    return;
  }
  EXPECT_THAT(near().WaitReadable(), IsOk());
  EXPECT_THAT(ReadSome(near()), IsEof());
  EXPECT_THAT(near().WaitReadable(), IsOk());
}

CONFORMANCE_CASE(ConnConformance, ExtensionsThatAreNotThereAreNull) {
  Covers({"D-EX-01"});
  EXPECT_EQ(near().Extension("nobody.has.This"), nullptr);
  EXPECT_NE(Extension<BlockedProbe>(near()), nullptr);
  if (GetParam().variant.decorated) {
    EXPECT_EQ(Extension<NativeHandle>(near()), nullptr);
    EXPECT_EQ(Extension<ReadCloser>(near()), nullptr);
  }
}

}  // namespace plumb
