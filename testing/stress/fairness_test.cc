// How late timers are while a peer never stops sending. What is asserted is how
// many of its Reads come first, which no machine's load changes; what time that
// takes, in all and of the worker's own, is told for reading. The latter is to
// be below 5 ms.
#include <time.h>

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

// What this thread has had of a processor.
MonotonicNanos ProcessorTime() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return MonotonicNanos{time.tv_sec} * 1000 * 1000 * 1000 + time.tv_nsec;
}

std::string Summary(std::vector<MonotonicNanos> times) {
  std::sort(times.begin(), times.end());
  const auto at = [&](size_t percent) {
    return static_cast<double>(times[(times.size() - 1) * percent / 100]) /
           1000;
  };
  char text[100];
  std::snprintf(text, sizeof text, "median %.0f, 90 %% %.0f, most %.0f us",
                at(50), at(90), at(100));
  return text;
}

// With a buffer of this size a call takes little time, or much.
class FairnessTest : public testing::TestWithParam<size_t> {
 protected:
  FairnessTest() {
    auto listener = *tcp_->Listen("tcp", "127.0.0.1:0");
    sender_ = *tcp_->Dial("tcp", listener->Address().ToString());
    receiver_ = *listener->Accept();
  }

  void SendAllTheTime() {
    const std::string block(1 << 20, 'x');
    while (sender_->Write(block).ok()) {
    }
  }

  void ReadAllTheTime() {
    std::string buffer(GetParam(), '\0');
    for (;;) {
      const auto got =
          receiver_->Read(absl::MakeSpan(&buffer[0], buffer.size()));
      if (!got.ok()) return;
      received_ += static_cast<int64_t>(*got);
      if (Clock::Real().MonotonicNow() < due_) {
        begun_ = ProcessorTime();
      } else {
        ++reads_;
      }
    }
  }

  void SleepOnce() {
    Clock& clock = Clock::Real();
    due_ = clock.MonotonicNow() + 1000000;
    begun_ = ProcessorTime();
    reads_ = 0;
    EXPECT_EQ(plumb::SleepFor(absl::Milliseconds(1)), absl::OkStatus());
    late_.push_back(clock.MonotonicNow() - due_);
    ran_.push_back(ProcessorTime() - begun_);
    reads_first_.push_back(reads_);
  }

  const std::shared_ptr<Transport> tcp_ = MakeTcp();
  std::unique_ptr<Conn> sender_;
  std::unique_ptr<Conn> receiver_;
  int64_t received_ = 0;
  MonotonicNanos due_ = kNever;
  MonotonicNanos begun_ = 0;  // what the worker had run before it was due
  int64_t reads_ = 0;         // since then
  std::vector<MonotonicNanos> late_;
  std::vector<MonotonicNanos> ran_;
  std::vector<int64_t> reads_first_;
};

TEST_P(FairnessTest, APeerThatNeverStopsSendingDelaysNobodysTimer) {
  const int64_t sleeps = AmountFromEnv("PLUMB_SLEEPS", 500);
  std::thread sending([this] { SendAllTheTime(); });
  RuntimeOptions options;
  options.workers = 1;
  Runtime runtime(options);
  const Fiber reading = runtime.Go([this] { ReadAllTheTime(); });
  runtime
      .Go([&] {
        for (int64_t i = 0; i < sleeps; ++i) SleepOnce();
      })
      .Join();
  EXPECT_TRUE(sender_->Close().ok());
  EXPECT_TRUE(receiver_->Close().ok());
  sending.join();
  reading.Join();
  std::printf(
      "%lld MiB received; a timer of 1 ms was late by: %s; of the worker's "
      "own time: %s\n",
      static_cast<long long>(received_ >> 20), Summary(late_).c_str(),
      Summary(ran_).c_str());
  EXPECT_GT(received_, 0);
  EXPECT_GE(*std::min_element(late_.begin(), late_.end()), 0) << "never early";
  // Not of all: the thread may have been stopped before the sleep began.
  std::sort(reads_first_.begin(), reads_first_.end());
  EXPECT_LE(reads_first_[reads_first_.size() * 9 / 10], kMostReads);
}

INSTANTIATE_TEST_SUITE_P(Buffer, FairnessTest, testing::Values(512, 1 << 20));

}  // namespace
}  // namespace plumb
