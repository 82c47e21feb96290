// Thousands of fibers on a fake network, with random deadlines, cancels and
// closes; at the end nothing is left of them.
#include <cstdint>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/fake/fake.h"
#include "gtest/gtest.h"
#include "testing/stress/amount.h"
#include "testing/wait_until_blocked.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/event.h"
#include "transport/fiber/dump_fibers.h"
#include "transport/fiber/runtime.h"
#include "transport/fiber/scheduler.h"
#include "transport/fiber/worker.h"
#include "transport/io.h"
#include "transport/listener.h"
#include "transport/scope.h"
#include "transport/sleep.h"

namespace plumb {
namespace {

using Random = std::minstd_rand;

// Any end of a call is right; what it says of it must be.
void Check(const absl::Status& status) {
  EXPECT_TRUE(status.ok() || IsEof(status) || IsClosed(status) ||
              IsTimeout(status) || IsCancelledCall(status) || IsReset(status) ||
              IsBrokenPipe(status) || IsRefused(status) ||
              status.code() == absl::StatusCode::kDataLoss ||
              // After its own CloseWrite, or the peer's end.
              status.code() == absl::StatusCode::kFailedPrecondition)
      << status;
}

absl::Time SomeDeadline(Random& random) {
  switch (random() % 4) {
    case 0:
      return absl::UnixEpoch();
    case 1:
      return absl::InfiniteFuture();
    default:
      return absl::Now() + absl::Microseconds(random() % 3000);
  }
}

void Echo(Conn& conn) {
  char buffer[256];
  for (;;) {
    const absl::StatusOr<size_t> got = conn.Read(absl::MakeSpan(buffer));
    if (!got.ok()) return Check(got.status());
    const absl::Status status = conn.Write(absl::string_view(buffer, *got));
    if (!status.ok()) return Check(status);
  }
}

void Talk(Conn& conn, Random& random) {
  std::string buffer(256, '\0');
  for (unsigned i = 0; i < 8; ++i) {
    switch (random() % 8) {
      case 0:
        Check(conn.SetDeadline(SomeDeadline(random)));
        break;
      case 1:
        Check(conn.CloseWrite());
        break;
      case 2: {
        const DeadlineScope scope(absl::Microseconds(random() % 2000));
        Check(conn.Read(absl::MakeSpan(&buffer[0], buffer.size())).status());
        break;
      }
      case 3:
        Yield();
        break;
      default: {
        const size_t size = 1 + random() % buffer.size();
        const absl::Status status =
            conn.Write(absl::string_view(buffer.data(), size));
        if (status.ok()) {
          Check(ReadFull(conn, absl::MakeSpan(&buffer[0], size)));
        }
        break;
      }
    }
  }
}

void Serve(Listener& listener) {
  for (;;) {
    absl::StatusOr<std::unique_ptr<Conn>> conn = listener.Accept();
    if (!conn.ok()) return Check(conn.status());
    Go("echo", [conn = *std::move(conn)] { Echo(*conn); });
  }
}

Scheduler& SchedulerOf(Runtime& runtime) {
  Scheduler* scheduler = nullptr;
  runtime.Go([&] { scheduler = Scheduler::Current(); }).Join();
  return *scheduler;
}

size_t CountTimers(Scheduler& scheduler) {
  size_t timers = 0;
  for (size_t i = 0; i < scheduler.workers(); ++i) {
    Event looked;
    Worker& worker = scheduler.worker(i);
    EXPECT_TRUE(worker.Post([&] {
      timers += worker.timers().size();
      looked.Notify();
    }));
    EXPECT_EQ(looked.Wait(), absl::OkStatus());
  }
  return timers;
}

TEST(FibersTest, NothingIsLeft) {
  // gcc's ThreadSanitizer has room for some 8,000; half of them are servers'.
  const int64_t fibers = AmountFromEnv(
      "PLUMB_FIBERS", kSanitizer == Sanitizer::kThread ? 7000 : 20000);
  const int64_t seed = AmountFromEnv("PLUMB_SEED", 1);
  FakeNetwork network;
  const auto host = network.Host("host");
  RuntimeOptions options;
  options.workers = 3;
  Runtime runtime(options);
  Scheduler& scheduler = SchedulerOf(runtime);
  std::shared_ptr<Listener> listener = *host->Listen("tcp", "127.0.0.1:7");
  const Fiber server = runtime.Go("server", [&] { Serve(*listener); });
  std::vector<Fiber> clients;
  Random random(static_cast<unsigned>(seed));
  for (int64_t i = 0; i < fibers / 2; ++i) {
    clients.push_back(
        runtime.Go(absl::StrCat("client ", i), [&host, seed = random()] {
          Random own(seed);
          absl::StatusOr<std::unique_ptr<Conn>> conn =
              host->Dial("tcp", "127.0.0.1:7");
          if (!conn.ok()) return Check(conn.status());
          // Somebody else closes some of them.
          std::shared_ptr<Conn> shared = *std::move(conn);
          if (own() % 4 == 0) {
            Go("closer", [shared, pause = own() % 2000] {
              (void)plumb::SleepFor(absl::Microseconds(pause));
              (void)shared->Close();
            });
          }
          Talk(*shared, own);
        }));
    if (random() % 8 == 0) clients[random() % clients.size()].Cancel();
  }
  for (const Fiber& client : clients) {
    if (random() % 8 == 0) client.Cancel();
  }
  for (const Fiber& client : clients) client.Join();
  EXPECT_TRUE(listener->Close().ok());
  server.Join();
  // Servers see the ends of their clients by themselves.
  EXPECT_TRUE(WaitUntil([&] { return scheduler.fibers() == 0; }, "no fibers"));
  EXPECT_EQ(DumpFibers(), "");
  EXPECT_EQ(CountTimers(scheduler), 0);
}

}  // namespace
}  // namespace plumb
