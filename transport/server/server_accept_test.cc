// When a Server cannot accept: it pauses, and goes on.
#include <errno.h>

#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "testing/threads_for_test.h"
#include "transport/error.h"
#include "transport/io.h"
#include "transport/listener.h"
#include "transport/manual_clock.h"
#include "transport/pipe.h"
#include "transport/server/server.h"
#include "transport/server/serving_for_test.h"

namespace plumb {
namespace {

ErrorInfo AcceptInfo() {
  ErrorInfo info;
  info.op = "accept";
  info.network = "tcp";
  return info;
}

// Gives out what the test put there, and then says that it is closed.
class ScriptedListener final : public Listener {
 public:
  ~ScriptedListener() override = default;

  void Add(absl::StatusOr<std::unique_ptr<Conn>> next) {
    next_.push_back(std::move(next));
  }
  void AddErrors(int count) {
    for (int i = 0; i < count; ++i) {
      Add(ErrnoError(AcceptInfo(), "accept4", EMFILE));
    }
  }

  absl::StatusOr<std::unique_ptr<Conn>> Accept() override {
    if (next_.empty()) return ClosedError(AcceptInfo());
    absl::StatusOr<std::unique_ptr<Conn>> next = std::move(next_.front());
    next_.pop_front();
    return next;
  }
  absl::Status Close() override { return absl::OkStatus(); }
  Addr Address() const override { return Addr(); }
  absl::Status SetDeadline(absl::Time) override { return absl::OkStatus(); }
  void* Extension(absl::string_view) override { return nullptr; }

 private:
  std::deque<absl::StatusOr<std::unique_ptr<Conn>>> next_;
};

class ServerAcceptTest : public ::testing::TestWithParam<Where> {
 protected:
  ServerAcceptTest() {
    options_.concurrency = background_.concurrency();
    options_.clock = &clock_;
    options_.on_accept_error = [this](const absl::Status& status,
                                      absl::Duration pause) {
      absl::MutexLock lock(&mutex_);
      errors_.push_back(status);
      pauses_.push_back(pause);
    };
  }

  void Serve(Server& server, Listener& listener) {
    background_.Go([&] {
      served_ = server.Serve(
          listener, [](Conn& conn) { EchoUntilBye(conn).IgnoreError(); });
    });
  }

  ManualClock clock_;
  ServerOptions options_;
  absl::Mutex mutex_;
  std::vector<absl::Status> errors_ ABSL_GUARDED_BY(mutex_);
  std::vector<absl::Duration> pauses_ ABSL_GUARDED_BY(mutex_);
  absl::Status served_ = absl::UnknownError("not returned");
  Background background_{GetParam()};
};

TEST_P(ServerAcceptTest, PausesLongerAndLongerUntilItSucceeds) {
  auto [client, conn] = Pipe();
  ScriptedListener listener;
  listener.AddErrors(10);
  listener.Add(std::move(conn));
  listener.AddErrors(1);
  Server server(options_);
  Serve(server, listener);
  for (int i = 0; i < 10; ++i) {
    clock_.AwaitAlarms(1);
    EXPECT_EQ(server.Counters().accept_errors, i + 1u);
    clock_.AdvanceToNextAlarm();
  }
  ExpectEcho(*client, "hello");
  clock_.AwaitAlarms(1);
  clock_.AdvanceToNextAlarm();
  EXPECT_EQ(client->Write("bye"), absl::OkStatus());
  background_.Join();
  EXPECT_TRUE(IsClosed(served_)) << served_;
  std::vector<absl::Duration> want;
  for (int ms : {5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000, 5}) {
    want.push_back(absl::Milliseconds(ms));
  }
  absl::MutexLock lock(&mutex_);
  EXPECT_EQ(pauses_, want);
  EXPECT_EQ(errors_[0].message(), "accept tcp: accept4: too many open files");
  EXPECT_EQ(server.Counters().accept_errors, 11u);
  EXPECT_EQ(server.Counters().finished, 1u);
}

TEST_P(ServerAcceptTest, ShutdownEndsAPause) {
  ScriptedListener listener;
  listener.AddErrors(1);
  Server server(options_);
  Serve(server, listener);
  clock_.AwaitAlarms(1);
  server.Shutdown(absl::InfinitePast());
  background_.Join();
  EXPECT_EQ(served_, absl::OkStatus());
}

INSTANTIATE_TEST_SUITE_P(, ServerAcceptTest, ::testing::ValuesIn(kEverywhere),
                         [](const auto& where) { return Name(where.param); });

TEST(ServerThreadsTest, WithoutAThreadAConnectionIsClosedAndItGoesOn) {
  auto [client1, conn1] = Pipe();
  auto [client2, conn2] = Pipe();
  ScriptedListener listener;
  listener.Add(std::move(conn1));
  listener.Add(std::move(conn2));
  EXPECT_EQ(client2->Write("bye"), absl::OkStatus());
  std::vector<absl::Status> errors;
  ServerOptions options;
  options.on_accept_error = [&](const absl::Status& status, absl::Duration) {
    errors.push_back(status);
  };
  Server server(options);
  FailThreadsAfter(0, 1);
  EXPECT_TRUE(IsClosed(server.Serve(listener, [](Conn& conn) {
    EXPECT_EQ(EchoUntilBye(conn), absl::OkStatus());
  })));
  EXPECT_EQ(*ReadAll(*client1), "");
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0], absl::ResourceExhaustedError(
                           "start thread: resource temporarily unavailable"));
  const ServerCounters counters = server.Counters();
  EXPECT_EQ(counters.accepted, 2u);
  EXPECT_EQ(counters.rejected, 1u);
  EXPECT_EQ(counters.finished, 1u);
  EXPECT_EQ(counters.accept_errors, 0u);
}

}  // namespace
}  // namespace plumb
