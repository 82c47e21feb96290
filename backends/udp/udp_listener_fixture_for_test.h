// What the tests of Listen("udp", ...) share: a listener, and remote ends that
// it has made Conns for.
#ifndef PLUMB_BACKENDS_UDP_UDP_LISTENER_FIXTURE_FOR_TEST_H_
#define PLUMB_BACKENDS_UDP_UDP_LISTENER_FIXTURE_FOR_TEST_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/udp/udp.h"
#include "gtest/gtest.h"
#include "testing/executor.h"
#include "testing/wait_until_blocked.h"
#include "transport/conn.h"
#include "transport/direction.h"
#include "transport/extension.h"
#include "transport/listener.h"
#include "transport/options.h"
#include "transport/transport.h"
#include "transport/udp_options.h"

namespace plumb {

// What one Read gets: the data, or the text of the error.
inline std::string Read(Conn& conn, size_t size = 100) {
  std::string buffer(size, '\0');
  const absl::StatusOr<size_t> n =
      conn.Read(absl::MakeSpan(&buffer[0], buffer.size()));
  return n.ok() ? buffer.substr(0, *n) : std::string(n.status().message());
}

// Reads once, beside the test; its construction ends when it waits.
class Reader {
 public:
  Reader(Executor& executor, Conn& conn)
      : task_(executor.Go([this, &conn] { result_ = Read(conn); })) {
    EXPECT_TRUE(WaitUntilBlocked(conn, 1, Direction::kRead));
  }
  std::string Join() {
    task_->Join();
    return result_;
  }

 private:
  std::string result_;
  std::unique_ptr<Task> task_;
};

class UdpListenerTest : public testing::Test {
 protected:
  // A remote end, and the Conn that the listener has made for it.
  struct Pair {
    std::unique_ptr<Conn> remote;
    std::unique_ptr<Conn> conn;
  };

  void Listen(const ListenOptions& options = {},
              absl::string_view address = "127.0.0.1:0") {
    absl::StatusOr<std::unique_ptr<Listener>> listener =
        udp_->Listen("udp", address, options);
    ASSERT_TRUE(listener.ok()) << listener.status();
    listener_ = *std::move(listener);
    address_ = listener_->Address().ToString();
  }

  std::unique_ptr<Conn> Dial() {
    absl::StatusOr<std::unique_ptr<Conn>> conn =
        MakeUdp()->Dial("udp", address_);
    EXPECT_TRUE(conn.ok()) << conn.status();
    EXPECT_TRUE((*conn)->SetReadDeadline(absl::Now() + absl::Minutes(1)).ok());
    return *std::move(conn);
  }

  std::unique_ptr<Conn> Accept() {
    absl::StatusOr<std::unique_ptr<Conn>> conn = listener_->Accept();
    EXPECT_TRUE(conn.ok()) << conn.status();
    return conn.ok() ? *std::move(conn) : nullptr;
  }

  Pair Connect() {
    Pair pair;
    pair.remote = Dial();
    EXPECT_TRUE(pair.remote->Write("hello").ok());
    pair.conn = Accept();
    EXPECT_EQ(Read(*pair.conn), "hello");
    return pair;
  }

  UdpListenerCounters Counters() {
    return Extension<UdpListenerStats>(*listener_)->Counters();
  }

  const std::unique_ptr<Executor> threads_ = MakeThreadExecutor();
  std::shared_ptr<Transport> udp_ = MakeUdp();
  std::unique_ptr<Listener> listener_;
  std::string address_;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_UDP_UDP_LISTENER_FIXTURE_FOR_TEST_H_
