#include "transport/server/server.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "transport/error.h"
#include "transport/server/idle_timeout.h"
#include "transport/server/request_timeout.h"
#include "transport/sleep.h"

namespace plumb {
namespace {

constexpr absl::Duration kFirstPause = absl::Milliseconds(5);
constexpr absl::Duration kLongestPause = absl::Seconds(1);

absl::Duration Longer(absl::Duration pause) {
  return std::clamp(2 * pause, kFirstPause, kLongestPause);
}

// There is nothing more to accept, or nobody who wants it.
bool Ends(const absl::Status& status) {
  return IsClosed(status) || IsCancelledCall(status) || IsTimeout(status);
}

// With none at all Serve would wait for ever, and say nothing.
ServerOptions WithAPlace(ServerOptions options) {
  options.max_connections = std::max<size_t>(options.max_connections, 1);
  return options;
}

}  // namespace

// One Serve.
class Server::Session {
 public:
  Session(Server& server, Listener& listener,
          absl::FunctionRef<void(Conn&)> handler)
      : server_(server),
        listener_(listener),
        handler_(handler),
        tasks_(server.options_.concurrency()) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() = default;

  absl::Status Run();

  // From now on those that return count as cancelled; Cancel of the result
  // tells them. With the server's lock.
  CancelSource MarkCancelled() {
    server_.mutex_.AssertHeld();
    cancelled_ = true;
    return cancel_;
  }

 private:
  absl::Status AcceptAll();
  absl::Status AcceptOne();
  absl::Status Start(std::unique_ptr<Conn> conn);
  void Handle(std::unique_ptr<Conn> conn);
  void AwaitHandlers();

  Server& server_;
  Listener& listener_;
  const absl::FunctionRef<void(Conn&)> handler_;
  CancelSource cancel_;
  std::unique_ptr<TaskGroup> tasks_;
  size_t active_ ABSL_GUARDED_BY(server_.mutex_) = 0;
  bool cancelled_ ABSL_GUARDED_BY(server_.mutex_) = false;
};

absl::Status Server::Session::Run() {
  absl::Status status = AcceptAll();
  const bool shut_down = server_.shutdown_.cancelled();
  // Those in the backlog are refused now, not when the handlers have finished.
  if (shut_down) listener_.Close().IgnoreError();
  server_.Update([this] {
    server_.mutex_.AssertHeld();
    --server_.accepting_;
  });
  AwaitHandlers();
  tasks_.reset();
  return shut_down ? absl::OkStatus() : status;
}

absl::Status Server::Session::AcceptAll() {
  const CancelScope scope(server_.shutdown_);
  absl::Duration pause;
  for (;;) {
    const absl::Status status = AcceptOne();
    if (status.ok()) {
      pause = absl::ZeroDuration();
      continue;
    }
    if (Ends(status)) return status;
    pause = Longer(pause);
    const ServerOptions& options = server_.options_;
    if (options.on_accept_error) options.on_accept_error(status, pause);
    const absl::Status slept = SleepFor(pause, *options.clock);
    if (!slept.ok()) return slept;
  }
}

absl::Status Server::Session::AcceptOne() {
  ServerCounters& counters = server_.counters_;
  const auto has_place = [&] {
    server_.mutex_.AssertHeld();
    return counters.active < server_.options_.max_connections;
  };
  absl::Status status = server_.Await(has_place);
  if (!status.ok()) return status;
  absl::StatusOr<std::unique_ptr<Conn>> conn = listener_.Accept();
  if (!conn.ok()) {
    if (Ends(conn.status())) return conn.status();
    SystemMutexLock lock(&server_.mutex_);
    ++counters.accept_errors;
    return conn.status();
  }
  // Another Serve may have taken the place meanwhile.
  status = server_.Await([&] {
    server_.mutex_.AssertHeld();
    if (!has_place()) return false;
    ++counters.accepted;
    ++active_;
    counters.peak = std::max(counters.peak, ++counters.active);
    return true;
  });
  if (status.ok()) return Start(*std::move(conn));
  SystemMutexLock lock(&server_.mutex_);
  ++counters.accepted;
  ++counters.rejected;
  return status;
}

absl::Status Server::Session::Start(std::unique_ptr<Conn> conn) {
  const ServerOptions& options = server_.options_;
  if (options.idle_timeout != absl::InfiniteDuration()) {
    conn =
        WithIdleTimeout(std::move(conn), options.idle_timeout, *options.clock);
  }
  if (options.request_timeout != absl::InfiniteDuration()) {
    conn = WithRequestTimeout(std::move(conn), options.request_timeout,
                              *options.clock);
  }
  absl::Status status = tasks_->Start(
      [this, conn = std::move(conn)]() mutable { Handle(std::move(conn)); });
  if (!status.ok()) {
    server_.Update([this] {
      server_.mutex_.AssertHeld();
      --active_;
      --server_.counters_.active;
      ++server_.counters_.rejected;
    });
  }
  return status;
}

void Server::Session::Handle(std::unique_ptr<Conn> conn) {
  {
    const CancelScope scope(cancel_);
    handler_(*conn);
  }
  conn.reset();
  server_.Update([this] {
    server_.mutex_.AssertHeld();
    ServerCounters& counters = server_.counters_;
    --active_;
    --counters.active;
    ++(cancelled_ ? counters.cancelled : counters.finished);
  });
  // This may be gone.
}

void Server::Session::AwaitHandlers() {
  const auto none = [this] {
    server_.mutex_.AssertHeld();
    return active_ == 0;
  };
  if (server_.Await(none).ok()) return;
  // A scope around Serve has ended.
  CancelSource cancel;
  {
    SystemMutexLock lock(&server_.mutex_);
    cancel = MarkCancelled();
  }
  cancel.Cancel();
  const ShieldScope shield;
  server_.Await(none).IgnoreError();
}

Server::Server(ServerOptions options)
    : options_(WithAPlace(std::move(options))) {}

Server::~Server() {
  Shutdown(absl::InfinitePast());
  const ShieldScope shield;
  Await([this] {
    mutex_.AssertHeld();
    return sessions_.empty();
  }).IgnoreError();
}

absl::Status Server::Serve(Listener& listener,
                           absl::FunctionRef<void(Conn&)> handler) {
  Session session(*this, listener, handler);
  {
    SystemMutexLock lock(&mutex_);
    sessions_.push_back(&session);
    ++accepting_;
  }
  absl::Status status = session.Run();
  Update([&] {
    mutex_.AssertHeld();
    sessions_.erase(std::find(sessions_.begin(), sessions_.end(), &session));
  });
  return status;
}

ShutdownReport Server::Shutdown(absl::Time deadline) {
  const ServerCounters before = Counters();
  shutdown_.Cancel();
  const auto over = [this] {
    mutex_.AssertHeld();
    return accepting_ == 0 && counters_.active == 0;
  };
  if (!Await(over, deadline).ok()) {
    CancelHandlers();
    const ShieldScope shield;
    Await(over, options_.clock->TimeNow() + options_.stuck_after).IgnoreError();
  }
  const ServerCounters after = Counters();
  ShutdownReport report;
  report.finished = after.finished - before.finished;
  report.stuck = after.active;
  report.cancelled = after.cancelled - before.cancelled + after.active;
  return report;
}

void Server::CancelHandlers() {
  std::vector<CancelSource> sources;
  {
    SystemMutexLock lock(&mutex_);
    for (Session* session : sessions_) {
      sources.push_back(session->MarkCancelled());
    }
  }
  for (CancelSource& source : sources) source.Cancel();
}

ServerCounters Server::Counters() const {
  SystemMutexLock lock(&mutex_);
  return counters_;
}

absl::Status Server::Await(absl::FunctionRef<bool()> condition,
                           absl::Time deadline) {
  for (;;) {
    std::shared_ptr<Event> changed;
    {
      SystemMutexLock lock(&mutex_);
      if (condition()) return absl::OkStatus();
      if (changed_ == nullptr) changed_ = std::make_shared<Event>();
      changed = changed_;
    }
    const absl::Status status = changed->WaitUntil(deadline, *options_.clock);
    if (!status.ok()) return status;
  }
}

void Server::Update(absl::FunctionRef<void()> change) {
  std::shared_ptr<Event> changed;
  {
    SystemMutexLock lock(&mutex_);
    change();
    changed = std::move(changed_);
  }
  if (changed != nullptr) changed->Notify();
}

}  // namespace plumb
