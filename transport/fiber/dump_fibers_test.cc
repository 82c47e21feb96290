#include "transport/fiber/dump_fibers.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/fake/fake.h"
#include "backends/tcp/tcp.h"
#include "backends/udp/udp.h"
#include "backends/unix/unix.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/temp_directory.h"
#include "testing/wait_until_blocked.h"
#include "transport/channel.h"
#include "transport/clock.h"
#include "transport/cond_var.h"
#include "transport/conn.h"
#include "transport/direction.h"
#include "transport/event.h"
#include "transport/fiber/fiber.h"
#include "transport/fiber/fiber_group.h"
#include "transport/fiber/run_blocking.h"
#include "transport/fiber/runtime.h"
#include "transport/fiber/workers_for_test.h"
#include "transport/listener.h"
#include "transport/mutex.h"
#include "transport/packet_conn.h"
#include "transport/pipe.h"
#include "transport/select.h"
#include "transport/semaphore.h"
#include "transport/sleep.h"
#include "transport/transport.h"
#include "transport/waiter.h"

namespace plumb {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;
using testing::UnorderedElementsAre;

// What the dump says that the fiber of that name does.
std::string StateOf(absl::string_view name) {
  const std::string dump = DumpFibers();
  for (absl::string_view line : absl::StrSplit(dump, '\n')) {
    if (!absl::StartsWith(line, absl::StrCat("fiber \"", name, "\", "))) {
      continue;
    }
    const size_t old = line.find(" old, ");
    return std::string(old == line.npos ? line : line.substr(old + 6));
  }
  return absl::StrCat("no fiber ", name, " in\n", dump);
}

class DumpFibersTest : public testing::Test {
 protected:
  // A fiber that has run until it waits.
  void Start(absl::string_view name, absl::AnyInvocable<void()> function) {
    fibers_.push_back(runtime_.Go(name, std::move(function)));
    runtime_.Go([] {}).Join();
  }

  // Before what they use goes.
  void EndFibers() {
    for (const Fiber& fiber : fibers_) fiber.Cancel();
    for (const Fiber& fiber : fibers_) fiber.Join();
    fibers_.clear();
  }

  char buffer_[16];
  std::vector<Fiber> fibers_;
  Runtime runtime_{Workers(1)};
};

struct Ends {
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Conn> client;
  std::unique_ptr<Conn> server;
  std::string client_to_server;
  std::string server_to_client;
};

Ends Connect(Transport& transport, const std::string& address) {
  Ends ends;
  ends.listener = *transport.Listen("tcp", address);
  ends.client = *transport.Dial("tcp", ends.listener->Address().ToString());
  ends.server = *ends.listener->Accept();
  const std::string here = ends.client->LocalAddr().ToString();
  const std::string there = ends.server->LocalAddr().ToString();
  ends.client_to_server = absl::StrCat(here, "->", there);
  ends.server_to_client = absl::StrCat(there, "->", here);
  return ends;
}

TEST_F(DumpFibersTest, ConnectionsOfTheKernelAndOfAFake) {
  FakeNetwork network;
  struct {
    std::shared_ptr<Transport> transport;
    std::string address;
  } const kCases[] = {{MakeTcp(), "127.0.0.1:0"},
                      {network.Host("host"), "127.0.0.1:0"}};
  for (const auto& c : kCases) {
    Ends ends = Connect(*c.transport, c.address);
    Start("reader", [&] { (void)ends.client->Read(absl::MakeSpan(buffer_)); });
    Start("next", [&] { (void)ends.client->Read(absl::MakeSpan(buffer_)); });
    Start("acceptor", [&] { (void)ends.listener->Accept(); });
    EXPECT_TRUE(WaitUntilBlocked(*ends.client, 1));
    EXPECT_EQ(StateOf("next"),
              absl::StrCat("in read tcp ", ends.client_to_server,
                           " (waits for its turn)"));
    EXPECT_EQ(
        StateOf("acceptor"),
        absl::StrCat("in accept tcp ", ends.listener->Address().ToString()));
    Start("writer",
          [&] { (void)ends.server->Write(std::string(64 << 20, 'x')); });
    EXPECT_TRUE(WaitUntilBlocked(*ends.server, 1, Direction::kWrite));
    EXPECT_EQ(StateOf("writer"),
              absl::StrCat("in write tcp ", ends.server_to_client));
    EndFibers();
  }
}

TEST_F(DumpFibersTest, OtherNetworks) {
  const TempDirectory directory;
  const std::shared_ptr<Transport> unix_transport = MakeUnix();
  const std::shared_ptr<Transport> udp = MakeUdp();
  const std::string listening = directory.path() + "/listener";
  auto listener = *unix_transport->Listen("unix", listening);
  auto conn = *unix_transport->Dial("unix", listening);
  auto packets = *udp->ListenPacket("udp", "127.0.0.1:0");
  auto datagrams = *udp->Dial("udp", packets->LocalAddr().ToString());
  auto gram =
      *unix_transport->ListenPacket("unixgram", directory.path() + "/gram");

  Start("unix reader", [&] { (void)conn->Read(absl::MakeSpan(buffer_)); });
  EXPECT_EQ(StateOf("unix reader"),
            absl::StrCat("in read unix ", conn->LocalAddr().ToString(), "->",
                         listening));
  Start("udp reader", [&] { (void)datagrams->Read(absl::MakeSpan(buffer_)); });
  EXPECT_EQ(StateOf("udp reader"),
            absl::StrCat("in read udp ", datagrams->LocalAddr().ToString(),
                         "->", packets->LocalAddr().ToString()));
  Start("receiver", [&] { (void)packets->ReadFrom(absl::MakeSpan(buffer_)); });
  EXPECT_EQ(StateOf("receiver"),
            absl::StrCat("in read udp ", packets->LocalAddr().ToString()));
  Start("unixgram", [&] { (void)gram->ReadFrom(absl::MakeSpan(buffer_)); });
  EXPECT_EQ(StateOf("unixgram"),
            absl::StrCat("in read unixgram ", gram->LocalAddr().ToString()));
  EndFibers();
}

TEST_F(DumpFibersTest, OneThatKeepsItsWorker) {
  Event end;
  Start("other", [&] { (void)end.Wait(); });
  std::atomic<bool> go_on{false};
  absl::Notification runs;
  fibers_.push_back(runtime_.Go("hog", [&] {
    runs.Notify();
    while (!go_on) std::this_thread::yield();
  }));
  runs.WaitForNotification();
  const std::string dump = DumpFibers();
  go_on = true;
  EXPECT_THAT(dump, StartsWith("worker 0 does not answer: one of its fibers "
                               "runs and does not wait\n"));
  std::vector<std::string> fibers;
  for (absl::string_view line : absl::StrSplit(dump, '\n')) {
    if (absl::ConsumePrefix(&line, "fiber ")) fibers.emplace_back(line);
  }
  EXPECT_THAT(fibers,
              UnorderedElementsAre(MatchesRegex("\"hog\", [0-9.ms]+ old, runs"),
                                   MatchesRegex("\"other\", [0-9.ms]+ old")));
  end.Notify();
  EndFibers();
}

TEST_F(DumpFibersTest, WhatIsReadyToRun) {
  std::atomic<bool> stop{false};
  Start("yields", [&] {
    while (!stop) Yield();
  });
  EXPECT_EQ(StateOf("yields"), "ready to run");
  stop = true;
  EndFibers();
}

TEST_F(DumpFibersTest, WhatHasNotStarted) {
  Event end;
  std::string dump;
  runtime_
      .Go([&] {
        // More than start before the worker answers.
        std::vector<Fiber> fibers;
        for (int i = 0; i < 200; ++i) {
          fibers.push_back(Go("new", [&] { (void)end.Wait(); }));
        }
        dump = DumpFibers();
        end.Notify();
        for (const Fiber& fiber : fibers) fiber.Join();
      })
      .Join();
  EXPECT_THAT(dump, HasSubstr("fiber \"new\", not started\nfiber "));
}

TEST_F(DumpFibersTest, AWaitWithoutAName) {
  std::atomic<bool> go_on{false};
  Waiter* waiter = nullptr;
  Start("parked", [&] {
    waiter = &Waiter::Current();
    while (!go_on) waiter->Park(kNever, nullptr);
  });
  EXPECT_EQ(StateOf("parked"), "waits");
  go_on = true;
  waiter->Wake();
  EndFibers();
}

// While workers take from each other what has not started.
TEST(DumpFibersOfWorkersTest, EachThatHasJustStartedIsThereOnce) {
  Event end;
  RuntimeOptions options;
  options.workers = 4;
  Runtime runtime(options);
  std::vector<Fiber> fibers;
  for (int i = 0; i < 100; ++i) {
    fibers.push_back(
        runtime.Go(absl::StrCat("fiber ", i), [&] { (void)end.Wait(); }));
    const std::string dump = DumpFibers();
    const std::string title = absl::StrCat("fiber \"fiber ", i, "\",");
    EXPECT_EQ(std::vector<std::string>(absl::StrSplit(dump, title)).size(), 2)
        << title << " in\n"
        << dump;
  }
  end.Notify();
  for (const Fiber& fiber : fibers) fiber.Join();
}

TEST_F(DumpFibersTest, TellsOfTheDeadline) {
  Ends ends = Connect(*MakeTcp(), "127.0.0.1:0");
  ASSERT_TRUE(ends.client->SetReadDeadline(absl::Now() + absl::Hours(2)).ok());
  Start("reader", [&] { (void)ends.client->Read(absl::MakeSpan(buffer_)); });
  EXPECT_TRUE(WaitUntilBlocked(*ends.client, 1));
  EXPECT_THAT(StateOf("reader"),
              MatchesRegex(absl::StrCat("in read tcp ", ends.client_to_server,
                                        ", 1h59m59.[0-9]+s to its deadline")));
  EndFibers();
}

TEST_F(DumpFibersTest, ADial) {
  FakeNetwork network;
  const std::shared_ptr<Transport> host = network.Host("host");
  ListenOptions options;
  options.backlog = 1;
  auto listener = *host->Listen("tcp", "127.0.0.1:7", options);
  const auto dial = [&] { (void)host->Dial("tcp", "127.0.0.1:7"); };
  // The queue has room for the first or the first two.
  for (const char* name : {"one", "two", "three"}) Start(name, dial);
  // As in the kernel, a dial ends by itself.
  EXPECT_THAT(StateOf("three"),
              MatchesRegex("in dial tcp 127.0.0.1:7, 2m[0-9.]+s to its "
                           "deadline"));
  EndFibers();
}

TEST_F(DumpFibersTest, WhatIsNoConnection) {
  Event end;
  Start("event", [&] { (void)end.Wait(); });
  EXPECT_EQ(StateOf("event"), "in wait for an event");

  Start("sleep", [] { (void)plumb::SleepFor(absl::Hours(1)); });
  EXPECT_THAT(StateOf("sleep"),
              MatchesRegex("in sleep, 59m59.[0-9]+s to its deadline"));

  Start("join", [&] { Go("child", [&] { (void)end.Wait(); }).Join(); });
  EXPECT_EQ(StateOf("join"), "in join of fiber \"child\"");

  Start("group", [&] {
    FiberGroup group;
    group.Go("member", [&] { return end.Wait(); });
    (void)group.Wait();
  });
  EXPECT_EQ(StateOf("group"), "in wait for the fibers of a group");

  absl::Notification go_on;
  Start("blocking", [&] { RunBlocking([&] { go_on.WaitForNotification(); }); });
  EXPECT_EQ(StateOf("blocking"), "in RunBlocking");
  go_on.Notify();

  auto [a, b] = Pipe();
  Start("pipe", [&, &conn = *a] { (void)conn.Read(absl::MakeSpan(buffer_)); });
  EXPECT_EQ(StateOf("pipe"), "in read pipe");
  end.Notify();
  EndFibers();
}

TEST_F(DumpFibersTest, Synchronisation) {
  Mutex mutex, other;
  CondVar never;
  Semaphore none(0);
  Channel<int> channel, empty;
  mutex.Lock();
  Start("lock", [&] { MutexLock mine(mutex); });
  EXPECT_EQ(StateOf("lock"), "in lock of a mutex");
  Start("condition", [&] {
    MutexLock mine(other);
    (void)never.Wait(other);
  });
  EXPECT_EQ(StateOf("condition"), "in wait for a condition");
  Start("acquire", [&] { (void)none.Acquire(); });
  EXPECT_EQ(StateOf("acquire"), "in acquire of a semaphore");
  Start("send", [&] { (void)channel.Send(1); });
  EXPECT_EQ(StateOf("send"), "in send");
  Start("receive", [&] { (void)empty.Receive(); });
  EXPECT_EQ(StateOf("receive"), "in receive");
  Start("select", [] { (void)Select({}); });
  EXPECT_EQ(StateOf("select"), "in select");
  mutex.Unlock();
  EndFibers();
}

}  // namespace
}  // namespace plumb
