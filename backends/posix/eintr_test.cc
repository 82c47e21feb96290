// S-SG-03: no call ends because a signal interrupts it, and no byte is lost: a
// thread is hit by signals, whose handler lets nothing restart (signal(7)),
// before, while and after it blocks in each call of each backend.
#include <pthread.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/posix/interrupted_for_test.h"
#include "backends/tcp/tcp.h"
#include "backends/udp/udp.h"
#include "backends/unix/unix.h"
#include "gtest/gtest.h"
#include "testing/temp_directory.h"
#include "testing/wait_until_blocked.h"
#include "transport/conn.h"
#include "transport/direction.h"
#include "transport/fiber/runtime.h"
#include "transport/io.h"
#include "transport/listener.h"
#include "transport/options.h"
#include "transport/packet_conn.h"
#include "transport/transport.h"

namespace plumb {
namespace {

constexpr size_t kBig = size_t{16} << 20;

std::string Pattern(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) {
    text[i] = static_cast<char>(i * 7 + (i >> 12));
  }
  return text;
}

struct Stream {
  const char* network;
  std::shared_ptr<Transport> (*make)();
};

class InterruptedStream : public Interrupted,
                          public testing::WithParamInterface<Stream> {
 protected:
  std::unique_ptr<Conn> Dial() {
    absl::StatusOr<std::unique_ptr<Conn>> conn =
        transport_->Dial(GetParam().network, listener_->Address().ToString());
    EXPECT_EQ(conn.status(), absl::OkStatus());
    return conn.ok() ? *std::move(conn) : nullptr;
  }

  const TempDirectory directory_;
  const std::shared_ptr<Transport> transport_ = GetParam().make();
  const std::unique_ptr<Listener> listener_ = *transport_->Listen(
      GetParam().network, absl::string_view(GetParam().network) == "tcp"
                              ? "127.0.0.1:0"
                              : directory_.path() + "/socket");
};

TEST_P(InterruptedStream, Accept) {
  absl::StatusOr<std::unique_ptr<Conn>> accepted;
  std::unique_ptr<Conn> dialled;
  {
    Victim victim([&] { accepted = listener_->Accept(); });
    victim.AwaitHits(*listener_);
    dialled = Dial();
  }
  EXPECT_EQ(accepted.status(), absl::OkStatus());
}

TEST_P(InterruptedStream, Dial) {
  std::vector<std::unique_ptr<Conn>> accepted;
  Victim victim([&] {
    for (int i = 0; i < 100; ++i) Dial();
  });
  for (int i = 0; i < 100; ++i) {
    absl::StatusOr<std::unique_ptr<Conn>> conn = listener_->Accept();
    ASSERT_EQ(conn.status(), absl::OkStatus());
    accepted.push_back(*std::move(conn));
  }
}

TEST_P(InterruptedStream, Read) {
  const auto reader = Dial();
  const auto writer = *listener_->Accept();
  const std::string sent = Pattern(kBig);
  std::string got(kBig, '\0');
  absl::Status status;
  {
    Victim victim([&] { status = ReadFull(*reader, absl::MakeSpan(got)); });
    victim.AwaitHits(*reader);
    EXPECT_EQ(writer->Write(absl::string_view(sent).substr(0, 100)),
              absl::OkStatus());
    victim.AwaitHits(*reader);
    EXPECT_EQ(writer->Write(absl::string_view(sent).substr(100)),
              absl::OkStatus());
  }
  EXPECT_EQ(status, absl::OkStatus());
  EXPECT_TRUE(got == sent);
}

TEST_P(InterruptedStream, Write) {
  const auto writer = Dial();
  const auto reader = *listener_->Accept();
  const std::string sent = Pattern(kBig);
  std::string got(kBig, '\0');
  absl::Status status;
  {
    // One piece by send(2), several by sendmsg(2).
    const absl::string_view all = sent;
    const absl::string_view pieces[] = {all.substr(0, kBig / 3),
                                        all.substr(kBig / 3)};
    Victim victim([&] { status = writer->Write(pieces); });
    victim.AwaitHits(*writer, Direction::kWrite);
    EXPECT_EQ(ReadFull(*reader, absl::MakeSpan(got)), absl::OkStatus());
  }
  EXPECT_EQ(status, absl::OkStatus());
  EXPECT_TRUE(got == sent);
}

INSTANTIATE_TEST_SUITE_P(
    All, InterruptedStream,
    testing::Values(Stream{"tcp", [] { return MakeTcp(); }},
                    Stream{"unix", [] { return MakeUnix(); }}),
    [](const testing::TestParamInfo<Stream>& each) {
      return std::string(each.param.network);
    });

using InterruptedPackets = Interrupted;

TEST_F(InterruptedPackets, ReadFromAndReadBatch) {
  const std::shared_ptr<Transport> udp = MakeUdp();
  const auto receiver = *udp->ListenPacket("udp", "127.0.0.1:0");
  const auto sender = *udp->Dial("udp", receiver->LocalAddr().ToString());
  char buffer[16];
  absl::StatusOr<Received> one;
  {
    Victim victim([&] { one = receiver->ReadFrom(absl::MakeSpan(buffer)); });
    victim.AwaitHits(*receiver);
    EXPECT_EQ(sender->Write("one"), absl::OkStatus());
  }
  ASSERT_EQ(one.status(), absl::OkStatus());
  EXPECT_EQ(absl::string_view(buffer, one->size), "one");

  InPacket packets[4];
  packets[0].buffer = absl::MakeSpan(buffer);
  absl::StatusOr<size_t> batch;
  {
    Victim victim(
        [&] { batch = receiver->ReadBatch(absl::MakeSpan(packets)); });
    victim.AwaitHits(*receiver);
    EXPECT_EQ(sender->Write("batch"), absl::OkStatus());
  }
  ASSERT_EQ(batch.status(), absl::OkStatus());
  EXPECT_EQ(*batch, 1);
  EXPECT_EQ(absl::string_view(buffer, packets[0].received.size), "batch");
}

TEST_F(InterruptedPackets, ReadOfAConn) {
  const TempDirectory directory;
  const std::shared_ptr<Transport> udp = MakeUdp(), unix = MakeUnix();
  const auto udp_listener = *udp->Listen("udp", "127.0.0.1:0");
  const auto unix_listener =
      *unix->Listen("unixpacket", directory.path() + "/socket");
  struct {
    Transport& transport;
    const char* network;
    Listener& listener;
  } const kCases[] = {{*udp, "udp", *udp_listener},
                      {*unix, "unixpacket", *unix_listener}};
  for (const auto& c : kCases) {
    const auto client =
        *c.transport.Dial(c.network, c.listener.Address().ToString());
    ASSERT_EQ(client->Write("hello"), absl::OkStatus());
    const auto server = *c.listener.Accept();
    char buffer[16];
    ASSERT_EQ(*server->Read(absl::MakeSpan(buffer)), 5u);
    for (Conn* const reader : {client.get(), server.get()}) {
      Conn& writer = reader == client.get() ? *server : *client;
      absl::StatusOr<size_t> read;
      {
        Victim victim([&] { read = reader->Read(absl::MakeSpan(buffer)); });
        victim.AwaitHits(*reader);
        EXPECT_EQ(writer.Write("one"), absl::OkStatus());
      }
      ASSERT_EQ(read.status(), absl::OkStatus());
      EXPECT_EQ(absl::string_view(buffer, *read), "one");
    }
  }
}

// A full unixpacket peer makes a Write wait.
TEST_F(InterruptedPackets, WriteOfAConn) {
  const TempDirectory directory;
  const std::shared_ptr<Transport> transport = MakeUnix();
  const auto listener =
      *transport->Listen("unixpacket", directory.path() + "/socket");
  const auto writer =
      *transport->Dial("unixpacket", listener->Address().ToString());
  const auto reader = *listener->Accept();
  constexpr int kCount = 2000;
  std::atomic<int> failed{0};
  {
    Victim victim([&] {
      for (int i = 0; i < kCount; ++i) {
        if (!writer->Write(std::to_string(i)).ok()) ++failed;
      }
    });
    victim.AwaitHits(*writer, Direction::kWrite);
    char buffer[16];
    for (int i = 0; i < kCount; ++i) {
      const absl::StatusOr<size_t> got = reader->Read(absl::MakeSpan(buffer));
      ASSERT_EQ(got.status(), absl::OkStatus());
      EXPECT_EQ(absl::string_view(buffer, *got), std::to_string(i));
    }
  }
  EXPECT_EQ(failed, 0);
}

TEST_F(InterruptedPackets, Accept) {
  const TempDirectory directory;
  const std::shared_ptr<Transport> transport = MakeUnix();
  const auto listener =
      *transport->Listen("unixpacket", directory.path() + "/socket");
  absl::StatusOr<std::unique_ptr<Conn>> accepted;
  std::unique_ptr<Conn> dialled;
  {
    Victim victim([&] { accepted = listener->Accept(); });
    victim.AwaitHits(*listener);
    dialled = *transport->Dial("unixpacket", listener->Address().ToString());
  }
  EXPECT_EQ(accepted.status(), absl::OkStatus());
}

// A Dial pauses while a unix listener's queue is full, and that of tcp waits
// for an answer.
TEST_F(InterruptedPackets, DialToAFullQueue) {
  const TempDirectory directory;
  for (const absl::string_view network : {"unix", "unixpacket", "tcp"}) {
    const bool tcp = network == "tcp";
    const std::shared_ptr<Transport> transport = tcp ? MakeTcp() : MakeUnix();
    ListenOptions options;
    options.backlog = 0;
    const auto listener = *transport->Listen(
        network, tcp ? "127.0.0.1:0" : directory.path() + "/socket", options);
    const std::string address = listener->Address().ToString();
    // A backlog of none is a queue of one.
    const auto first = *transport->Dial(network, address);
    absl::StatusOr<std::unique_ptr<Conn>> second;
    {
      const int before = handled;
      Victim victim([&] { second = transport->Dial(network, address); });
      EXPECT_TRUE(WaitUntil([&] { return handled >= before + 100; },
                            "the Dial was interrupted"));
      EXPECT_EQ(listener->Accept().status(), absl::OkStatus());
    }
    EXPECT_EQ(second.status(), absl::OkStatus());
  }
}

// The datagrams "0", "1" and so on.
void ExpectNumbers(PacketConn& receiver, int count) {
  char buffer[16];
  for (int i = 0; i < count; ++i) {
    const absl::StatusOr<Received> got =
        receiver.ReadFrom(absl::MakeSpan(buffer));
    ASSERT_EQ(got.status(), absl::OkStatus());
    EXPECT_EQ(absl::string_view(buffer, got->size), std::to_string(i));
  }
}

// A unix datagram waits for room where the receiver does not read.
class InterruptedUnixgram : public InterruptedPackets {
 protected:
  const std::shared_ptr<Transport> transport_ = MakeUnix();
  const std::unique_ptr<PacketConn> receiver_ =
      *transport_->ListenPacket("unixgram", "");
  const std::unique_ptr<PacketConn> sender_ =
      *transport_->ListenPacket("unixgram", "");
};

TEST_F(InterruptedUnixgram, WriteTo) {
  constexpr int kCount = 2000;
  std::atomic<int> failed{0};
  {
    Victim victim([&] {
      for (int i = 0; i < kCount; ++i) {
        if (!sender_->WriteTo(std::to_string(i), receiver_->LocalAddr()).ok()) {
          ++failed;
        }
      }
    });
    victim.AwaitHits(*sender_, Direction::kWrite);
    ExpectNumbers(*receiver_, kCount);
  }
  EXPECT_EQ(failed, 0);
}

TEST_F(InterruptedUnixgram, WriteBatch) {
  constexpr size_t kCount = 2000;
  std::vector<std::string> texts;
  for (size_t i = 0; i < kCount; ++i) texts.push_back(std::to_string(i));
  std::vector<OutPacket> packets;
  for (const std::string& text : texts) {
    packets.push_back({text, receiver_->LocalAddr()});
  }
  absl::Status status;
  {
    Victim victim([&] {
      for (size_t sent = 0; status.ok() && sent < kCount;) {
        const absl::StatusOr<size_t> n =
            sender_->WriteBatch(absl::MakeConstSpan(packets).subspan(sent));
        status = n.status();
        if (n.ok()) sent += *n;
      }
    });
    victim.AwaitHits(*sender_, Direction::kWrite);
    ExpectNumbers(*receiver_, kCount);
  }
  EXPECT_EQ(status, absl::OkStatus());
}

// The signals find the worker in epoll_wait(2), and in the calls of its fibers.
TEST_F(Interrupted, AWorkerOfFibers) {
  const std::shared_ptr<Transport> tcp = MakeTcp();
  const auto listener = *tcp->Listen("tcp", "127.0.0.1:0");
  const auto near = *tcp->Dial("tcp", listener->Address().ToString());
  const auto far = *listener->Accept();
  const std::string sent = Pattern(kBig);
  std::string there(kBig, '\0'), back(kBig, '\0');
  RuntimeOptions options;
  options.workers = 1;
  Runtime runtime(options);
  std::atomic<pthread_t> worker{0};
  std::atomic<bool> done{false};
  const Fiber echo = runtime.Go([&] {
    worker = pthread_self();
    EXPECT_EQ(ReadFull(*near, absl::MakeSpan(there)), absl::OkStatus());
    EXPECT_EQ(near->Write(there), absl::OkStatus());
  });
  ASSERT_TRUE(WaitUntilBlocked(*near, 1, Direction::kRead));
  std::thread shooter([&] {
    while (!done) {
      pthread_kill(worker, SIGUSR1);
      std::this_thread::yield();
    }
  });
  const auto await_hits = [] {
    const int before = handled;
    EXPECT_TRUE(WaitUntil([&] { return handled >= before + 20; }, "signals"));
  };
  await_hits();
  EXPECT_EQ(far->Write(sent), absl::OkStatus());
  EXPECT_TRUE(WaitUntilBlocked(*near, 1, Direction::kWrite));
  await_hits();
  EXPECT_EQ(ReadFull(*far, absl::MakeSpan(back)), absl::OkStatus());
  echo.Join();
  done = true;
  shooter.join();
  EXPECT_TRUE(there == sent);
  EXPECT_TRUE(back == sent);
}

}  // namespace
}  // namespace plumb
