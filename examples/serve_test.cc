#include "examples/serve.h"

#include <errno.h>

#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "examples/echo_handler.h"
#include "examples/threads_for_test.h"
#include "gtest/gtest.h"
#include "transport/error.h"
#include "transport/event.h"
#include "transport/io.h"
#include "transport/pipe.h"

namespace examples {
namespace {

plumb::ErrorInfo AcceptInfo() {
  plumb::ErrorInfo info;
  info.op = "accept";
  info.network = "tcp";
  return info;
}

// Gives out what the test put there, and then says that it is closed.
class ScriptedListener final : public plumb::Listener {
 public:
  ~ScriptedListener() override = default;

  void Add(absl::StatusOr<std::unique_ptr<plumb::Conn>> next) {
    next_.push_back(std::move(next));
  }

  absl::StatusOr<std::unique_ptr<plumb::Conn>> Accept() override {
    if (next_.empty()) return plumb::ClosedError(AcceptInfo());
    absl::StatusOr<std::unique_ptr<plumb::Conn>> next =
        std::move(next_.front());
    next_.pop_front();
    return next;
  }
  absl::Status Close() override { return absl::OkStatus(); }
  plumb::Addr Address() const override { return plumb::Addr(); }
  absl::Status SetDeadline(absl::Time) override { return absl::OkStatus(); }
  void* Extension(absl::string_view) override { return nullptr; }

 private:
  std::deque<absl::StatusOr<std::unique_ptr<plumb::Conn>>> next_;
};

TEST(ServeTest, RunsAHandlerForEachConnectionAndClosesIt) {
  auto [client1, server1] = plumb::Pipe();
  auto [client2, server2] = plumb::Pipe();
  ScriptedListener listener;
  listener.Add(std::move(server1));
  listener.Add(std::move(server2));
  for (plumb::Conn* client : {client1.get(), client2.get()}) {
    EXPECT_EQ(client->Write("ping"), absl::OkStatus());
    EXPECT_EQ(client->CloseWrite(), absl::OkStatus());
  }

  Serve(listener, plumb::CancelSource(),
        [](plumb::Conn& conn) { EXPECT_EQ(Echo(conn), absl::OkStatus()); });
  EXPECT_EQ(*plumb::ReadAll(*client1), "ping");
  EXPECT_EQ(*plumb::ReadAll(*client2), "ping");
}

TEST(ServeTest, GoesOnAfterTooManyOpenFiles) {
  auto [client, server] = plumb::Pipe();
  ScriptedListener listener;
  listener.Add(plumb::ErrnoError(AcceptInfo(), "accept4", EMFILE));
  listener.Add(plumb::ErrnoError(AcceptInfo(), "accept4", EMFILE));
  listener.Add(std::move(server));
  int handled = 0;
  Serve(listener, plumb::CancelSource(), [&](plumb::Conn&) { ++handled; });
  EXPECT_EQ(handled, 1);
}

TEST(ServeTest, GoesOnAfterTooManyThreads) {
  auto [client1, server1] = plumb::Pipe();
  auto [client2, server2] = plumb::Pipe();
  ScriptedListener listener;
  listener.Add(std::move(server1));
  listener.Add(std::move(server2));
  EXPECT_EQ(client2->CloseWrite(), absl::OkStatus());
  int handled = 0;
  FailThreadsAfter(0, 1);
  Serve(listener, plumb::CancelSource(), [&](plumb::Conn&) { ++handled; });
  EXPECT_EQ(handled, 1);
  EXPECT_EQ(*plumb::ReadAll(*client1), "");
}

TEST(ServeTest, StoppingEndsBlockedHandlers) {
  auto [client, server] = plumb::Pipe();
  ScriptedListener listener;
  listener.Add(std::move(server));
  plumb::CancelSource stop;
  plumb::Event started;
  absl::Status status;
  std::thread stopper([&] {
    EXPECT_EQ(started.Wait(), absl::OkStatus());
    stop.Cancel();
  });
  Serve(listener, stop, [&](plumb::Conn& conn) {
    started.Notify();
    status = Echo(conn);
  });
  stopper.join();
  EXPECT_TRUE(plumb::IsCancelledCall(status)) << status;
}

}  // namespace
}  // namespace examples
