// Many calls at once on one connection.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "testing/conformance/case.h"
#include "testing/conformance/conn_fixture.h"
#include "testing/matchers.h"
#include "transport/error.h"
#include "transport/scope.h"

namespace plumb {

const Direction kRead = Direction::kRead;

CONFORMANCE_CASE(ConnConformance, RacyRead) {
  Covers({"N-03", "S-RW-07", "C-CN-03"});
  std::atomic<bool> stop{false};
  auto writer = Go([&] {
    while (!stop) {
      if (!far().Write("some data").ok()) break;
      Breathe();
    }
  });
  std::vector<std::unique_ptr<Task>> readers;
  const int tasks = Amount(10, 4), times = Amount(100, 50);
  for (int i = 0; i < tasks; ++i) {
    readers.push_back(Go([&] {
      char buffer[1024];
      for (int j = 0; j < times; ++j) {
        const absl::Status status =
            near().Read(absl::MakeSpan(buffer)).status();
        // Nothing may write here any more.
        for (char& byte : buffer) byte = static_cast<char>(j);
        if (!status.ok()) {
          EXPECT_THAT(status, IsTimeout());
        }
        const absl::Time soon =
            Clock::Real().TimeNow() + absl::Microseconds(200);
        EXPECT_THAT(near().SetReadDeadline(soon), IsOk());
        Breathe();
      }
    }));
  }
  readers.clear();
  stop = true;
  ASSERT_THAT(far().SetWriteDeadline(LongAgo()), IsOk());
}

CONFORMANCE_CASE(ConnConformance, RacyWrite) {
  Covers({"N-04", "S-RW-07", "C-CN-03"});
  auto reader = Go([&] {
    absl::Status status;
    CountUntilError(far(), &status);
    EXPECT_THAT(status, IsTimeout());
  });
  std::vector<std::unique_ptr<Task>> writers;
  const int tasks = Amount(10, 4), times = Amount(100, 50);
  for (int i = 0; i < tasks; ++i) {
    writers.push_back(Go([&] {
      char buffer[1024] = "";
      for (int j = 0; j < times; ++j) {
        const absl::Status status =
            near().Write(absl::string_view(buffer, 1024));
        for (char& byte : buffer) byte = static_cast<char>(j);
        if (!status.ok()) {
          EXPECT_THAT(status, IsTimeout());
        }
        const absl::Time soon =
            Clock::Real().TimeNow() + absl::Microseconds(200);
        EXPECT_THAT(near().SetWriteDeadline(soon), IsOk());
        Breathe();
      }
    }));
  }
  writers.clear();
  ASSERT_THAT(far().SetReadDeadline(LongAgo()), IsOk());
}

CONFORMANCE_CASE(ConnConformance, AllMethodsAtOnce) {
  Covers({"N-11", "C-CN-03", "S-DL-15"});
  auto echo = Go([&] {
    for (;;) {
      absl::StatusOr<std::string> got = ReadSome(far(), 1024);
      if (!got.ok()) break;
      far().Write(*got).IgnoreError();
    }
  });
  std::vector<std::unique_ptr<Task>> tasks;
  const int times = Amount(100, 30);
  const absl::Duration limit = absl::Milliseconds(Amount(10, 1));
  for (int i = 0; i < times; ++i) {
    tasks.push_back(Go([&] { ReadSome(near(), 1024).IgnoreError(); }));
    tasks.push_back(Go([&] { near().Write("some bytes").IgnoreError(); }));
    tasks.push_back(Go([&] {
      const absl::Time soon = Clock::Real().TimeNow() + limit;
      near().SetDeadline(soon).IgnoreError();
    }));
    tasks.push_back(
        Go([&] { near().SetReadDeadline(LongAgo()).IgnoreError(); }));
    tasks.push_back(
        Go([&] { near().SetWriteDeadline(LongAgo()).IgnoreError(); }));
    tasks.push_back(Go([&] {
      EXPECT_EQ(near().LocalAddr(), near().LocalAddr());
      EXPECT_EQ(near().RemoteAddr(), near().RemoteAddr());
    }));
  }
  // The last of them may have set no deadline.
  ASSERT_THAT(near().SetDeadline(LongAgo()), IsOk());
  tasks.clear();
  ASSERT_THAT(far().SetDeadline(LongAgo()), IsOk());
  echo->Join();
  // It is usable: what is still under way comes, and then what is sent now.
  for (Conn* const end : {&near(), &far()}) {
    ASSERT_THAT(end->SetDeadline(absl::InfiniteFuture()), IsOk());
  }
  const auto bring_the_end = [this](Conn& from, Conn& to) {
    // There may be room only when something is read.
    const auto writer = Go([&] { EXPECT_THAT(from.Write("the end"), IsOk()); });
    for (std::string got; !absl::EndsWith(got, "the end");) {
      PLUMB_ASSERT_OK_AND_ASSIGN(const std::string some, ReadSome(to));
      got += some;
    }
  };
  bring_the_end(near(), far());
  bring_the_end(far(), near());
  EXPECT_TRUE(Works());
}

CONFORMANCE_CASE(ConnConformance, WritesAreNotMixed) {
  Covers({"S-CN-02", "N-G07", "C-CN-02", "D-TQ-02"});
  constexpr size_t kWriters = 4;
  // More than the buffers hold, so that each Write is interrupted.
  const size_t size =
      abilities().messages ? 1000 : abilities().more_than_fits / 4 + 100000;
  constexpr int kRounds = 2;
  std::vector<std::unique_ptr<Task>> writers;
  for (size_t w = 0; w < kWriters; ++w) {
    writers.push_back(Go([this, w, size] {
      const std::string head(1, static_cast<char>('a' + w));
      const std::string body(size - 1, static_cast<char>('a' + w));
      const absl::string_view pieces[] = {head, body};
      for (int i = 0; i < kRounds; ++i) {
        ASSERT_THAT(near().Write(pieces), IsOk());
      }
    }));
  }
  for (size_t i = 0; i < kWriters * kRounds; ++i) {
    absl::StatusOr<std::string> got = ReadBytes(far(), size);
    ASSERT_THAT(got, IsOk());
    EXPECT_TRUE(*got == std::string(size, (*got)[0])) << "They are mixed.";
  }
}

CONFORMANCE_CASE(ConnConformance, ManyReadersGetEachByteOnce) {
  Covers({"S-CN-01", "C-CN-02"});
  constexpr int kReaders = 4;
  constexpr int kWrites = 100;
  std::atomic<uint64_t> sum{0}, count{0};
  std::vector<std::unique_ptr<Task>> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.push_back(Go([&] {
      for (;;) {
        absl::StatusOr<std::string> got = ReadSome(far(), 16);
        if (!got.ok()) return;
        for (char c : *got) sum += static_cast<unsigned char>(c);
        count += got->size();
      }
    }));
  }
  uint64_t expected = 0;
  for (int i = 0; i < kWrites; ++i) {
    const char c = static_cast<char>(i);
    ASSERT_THAT(near().Write(absl::string_view(&c, 1)), IsOk());
    expected += static_cast<unsigned char>(c);
  }
  ASSERT_TRUE(WaitUntil([&] { return count == kWrites; }, "all bytes"));
  EXPECT_EQ(sum, expected);
  ASSERT_THAT(far().SetReadDeadline(LongAgo()), IsOk());
}

CONFORMANCE_CASE(ConnConformance, TurnsAreHandedOnInOrder) {
  Covers({"D-TQ-03"});
  constexpr int kReaders = 4;
  absl::StatusOr<std::string> got[kReaders];
  std::vector<std::unique_ptr<Task>> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.push_back(Go([this, &to = got[i]] { to = ReadSome(near(), 1); }));
    ASSERT_TRUE(WaitUntilBlocked(near(), i + 1, kRead));
  }
  for (int i = 0; i < kReaders; ++i) {
    const char c = static_cast<char>('a' + i);
    ASSERT_THAT(far().Write(absl::string_view(&c, 1)), IsOk());
  }
  readers.clear();
  for (int i = 0; i < kReaders; ++i) {
    EXPECT_THAT(got[i],
                IsOkAndHolds(std::string(1, static_cast<char>('a' + i))));
  }
}

CONFORMANCE_CASE(ConnConformance, ACancelledTurnIsPassedOn) {
  Covers({"D-TQ-04"});
  absl::StatusOr<std::string> first, third;
  absl::Status second;
  CancelSource source;
  auto holder = Go([&] { first = ReadSome(near(), 1); });
  ASSERT_TRUE(WaitUntilBlocked(near(), 1, kRead));
  auto cancelled = Go([&] {
    const CancelScope scope(source);
    second = ReadSome(near(), 1).status();
  });
  ASSERT_TRUE(WaitUntilBlocked(near(), 2, kRead));
  auto last = Go([&] { third = ReadSome(near(), 1); });
  ASSERT_TRUE(WaitUntilBlocked(near(), 3, kRead));
  source.Cancel();
  cancelled->Join();
  EXPECT_TRUE(IsCancelOf("read", near(), second));
  ASSERT_THAT(far().Write("1"), IsOk());
  holder->Join();
  ASSERT_THAT(far().Write("3"), IsOk());
  last->Join();
  EXPECT_THAT(first, IsOkAndHolds("1"));
  EXPECT_THAT(third, IsOkAndHolds("3"));
}

CONFORMANCE_CASE(ConnConformance, ATurnGrantedWhileItIsCancelledIsPassedOn) {
  Covers({"D-TQ-04", "C-CN-05"});
  for (int round = 0; round < 100; ++round) {
    CancelSource source;
    absl::StatusOr<std::string> first, second, third;
    auto holder = Go([&] { first = ReadSome(near(), 1); });
    ASSERT_TRUE(WaitUntilBlocked(near(), 1, kRead));
    auto cancelled = Go([&] {
      const CancelScope scope(source);
      second = ReadSome(near(), 1);
    });
    ASSERT_TRUE(WaitUntilBlocked(near(), 2, kRead));
    auto last = Go([&] { third = ReadSome(near(), 1); });
    ASSERT_TRUE(WaitUntilBlocked(near(), 3, kRead));
    ASSERT_THAT(far().Write("1"), IsOk());
    source.Cancel();
    holder->Join();
    ASSERT_THAT(far().Write("2"), IsOk());
    cancelled->Join();
    if (second.ok()) {
      ASSERT_THAT(far().Write("3"), IsOk());
    }
    last->Join();
    EXPECT_THAT(first, IsOkAndHolds("1"));
    EXPECT_THAT(third, IsOkAndHolds(second.ok() ? "3" : "2"));
  }
}

CONFORMANCE_CASE(ConnConformance, NoWakeUpIsLost) {
  Covers({"C-CN-05"});
  constexpr int kRounds = 2000;
  auto echo = Go([&] {
    char byte;
    for (int i = 0; i < kRounds; ++i) {
      ASSERT_THAT(far().Read(absl::MakeSpan(&byte, 1)), IsOkAndHolds(1));
      ASSERT_THAT(far().Write(absl::string_view(&byte, 1)), IsOk());
    }
  });
  for (int i = 0; i < kRounds; ++i) {
    char byte = static_cast<char>(i);
    ASSERT_THAT(near().Write(absl::string_view(&byte, 1)), IsOk());
    ASSERT_THAT(near().Read(absl::MakeSpan(&byte, 1)), IsOkAndHolds(1));
    ASSERT_EQ(byte, static_cast<char>(i));
  }
}

}  // namespace plumb
