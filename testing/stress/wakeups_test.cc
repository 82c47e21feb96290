// No wake-up is lost: two closers, two movers of deadlines, eight readers and
// four writers on the same connections, on four workers and three threads, over
// sockets and in memory. Each closer and mover waits until those that it has to
// wake have come back, and a watchdog sees to it that all of them get on.
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/fake/fake.h"
#include "backends/tcp/tcp.h"
#include "backends/unix/unix.h"
#include "gtest/gtest.h"
#include "testing/stress/amount.h"
#include "transport/conn.h"
#include "transport/direction.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/fiber/dump_fibers.h"
#include "transport/fiber/runtime.h"
#include "transport/listener.h"
#include "transport/pipe.h"
#include "transport/scope.h"
#include "transport/transport.h"

namespace plumb {
namespace {

constexpr size_t kSlots = 8;
constexpr size_t kReaders = 8;
constexpr size_t kReadersOnThreads = 2;
// Nobody reads what they write but the movers.
constexpr size_t kWriters = 4;
constexpr size_t kWritersOnThreads = 1;
constexpr size_t kWriteSize = 256 * 1024;

enum Kind { kPipe, kTcp, kUnix, kFake, kKinds };

// A connection, from its making to its Close.
struct Pair {
  std::unique_ptr<Conn> reader;
  std::unique_ptr<Conn> writer;
  std::atomic<int> inside{0};        // readers and writers
  std::atomic<int64_t> received{0};  // bytes
};

// Makes connections of one kind.
class Maker {
 public:
  explicit Maker(Kind kind) : kind_(kind) {
    if (kind_ == kPipe) return;
    std::string address = "127.0.0.1:0";
    if (kind_ == kUnix) {
      network_ = "unix";
      address = "";  // one that is free
    }
    transport_ = kind_ == kTcp    ? MakeTcp()
                 : kind_ == kUnix ? MakeUnix()
                                  : fake_.Host("host");
    listener_ = *transport_->Listen(network_, address);
  }

  std::shared_ptr<Pair> Make() {
    auto pair = std::make_shared<Pair>();
    if (kind_ == kPipe) {
      std::tie(pair->reader, pair->writer) = Pipe();
      return pair;
    }
    pair->writer = *transport_->Dial(network_, listener_->Address().ToString());
    pair->reader = *listener_->Accept();
    for (Conn* conn : {pair->reader.get(), pair->writer.get()}) {
      // So that no port waits after its end.
      if (auto* tcp = Extension<TcpControl>(*conn)) {
        EXPECT_TRUE(tcp->SetLinger(absl::ZeroDuration()).ok());
      }
    }
    return pair;
  }

 private:
  const Kind kind_;
  FakeNetwork fake_;
  std::shared_ptr<Transport> transport_;
  std::string network_ = "tcp";
  std::unique_ptr<Listener> listener_;
};

struct Slot {
  explicit Slot(Kind kind) : maker(kind), pair(maker.Make()) {}

  std::shared_ptr<Pair> Get() {
    absl::MutexLock lock(&mutex);
    return pair;
  }

  Maker maker;
  absl::Mutex mutex;
  std::shared_ptr<Pair> pair;
};

class Wakeups {
 public:
  explicit Wakeups(int64_t operations) : operations_(operations) {
    for (size_t i = 0; i < kSlots; ++i) {
      slots_.push_back(std::make_unique<Slot>(static_cast<Kind>(i % kKinds)));
    }
  }

  void Run();

 private:
  struct Player {
    std::string name;
    std::atomic<int64_t> steps{0};
  };

  bool stop() const { return stop_.load(std::memory_order_relaxed); }
  void CountRead(Player& player) {
    player.steps.fetch_add(1, std::memory_order_relaxed);
    if (reads_.fetch_add(1, std::memory_order_relaxed) + 1 >= operations_) {
      stop_.store(true, std::memory_order_relaxed);
    }
  }
  // And lets the readers get on: until one of them has, or all may wait.
  void CountWake(Player& player) {
    player.steps.fetch_add(1, std::memory_order_relaxed);
    const int64_t before = reads_;
    Await([&] { return reads_ != before || inside_ == kReaders; });
  }
  // Until `condition`; for ever when a wake-up is lost, which the watchdog
  // sees.
  void Await(absl::FunctionRef<bool()> condition) const {
    while (!condition() && !stop()) {
      plumb::Yield();
      std::this_thread::yield();
    }
  }

  void Read(size_t number, Player& player);
  void Write(size_t number, Player& player);
  void MoveDeadlines(size_t number, Player& player);
  void Close(size_t number, Player& player);
  void Watch(std::vector<std::unique_ptr<Player>>& players);

  const int64_t operations_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::atomic<int64_t> reads_{0};
  std::atomic<size_t> inside_{0};
  std::atomic<bool> stop_{false};
};

void Wakeups::Read(size_t number, Player& player) {
  std::minstd_rand random(static_cast<unsigned>(number) + 1);
  char buffer[16];
  while (!stop()) {
    const std::shared_ptr<Pair> pair = slots_[random() % kSlots]->Get();
    pair->inside.fetch_add(1);
    inside_.fetch_add(1);
    // Waits, too, when nobody has read for long.
    if (random() % 2 == 0) (void)pair->writer->Write("x");
    const absl::StatusOr<size_t> got =
        pair->reader->Read(absl::MakeSpan(buffer));
    if (got.ok()) pair->received.fetch_add(static_cast<int64_t>(*got));
    inside_.fetch_sub(1);
    pair->inside.fetch_sub(1);
    CountRead(player);
  }
}

// Against the stream of the readers.
void Wakeups::Write(size_t number, Player& player) {
  std::minstd_rand random(static_cast<unsigned>(number) + 300);
  const std::string data(kWriteSize, 'z');
  while (!stop()) {
    const std::shared_ptr<Pair> pair = slots_[random() % kSlots]->Get();
    pair->inside.fetch_add(1);
    (void)pair->reader->Write(data);
    pair->inside.fetch_sub(1);
    player.steps.fetch_add(1, std::memory_order_relaxed);
  }
}

// Of the slots of its own, as each waits until nobody is blocked.
void Wakeups::MoveDeadlines(size_t number, Player& player) {
  std::minstd_rand random(static_cast<unsigned>(number) + 100);
  std::vector<char> buffer(kWriteSize);
  while (!stop()) {
    const size_t slot = random() % (kSlots / 2) * 2 + number;
    const std::shared_ptr<Pair> pair = slots_[slot]->Get();
    Conn& conn = *pair->reader;
    auto* const probe = Extension<BlockedProbe>(conn);
    {
      // Room for a writer.
      const DeadlineScope scope(absl::Microseconds(50));
      (void)pair->writer->Read(absl::MakeSpan(buffer));
    }
    (void)conn.SetDeadline(random() % 2 == 0
                               ? absl::UnixEpoch()
                               : absl::Now() + absl::Microseconds(50));
    Await([&] { return probe->BlockedCalls(Direction::kRead) == 0; });
    Await([&] { return probe->BlockedCalls(Direction::kWrite) == 0; });
    (void)conn.SetDeadline(absl::InfiniteFuture());
    const int64_t before = pair->received;
    if (pair->writer->Write("y").ok()) {
      // A byte for whoever is inside.
      Await([&] {
        return pair->received != before || pair->inside == 0 ||
               probe->BlockedCalls(Direction::kRead) == 0;
      });
    }
    CountWake(player);
  }
}

void Wakeups::Close(size_t number, Player& player) {
  std::minstd_rand random(static_cast<unsigned>(number) + 200);
  while (!stop()) {
    Slot& slot = *slots_[random() % (kSlots / 2) * 2 + number];
    std::shared_ptr<Pair> pair = slot.maker.Make();
    {
      absl::MutexLock lock(&slot.mutex);
      pair.swap(slot.pair);
    }
    EXPECT_TRUE(pair->reader->Close().ok());
    // Those inside come back; none that comes later stays.
    Await([&] { return pair->inside == 0; });
    CountWake(player);
  }
}

void Wakeups::Watch(std::vector<std::unique_ptr<Player>>& players) {
  std::vector<int64_t> last(players.size(), -1);
  for (;;) {
    for (int i = 0; i < 300; ++i) {
      if (stop()) return;
      absl::SleepFor(absl::Milliseconds(100));
    }
    for (size_t i = 0; i < players.size(); ++i) {
      const int64_t steps = players[i]->steps;
      if (std::exchange(last[i], steps) != steps) continue;
      std::fprintf(stderr, "%s does not get on\n%s", players[i]->name.c_str(),
                   DumpFibers().c_str());
      std::abort();
    }
  }
}

void Wakeups::Run() {
  RuntimeOptions options;
  options.workers = 4;
  Runtime runtime(options);
  std::vector<std::unique_ptr<Player>> players;
  const auto add = [&](std::string name) -> Player& {
    players.push_back(std::make_unique<Player>());
    players.back()->name = std::move(name);
    return *players.back();
  };
  std::vector<Fiber> fibers;
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kReaders; ++i) {
    Player& player = add(absl::StrCat("reader ", i));
    if (i < kReadersOnThreads) {
      threads.emplace_back([this, i, &player] { Read(i, player); });
    } else {
      fibers.push_back(
          runtime.Go(player.name, [this, i, &player] { Read(i, player); }));
    }
  }
  for (size_t i = 0; i < kWriters; ++i) {
    Player& player = add(absl::StrCat("writer ", i));
    if (i < kWritersOnThreads) {
      threads.emplace_back([this, i, &player] { Write(i, player); });
    } else {
      fibers.push_back(
          runtime.Go(player.name, [this, i, &player] { Write(i, player); }));
    }
  }
  for (size_t i = 0; i < 2; ++i) {
    Player& mover = add(absl::StrCat("mover ", i));
    fibers.push_back(
        runtime.Go(mover.name, [this, i, &mover] { MoveDeadlines(i, mover); }));
    Player& closer = add(absl::StrCat("closer ", i));
    fibers.push_back(
        runtime.Go(closer.name, [this, i, &closer] { Close(i, closer); }));
  }
  Watch(players);
  for (const auto& slot : slots_) (void)slot->Get()->reader->Close();
  for (std::thread& thread : threads) thread.join();
  for (const Fiber& fiber : fibers) fiber.Join();
  for (const auto& player : players) {
    std::printf("%s: %lld\n", player->name.c_str(),
                static_cast<long long>(player->steps));
    EXPECT_GT(player->steps, 0) << player->name;
  }
}

TEST(WakeupsTest, NoneIsLost) {
  Wakeups wakeups(AmountFromEnv("PLUMB_OPERATIONS", 200000));
  wakeups.Run();
}

}  // namespace
}  // namespace plumb
