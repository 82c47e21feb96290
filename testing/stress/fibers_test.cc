// Thousands of fibers on a fake network, with random deadlines, cancels and
// closes, of which each kind happens; at the end nothing is left of them.
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/fake/fake.h"
#include "backends/fake/netstat.h"
#include "gtest/gtest.h"
#include "testing/stress/amount.h"
#include "testing/wait_until_blocked.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/event.h"
#include "transport/extension.h"
#include "transport/fiber/dump_fibers.h"
#include "transport/fiber/runtime.h"
#include "transport/fiber/scheduler.h"
#include "transport/fiber/worker.h"
#include "transport/handle_passing.h"
#include "transport/io.h"
#include "transport/listener.h"
#include "transport/packet_conn.h"
#include "transport/scope.h"
#include "transport/sleep.h"

namespace plumb {
namespace {

using Random = std::minstd_rand;

// How often calls ended in each way.
struct Counts {
  std::atomic<int64_t> echoes{0};
  std::atomic<int64_t> handles{0};  // that came with bytes
  std::atomic<int64_t> timeouts{0};
  std::atomic<int64_t> cancels{0};
  std::atomic<int64_t> closes{0};
  std::atomic<int64_t> ends{0};    // of a stream, and broken pipes
  std::atomic<int64_t> resets{0};  // or refused
};

// Any end of a call is right; what it says of it must be.
void Count(const absl::Status& status, Counts& counts) {
  if (IsTimeout(status)) {
    ++counts.timeouts;
  } else if (IsCancelledCall(status)) {
    ++counts.cancels;
  } else if (IsClosed(status)) {
    ++counts.closes;
  } else if (IsReset(status) || IsRefused(status)) {
    ++counts.resets;
  } else if (IsEof(status) || IsBrokenPipe(status) ||
             status.code() == absl::StatusCode::kDataLoss) {
    ++counts.ends;
  } else {
    // After its own CloseWrite, or the peer's end. Or so many descriptors are
    // on their way that the process has no room for them.
    EXPECT_TRUE(status.ok() ||
                status.code() == absl::StatusCode::kFailedPrecondition ||
                status.code() == absl::StatusCode::kResourceExhausted ||
                // Datagrams have no half-close.
                status.code() == absl::StatusCode::kUnimplemented)
        << status;
  }
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

// With the descriptors that come along, where they may.
absl::StatusOr<size_t> ReadSome(Conn& conn, absl::Span<char> buffer,
                                Counts& counts) {
  auto* const passing = Extension<HandlePassing>(conn);
  if (passing == nullptr) return conn.Read(buffer);
  absl::StatusOr<HandlePassing::Incoming> got =
      passing->ReadWithHandles(buffer);
  if (!got.ok()) return got.status();
  counts.handles += static_cast<int64_t>(got->handles.size());
  return got->size;
}

void Echo(Conn& conn, Counts& counts) {
  char buffer[256];
  for (;;) {
    const absl::StatusOr<size_t> got =
        ReadSome(conn, absl::MakeSpan(buffer), counts);
    if (!got.ok()) return Count(got.status(), counts);
    const absl::Status status = conn.Write(absl::string_view(buffer, *got));
    if (!status.ok()) return Count(status, counts);
  }
}

void EchoDatagrams(PacketConn& conn, Counts& counts) {
  char buffer[256];
  for (;;) {
    const absl::StatusOr<Received> got = conn.ReadFrom(absl::MakeSpan(buffer));
    if (!got.ok()) return Count(got.status(), counts);
    Count(conn.WriteTo(absl::string_view(buffer, got->size), got->from),
          counts);
  }
}

void Serve(Listener& listener, Counts& counts) {
  for (;;) {
    absl::StatusOr<std::unique_ptr<Conn>> conn = listener.Accept();
    if (!conn.ok()) return Count(conn.status(), counts);
    Go("echo", [conn = *std::move(conn), &counts] { Echo(*conn, counts); });
  }
}

// Datagrams may be lost: nobody waits for one for long.
void EchoOnce(Conn& conn, bool datagrams, absl::string_view data,
              absl::Span<char> buffer, Counts& counts) {
  absl::Status status;
  if (datagrams) {
    const DeadlineScope scope(absl::Milliseconds(20));
    status = conn.Read(buffer).status();
  } else {
    status = ReadFull(conn, buffer.subspan(0, data.size()));
  }
  if (status.ok()) ++counts.echoes;
  Count(status, counts);
}

void Talk(Conn& conn, bool datagrams, Random& random, Counts& counts) {
  const std::string data(256, 'x');
  char buffer[256];
  for (unsigned i = 0; i < 8; ++i) {
    switch (random() % 8) {
      case 0:
        Count(conn.SetDeadline(SomeDeadline(random)), counts);
        break;
      case 1:
        Count(conn.CloseWrite(), counts);
        break;
      case 2: {
        const DeadlineScope scope(absl::Microseconds(random() % 2000));
        Count(conn.Read(absl::MakeSpan(buffer)).status(), counts);
        break;
      }
      case 3:
        Yield();
        break;
      default: {
        const absl::string_view some(data.data(), 1 + random() % data.size());
        auto* const passing = Extension<HandlePassing>(conn);
        const int handles[] = {STDERR_FILENO};
        const absl::Status status =
            passing != nullptr && random() % 4 == 0
                ? passing->WriteWithHandles(some, handles)
                : conn.Write(some);
        Count(status, counts);
        if (status.ok()) {
          EchoOnce(conn, datagrams, some, absl::MakeSpan(buffer), counts);
        }
        break;
      }
    }
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

struct Variant {
  const char* name;
  const char* network;
  const char* address;
  size_t workers;
  bool all_at_once = false;  // from the first seed

  friend std::ostream& operator<<(std::ostream& out, const Variant& variant) {
    return out << variant.name;
  }
};

class FibersTest : public testing::TestWithParam<Variant> {
 protected:
  static RuntimeOptions Options() {
    RuntimeOptions options;
    options.workers = GetParam().workers;
    return options;
  }

  bool datagrams() const { return network_ == "udp"; }

  void Listen() {
    if (datagrams()) {
      packets_ = *host_->ListenPacket(network_, address_);
    } else {
      listener_ = *host_->Listen(network_, address_);
    }
  }
  void CloseListener() {
    EXPECT_EQ(datagrams() ? packets_->Close() : listener_->Close(),
              absl::OkStatus());
  }

  void BeClient(unsigned seed) {
    Random random(seed);
    absl::StatusOr<std::unique_ptr<Conn>> conn =
        host_->Dial(network_, address_);
    if (!conn.ok()) return Count(conn.status(), counts_);
    // Somebody else closes some of them.
    std::shared_ptr<Conn> shared = *std::move(conn);
    if (random() % 4 == 0) {
      Go("closer", [shared, pause = random() % 2000] {
        (void)plumb::SleepFor(absl::Microseconds(pause));
        (void)shared->Close();
      });
    }
    Talk(*shared, datagrams(), random, counts_);
  }

  void Run(int64_t fibers, unsigned seed);
  void ExpectEveryEnd();

  const std::string network_ = GetParam().network;
  const std::string address_ = GetParam().address;
  FakeNetwork fake_;
  const std::shared_ptr<FakeHost> host_ = fake_.Host("host");
  Counts counts_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<PacketConn> packets_;
  Runtime runtime_{Options()};
};

void FibersTest::Run(int64_t fibers, unsigned seed) {
  Listen();
  const Fiber server = runtime_.Go("server", [&] {
    datagrams() ? EchoDatagrams(*packets_, counts_)
                : Serve(*listener_, counts_);
  });
  std::vector<Fiber> clients;
  Random random(seed);
  for (int64_t i = 0; i < fibers; ++i) {
    clients.push_back(runtime_.Go(absl::StrCat("client ", i),
                                  [&, own = random()] { BeClient(own); }));
    if (random() % 8 == 0) clients[random() % clients.size()].Cancel();
  }
  for (const Fiber& client : clients) {
    if (random() % 8 == 0) client.Cancel();
  }
  for (const Fiber& client : clients) client.Join();
  CloseListener();
  server.Join();
}

void FibersTest::ExpectEveryEnd() {
  const auto expect = [](const char* what, const std::atomic<int64_t>& count) {
    std::printf("%s: %lld\n", what, static_cast<long long>(count));
    EXPECT_GT(count, 0) << what;
  };
  expect("echoes", counts_.echoes);
  expect("timeouts", counts_.timeouts);
  expect("cancels", counts_.cancels);
  expect("closes", counts_.closes);
  if (datagrams()) return;
  expect("ends", counts_.ends);
  expect("resets", counts_.resets);
  if (network_ == "unix") expect("handles", counts_.handles);
}

TEST_P(FibersTest, NothingIsLeft) {
  // gcc's ThreadSanitizer has room for some 8,000; half of them are servers'.
  const int64_t fibers = AmountFromEnv(
      "PLUMB_FIBERS", kSanitizer == Sanitizer::kThread ? 6000 : 12000);
  const int64_t seed = AmountFromEnv("PLUMB_SEED", 1);
  Scheduler& scheduler = SchedulerOf(runtime_);
  const bool all_at_once = GetParam().all_at_once;
  for (int64_t i = 0; i < 3; ++i) {
    Run(all_at_once && i == 0 ? fibers / 2 : fibers / 6,
        static_cast<unsigned>(seed + i));
  }
  // Servers see the ends of their clients by themselves.
  EXPECT_TRUE(WaitUntil([&] { return scheduler.fibers() == 0; }, "no fibers"));
  EXPECT_EQ(DumpFibers(), "");
  EXPECT_EQ(CountTimers(scheduler), 0);
  listener_.reset();
  packets_.reset();
  EXPECT_EQ(FormatNetstat(host_->Netstat()), FormatNetstat({}));
  ExpectEveryEnd();
}

INSTANTIATE_TEST_SUITE_P(
    All, FibersTest,
    testing::Values(Variant{"Tcp", "tcp", "127.0.0.1:7", 3, true},
                    Variant{"TcpOnOneWorker", "tcp", "127.0.0.1:7", 1},
                    Variant{"Unix", "unix", "@echo", 3},
                    Variant{"Udp", "udp", "127.0.0.1:7", 3}),
    [](const testing::TestParamInfo<Variant>& each) {
      return each.param.name;
    });

}  // namespace
}  // namespace plumb
