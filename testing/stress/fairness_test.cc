// How late timers are while a peer never stops sending. What is asserted is how
// many of its Reads come first, which no machine's load changes; what time that
// takes is told for reading. `most` is to be below 5 ms on a machine that has a
// processor to spare.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/tcp/tcp.h"
#include "gtest/gtest.h"
#include "testing/stress/amount.h"
#include "transport/clock.h"
#include "transport/conn.h"
#include "transport/fiber/runtime.h"
#include "transport/listener.h"
#include "transport/sleep.h"
#include "transport/transport.h"

namespace plumb {
namespace {

// One whose calls never wait lets others run after 64, and the worker looks at
// timers then if it has not done so for 20 us.
constexpr int64_t kMostReads = 2 * 64;

TEST(FairnessTest, APeerThatNeverStopsSendingDelaysNobodysTimer) {
  const int64_t sleeps = AmountFromEnv("PLUMB_SLEEPS", 500);
  const std::shared_ptr<Transport> tcp = MakeTcp();
  auto listener = *tcp->Listen("tcp", "127.0.0.1:0");
  auto sender = *tcp->Dial("tcp", listener->Address().ToString());
  auto receiver = *listener->Accept();
  std::thread sending([&] {
    const std::string block(64 * 1024, 'x');
    while (sender->Write(block).ok()) {
    }
  });
  RuntimeOptions options;
  options.workers = 1;
  Runtime runtime(options);
  int64_t received = 0;
  MonotonicNanos due = kNever;
  int64_t reads = 0;  // since then
  const Fiber reading = runtime.Go([&] {
    // Small, so that the kernel always has more.
    char buffer[512];
    for (;;) {
      const auto got = receiver->Read(absl::MakeSpan(buffer));
      if (!got.ok()) return;
      received += static_cast<int64_t>(*got);
      reads += Clock::Real().MonotonicNow() >= due ? 1 : 0;
    }
  });
  std::vector<double> late;
  std::vector<int64_t> reads_first;
  runtime
      .Go([&] {
        Clock& clock = Clock::Real();
        for (int64_t i = 0; i < sleeps; ++i) {
          reads = 0;
          due = clock.MonotonicNow() + 1000000;
          EXPECT_EQ(plumb::SleepFor(absl::Milliseconds(1)), absl::OkStatus());
          late.push_back(static_cast<double>(clock.MonotonicNow() - due) /
                         1000);
          reads_first.push_back(reads);
        }
      })
      .Join();
  EXPECT_TRUE(sender->Close().ok());
  EXPECT_TRUE(receiver->Close().ok());
  sending.join();
  reading.Join();
  std::sort(late.begin(), late.end());
  const auto at = [&](double share) {
    return late[static_cast<size_t>(share *
                                    static_cast<double>(late.size() - 1))];
  };
  std::printf(
      "%lld MiB received; a timer of 1 ms was late by (us): median %.0f, 90 %% "
      "%.0f, 99 %% %.0f, most %.0f\n",
      static_cast<long long>(received >> 20), at(0.5), at(0.9), at(0.99),
      at(1));
  EXPECT_GT(received, 0);
  EXPECT_GE(late.front(), 0) << "never early";
  // Not of all: the thread may have been stopped before the sleep began.
  std::sort(reads_first.begin(), reads_first.end());
  EXPECT_LE(reads_first[reads_first.size() * 9 / 10], kMostReads);
}

}  // namespace
}  // namespace plumb
