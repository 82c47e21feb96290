#include "transport/fiber/poller.h"

#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/posix/descriptor.h"
#include "backends/posix/socket_ops.h"
#include "backends/posix/stream_conn.h"
#include "backends/tcp/tcp.h"
#include "gtest/gtest.h"
#include "testing/wait_until_blocked.h"
#include "transport/call.h"
#include "transport/clock.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/event.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/fiber/fiber_group.h"
#include "transport/fiber/runtime.h"
#include "transport/io.h"
#include "transport/listener.h"
#include "transport/transport.h"
#include "transport/waiter.h"

namespace plumb {
namespace {

// recv(2) that counts its tries.
class CountingRead final : public Op {
 public:
  CountingRead(int fd, absl::Span<char> buffer)
      : Op(fd, Direction::kRead), buffer_(buffer) {}

  bool Attempt() override {
    ++tries_;
    size_ = recv(descriptor(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    return size_ >= 0 || errno != EAGAIN;
  }
  ssize_t size() const { return size_; }
  int tries() const { return tries_; }

 private:
  const absl::Span<char> buffer_;
  ssize_t size_ = -1;
  int tries_ = 0;
};

class CountingWrite final : public Op {
 public:
  CountingWrite(int fd, size_t size)
      : Op(fd, Direction::kWrite), data_(size, 'x') {}

  bool Attempt() override {
    ++tries_;
    const ssize_t sent = send(descriptor(), data_.data(), data_.size(),
                              MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) return errno != EAGAIN;
    data_.resize(data_.size() - static_cast<size_t>(sent));
    return data_.empty();
  }
  size_t left() const { return data_.size(); }
  int tries() const { return tries_; }

 private:
  std::string data_;
  int tries_ = 0;
};

struct Pair {
  Descriptor a, b;
};

Pair MakePair() {
  int fds[2];
  EXPECT_EQ(
      socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds),
      0);
  return Pair{Descriptor(fds[0]), Descriptor(fds[1])};
}

void Send(const Descriptor& to, absl::string_view text) {
  EXPECT_EQ(send(to.get(), text.data(), text.size(), 0),
            static_cast<ssize_t>(text.size()));
}

std::unique_ptr<Runtime> Workers(int count) {
  RuntimeOptions options;
  options.workers = count;
  return std::make_unique<Runtime>(options);
}

TEST(PollerTest, ReadsWhatComesLater) {
  Pair pair = MakePair();
  const auto runtime = Workers(1);
  CallState state(Clock::Real());
  char buffer[100];
  int tries = 0;
  const Fiber reader = runtime->Go([&] {
    Call call(state, Direction::kRead);
    CountingRead op(pair.a.get(), absl::MakeSpan(buffer));
    EXPECT_TRUE(call.Run(op));
    EXPECT_EQ(op.size(), 5);
    tries = op.tries();
  });
  runtime->Go([&] { Send(pair.b, "hello"); }).Join();
  reader.Join();
  EXPECT_LE(tries, 2);
}

TEST(PollerTest, AfterAShortReadTheNextWaitsWithoutATry) {
  Pair pair = MakePair();
  const auto runtime = Workers(1);
  CallState state(Clock::Real());
  runtime
      ->Go([&] {
        char buffer[100];
        for (int i = 0; i < 10; ++i) {
          const Fiber writer = Go([&] { Send(pair.b, "hello"); });
          Call call(state, Direction::kRead);
          CountingRead op(pair.a.get(), absl::MakeSpan(buffer));
          EXPECT_TRUE(call.RunAfterWait(op));
          EXPECT_EQ(op.size(), 5);
          EXPECT_EQ(op.tries(), 1);
          writer.Join();
        }
      })
      .Join();
}

TEST(PollerTest, AnEdgeBeforeTheWaitIsNotLost) {
  Pair pair = MakePair();
  const auto runtime = Workers(1);
  CallState state(Clock::Real());
  runtime
      ->Go([&] {
        char buffer[100];
        for (int i = 0; i < 1000; ++i) {
          Send(pair.b, "1");
          if (i % 2 == 0) Yield();
          Call call(state, Direction::kRead);
          CountingRead op(pair.a.get(), absl::MakeSpan(buffer));
          EXPECT_TRUE(call.RunAfterWait(op));
          EXPECT_EQ(op.size(), 1);
        }
      })
      .Join();
}

TEST(PollerTest, TheEndThatCameWithTheDataIsSeen) {
  const auto runtime = Workers(1);
  runtime
      ->Go([&] {
        Pair pair = MakePair();
        CallState state(Clock::Real());
        char buffer[100];
        const Fiber writer = Go([&] {
          Send(pair.b, "last");
          pair.b.Close();
        });
        for (const ssize_t expected : {4, 0}) {
          Call call(state, Direction::kRead);
          CountingRead op(pair.a.get(), absl::MakeSpan(buffer));
          EXPECT_TRUE(call.RunAfterWait(op));
          EXPECT_EQ(op.size(), expected);
        }
        writer.Join();
      })
      .Join();
}

TEST(PollerTest, AWriteThatBlocksGoesOn) {
  const auto runtime = Workers(1);
  for (const bool read_first : {false, true}) {
    runtime
        ->Go([&] {
          Pair pair = MakePair();
          CallState state(Clock::Real());
          if (read_first) {
            // Registered for reading already.
            Go([&] { Send(pair.b, "x"); });
            char one;
            Call call(state, Direction::kRead);
            CountingRead op(pair.a.get(), absl::MakeSpan(&one, 1));
            EXPECT_TRUE(call.RunAfterWait(op));
          }
          constexpr size_t kSize = 4 << 20;
          const Fiber reader = Go([&] {
            CallState read_state(Clock::Real());
            std::vector<char> buffer(65536);
            for (size_t total = 0; total < kSize;) {
              Call call(read_state, Direction::kRead);
              CountingRead op(pair.b.get(), absl::MakeSpan(buffer));
              ASSERT_TRUE(call.Run(op));
              total += static_cast<size_t>(op.size());
            }
          });
          Call call(state, Direction::kWrite);
          CountingWrite op(pair.a.get(), kSize);
          EXPECT_TRUE(call.Run(op));
          EXPECT_GT(op.tries(), 1);
          reader.Join();
        })
        .Join();
  }
}

// The epoll descriptors of this process that watch `fd`.
std::set<std::string> WatchersOf(int fd) {
  std::set<std::string> watchers;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    std::ifstream info(entry.path());
    for (std::string word; info >> word;) {
      int watched = -1;
      if (word == "tfd:" && info >> watched && watched == fd) {
        watchers.insert(entry.path().filename());
      }
    }
  }
  return watchers;
}

TEST(PollerTest, ADescriptorMovesToTheWorkerThatReads) {
  // Each runtime has one worker, so that the fibers are on different ones.
  const auto one = Workers(1);
  const auto two = Workers(1);
  Pair pair = MakePair();
  CallState state(Clock::Real());
  std::set<std::string> watchers;
  for (int i = 0; i < 100; ++i) {
    const Fiber reader = (i % 2 == 0 ? one : two)->Go([&] {
      char byte;
      Call call(state, Direction::kRead);
      CountingRead op(pair.a.get(), absl::MakeSpan(&byte, 1));
      EXPECT_TRUE(call.RunAfterWait(op));
      EXPECT_EQ(byte, 'm');
    });
    ASSERT_TRUE(
        WaitUntil([&] { return state.Blocked(Direction::kRead) == 1; }, "it"));
    Send(pair.b, "m");
    reader.Join();
    const std::set<std::string> before =
        std::exchange(watchers, WatchersOf(pair.a.get()));
    EXPECT_EQ(watchers.size(), 1);
    EXPECT_NE(watchers, before);
  }
}

TEST(PollerTest, ADescriptorOutlivesARuntime) {
  Pair pair = MakePair();
  CallState state(Clock::Real());
  for (int i = 0; i < 3; ++i) {
    const auto runtime = Workers(1);
    const Fiber reader = runtime->Go([&] {
      char byte;
      Call call(state, Direction::kRead);
      CountingRead op(pair.a.get(), absl::MakeSpan(&byte, 1));
      EXPECT_TRUE(call.RunAfterWait(op));
    });
    Send(pair.b, "o");
    reader.Join();
  }
}

TEST(PollerTest, ANumberUsedAgainIsAnotherDescriptor) {
  const auto runtime = Workers(1);
  for (int i = 0; i < 200; ++i) {
    Pair pair = MakePair();
    CallState state(Clock::Real());
    const Fiber reader = runtime->Go([&] {
      char byte;
      Call call(state, Direction::kRead);
      CountingRead op(pair.a.get(), absl::MakeSpan(&byte, 1));
      EXPECT_TRUE(call.Run(op));
      EXPECT_EQ(byte, 'n');
    });
    Send(pair.b, "n");
    reader.Join();
  }
}

TEST(PollerTest, DeadlineCancelAndCloseEndAWait) {
  const auto runtime = Workers(2);
  for (int i = 0; i < 100; ++i) {
    Pair pair = MakePair();
    CallState state(Clock::Real());
    absl::Status status;
    const Fiber reader = runtime->Go([&] {
      char byte;
      Call call(state, Direction::kRead);
      if (call.ok()) {
        CountingRead op(pair.a.get(), absl::MakeSpan(&byte, 1));
        EXPECT_FALSE(call.RunAfterWait(op));
      }
      status = call.Error("read");
    });
    switch (i % 3) {
      case 0:
        state.SetDeadline(Direction::kRead, absl::Now());
        reader.Join();
        EXPECT_TRUE(IsTimeout(status)) << status;
        break;
      case 1:
        reader.Cancel();
        reader.Join();
        EXPECT_TRUE(IsCancelledCall(status)) << status;
        break;
      default:
        EXPECT_TRUE(state.Close());
        pair.a.Close();
        state.Done();
        reader.Join();
        EXPECT_TRUE(IsClosed(status)) << status;
    }
  }
}

// Sends `text` with a descriptor attached.
void SendWithDescriptor(const Descriptor& to, std::string text) {
  iovec iov = {&text[0], text.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &iov;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int fd = to.get();
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  EXPECT_EQ(sendmsg(to.get(), &message, 0), static_cast<ssize_t>(text.size()));
}

TEST(PollerTest, AReadThatStoppedAtAncillaryDataGoesOn) {
  const auto runtime = Workers(1);
  runtime
      ->Go([&] {
        Pair pair = MakePair();
        StreamConn conn(Clock::Real(), std::move(pair.a),
                        std::make_shared<CallNames>(),
                        StreamContent::kBytesAndAncillaryData);
        char buffer[100];
        for (int i = 0; i < 10; ++i) {
          const Fiber writer = Go([&] {
            SendWithDescriptor(pair.b, "one");
            Send(pair.b, "two");
          });
          std::string got;
          while (got.size() < 6) {
            const auto size = conn.Read(absl::MakeSpan(buffer));
            ASSERT_TRUE(size.ok()) << size.status();
            got.append(buffer, *size);
          }
          EXPECT_EQ(got, "onetwo");
          writer.Join();
        }
      })
      .Join();
}

TEST(PollerTest, UrgentDataEndsTheWaitBeforeATry) {
  const auto runtime = Workers(1);
  const auto tcp = MakeTcp();
  auto listener = tcp->Listen("tcp", "127.0.0.1:0");
  ASSERT_TRUE(listener.ok()) << listener.status();
  runtime
      ->Go([&] {
        auto sender = tcp->Dial("tcp", (*listener)->Address().ToString());
        ASSERT_TRUE(sender.ok()) << sender.status();
        auto receiver = (*listener)->Accept();
        ASSERT_TRUE(receiver.ok()) << receiver.status();
        const int fd = Extension<NativeHandle>(**sender)->Descriptor();
        const Fiber writer = Go([fd] {
          EXPECT_EQ(send(fd, "ab", 2, 0), 2);
          EXPECT_EQ(send(fd, "!", 1, MSG_OOB), 1);
          EXPECT_EQ(send(fd, "cd", 2, 0), 2);
        });
        char buffer[100];
        std::string got;
        while (got.size() < 4) {
          const auto size = (*receiver)->Read(absl::MakeSpan(buffer));
          ASSERT_TRUE(size.ok()) << size.status();
          got.append(buffer, *size);
        }
        EXPECT_EQ(got, "abcd");
        writer.Join();
      })
      .Join();
}

std::unique_ptr<Listener> ListenTcp(Transport& tcp) {
  auto listener = tcp.Listen("tcp", "127.0.0.1:0");
  EXPECT_TRUE(listener.ok()) << listener.status();
  return *std::move(listener);
}

void Echo(Conn& conn) {
  char buffer[256];
  for (;;) {
    const auto size = conn.Read(absl::MakeSpan(buffer));
    if (!size.ok()) return;
    if (!conn.Write(absl::string_view(buffer, *size)).ok()) return;
  }
}

void AskAll(Transport& tcp, const std::string& address, int rounds) {
  auto conn = tcp.Dial("tcp", address);
  ASSERT_TRUE(conn.ok()) << conn.status();
  for (int i = 0; i < rounds; ++i) {
    const std::string question = absl::StrCat("question ", i);
    ASSERT_EQ((*conn)->Write(question), absl::OkStatus());
    std::string answer(question.size(), '?');
    ASSERT_EQ(ReadFull(**conn, absl::MakeSpan(answer)), absl::OkStatus());
    EXPECT_EQ(answer, question);
  }
}

class FiberTcpTest : public testing::TestWithParam<int> {};

TEST_P(FiberTcpTest, ManyConnectionsEcho) {
  const auto runtime = Workers(GetParam());
  const auto tcp = MakeTcp();
  const auto listener = ListenTcp(*tcp);
  const Fiber server = runtime->Go("server", [&] {
    FiberGroup group;
    for (;;) {
      auto conn = listener->Accept();
      if (!conn.ok()) break;
      group.Go([conn = *std::move(conn)] {
        Echo(*conn);
        return absl::OkStatus();
      });
    }
    EXPECT_EQ(group.Wait(), absl::OkStatus());
  });
  const std::string address = listener->Address().ToString();
  std::vector<Fiber> clients;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(runtime->Go([&] { AskAll(*tcp, address, 50); }));
  }
  // Threads and fibers mix.
  std::thread thread([&] { AskAll(*tcp, address, 50); });
  for (const Fiber& client : clients) client.Join();
  thread.join();
  EXPECT_EQ(listener->Close(), absl::OkStatus());
  server.Join();
}

TEST_P(FiberTcpTest, ALargeTransferBothWays) {
  const auto runtime = Workers(GetParam());
  const auto tcp = MakeTcp();
  const auto listener = ListenTcp(*tcp);
  constexpr size_t kSize = 8 << 20;
  const auto exchange = [](Conn& conn) {
    FiberGroup group;
    group.Go([&] { return conn.Write(std::string(kSize, 'l')); });
    group.Go([&] {
      std::string data(kSize, '?');
      const absl::Status status = ReadFull(conn, absl::MakeSpan(data));
      EXPECT_EQ(data, std::string(kSize, 'l'));
      return status;
    });
    EXPECT_EQ(group.Wait(), absl::OkStatus());
  };
  const Fiber server = runtime->Go([&] {
    auto conn = listener->Accept();
    ASSERT_TRUE(conn.ok()) << conn.status();
    exchange(**conn);
  });
  runtime
      ->Go([&] {
        auto conn = tcp->Dial("tcp", listener->Address().ToString());
        ASSERT_TRUE(conn.ok()) << conn.status();
        exchange(**conn);
      })
      .Join();
  server.Join();
}

TEST_P(FiberTcpTest, ARefusedDialSaysSo) {
  const auto runtime = Workers(GetParam());
  const auto tcp = MakeTcp();
  const std::string address = ListenTcp(*tcp)->Address().ToString();
  runtime
      ->Go([&] {
        for (int i = 0; i < 10; ++i) {
          EXPECT_TRUE(IsRefused(tcp->Dial("tcp", address).status()));
        }
      })
      .Join();
}

TEST_P(FiberTcpTest, CloseEndsABlockedRead) {
  const auto runtime = Workers(GetParam());
  const auto tcp = MakeTcp();
  const auto listener = ListenTcp(*tcp);
  for (int i = 0; i < 50; ++i) {
    auto conn = tcp->Dial("tcp", listener->Address().ToString());
    ASSERT_TRUE(conn.ok()) << conn.status();
    const Fiber reader = runtime->Go([&] {
      char byte;
      EXPECT_TRUE(IsClosed((*conn)->Read(absl::MakeSpan(&byte, 1)).status()));
    });
    EXPECT_EQ((*conn)->Close(), absl::OkStatus());
    reader.Join();
  }
}

TEST_P(FiberTcpTest, APeerThatNeverStopsDelaysNobodysTimer) {
  const auto runtime = Workers(1);
  const auto tcp = MakeTcp();
  const auto listener = ListenTcp(*tcp);
  std::atomic<bool> stop{false};
  std::thread sender([&] {
    auto conn = tcp->Dial("tcp", listener->Address().ToString());
    const std::string data(1000, 's');
    while (!stop && (*conn)->Write(data).ok()) {
    }
  });
  const Fiber reader = runtime->Go([&] {
    auto conn = listener->Accept();
    ASSERT_TRUE(conn.ok()) << conn.status();
    char byte;
    // One at a time: it is never blocked.
    while (!stop && (*conn)->Read(absl::MakeSpan(&byte, 1)).ok()) {
    }
  });
  // Not how long, which the machine decides, but that it ends at all.
  runtime
      ->Go([&] {
        Event never;
        for (int i = 0; i < 20; ++i) {
          EXPECT_TRUE(IsTimeout(
              never.WaitUntil(absl::Now() + absl::Microseconds(500))));
        }
      })
      .Join();
  stop = true;
  sender.join();
  reader.Join();
}

INSTANTIATE_TEST_SUITE_P(Workers, FiberTcpTest, testing::Values(1, 3));

}  // namespace
}  // namespace plumb
