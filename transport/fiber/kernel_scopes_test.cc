// Scopes around the calls of tcp that the kernel may keep for long: a Dial that
// nobody answers ends with its scope, and a Close that lingers never does.
#include <atomic>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "backends/tcp/tcp.h"
#include "gtest/gtest.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/event.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/fiber/crew_for_test.h"
#include "transport/io.h"
#include "transport/listener.h"
#include "transport/options.h"
#include "transport/scope.h"
#include "transport/transport.h"

namespace plumb {
namespace {

// Until a connection to 127.0.0.1:`port` waits for an answer, proc(5).
void AwaitSynSent(uint16_t port) {
  const std::string waits = absl::StrFormat(" 0100007F:%04X 02 ", port);
  for (;;) {
    std::ifstream table("/proc/self/net/tcp");
    for (std::string line; std::getline(table, line);) {
      if (absl::StrContains(line, waits)) return;
    }
    std::this_thread::yield();
  }
}

class KernelScopesTest : public testing::TestWithParam<CrewKind> {
 protected:
  const std::shared_ptr<Transport> tcp_ = MakeTcp();
};

// A listener whose queue is full does not answer.
class HangingDialTest : public KernelScopesTest {
 protected:
  HangingDialTest() {
    ListenOptions options;
    options.backlog = 1;
    listener_ = *tcp_->Listen("tcp", "127.0.0.1:0", options);
    address_ = listener_->Address().ToString();
    // The kernel queues one more than it is asked for.
    for (int i = 0; i < 2; ++i) queued_.push_back(*tcp_->Dial("tcp", address_));
  }

  std::unique_ptr<Listener> listener_;
  std::string address_;
  std::vector<std::unique_ptr<Conn>> queued_;
};

TEST_P(HangingDialTest, EndsWithItsDeadline) {
  absl::Status status;
  Crew crew(GetParam());
  crew.Go([&] {
    const DeadlineScope limit(absl::Milliseconds(20));
    status = tcp_->Dial("tcp", address_).status();
  });
  crew.Join();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(status.message(),
            absl::StrCat("dial tcp ", address_, ": i/o timeout"));
}

TEST_P(HangingDialTest, EndsWhenItIsCancelled) {
  CancelSource stop;
  absl::Status status;
  Crew crew(GetParam());
  crew.Go([&] {
    const CancelScope scope(stop);
    status = tcp_->Dial("tcp", address_).status();
  });
  AwaitSynSent(listener_->Address().port());
  stop.Cancel();
  crew.Join();
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(status.message(),
            absl::StrCat("dial tcp ", address_, ": operation was canceled"));
}

INSTANTIATE_TEST_SUITE_P(Crews, HangingDialTest, AllCrews(), CrewName);

// Writes until the kernel takes no more; returns how much it took.
uint64_t Fill(Conn& conn) {
  const std::string much(64 << 20, 'x');
  const DeadlineScope limit(absl::Milliseconds(20));
  const absl::Status status = conn.Write(much);
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  return BytesDone(status);
}

TEST_P(KernelScopesTest, ACloseThatLingersIsNotCut) {
  auto listener = *tcp_->Listen("tcp", "127.0.0.1:0");
  auto conn = *tcp_->Dial("tcp", listener->Address().ToString());
  auto peer = *listener->Accept();
  ASSERT_TRUE(Extension<TcpControl>(*conn)->SetLinger(absl::Minutes(1)).ok());
  std::atomic<bool> closed{false};
  std::atomic<uint64_t> sent{0};
  Event closes;
  absl::Status close_status, peer_status;
  std::string received;

  Crew crew(GetParam());
  crew.Go([&] {
    sent = Fill(*conn);
    CancelScope scope;
    scope.Cancel();
    closes.Notify();
    close_status = conn->Close();
    closed = true;
  });
  // On one worker it would never run if the Close kept the worker.
  crew.Go([&] {
    EXPECT_TRUE(closes.Wait().ok());
    EXPECT_FALSE(closed) << "nothing was read yet";
    auto all = ReadAll(*peer, 1 << 30);
    peer_status = all.status();
    if (all.ok()) received = *std::move(all);
  });
  crew.Join();
  EXPECT_TRUE(close_status.ok()) << close_status;
  EXPECT_TRUE(peer_status.ok()) << peer_status;
  EXPECT_EQ(received.size(), sent);
}

INSTANTIATE_TEST_SUITE_P(Crews, KernelScopesTest, AllCrews(), CrewName);

}  // namespace
}  // namespace plumb
