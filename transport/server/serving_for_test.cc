#include "transport/server/serving_for_test.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "testing/wait_until_blocked.h"
#include "transport/error.h"
#include "transport/io.h"
#include "transport/server/on_fibers.h"
#include "transport/server/on_threads.h"

namespace plumb {

std::string Name(const Where& where) {
  return where.workers == 0 ? "Threads" : absl::StrCat("Fibers", where.workers);
}

Background::Background(const Where& where) {
  if (where.workers == 0) return;
  RuntimeOptions options;
  options.workers = where.workers;
  runtime_.emplace(options);
}

std::function<std::unique_ptr<TaskGroup>()> Background::concurrency() const {
  return runtime_.has_value() ? OnFibers : OnThreads;
}

void Background::Go(std::function<void()> function) {
  if (runtime_.has_value()) {
    fibers_.push_back(runtime_->Go(std::move(function)));
  } else {
    threads_.emplace_back(std::move(function));
  }
}

void Background::Join() {
  for (std::thread& thread : threads_) thread.join();
  for (const Fiber& fiber : fibers_) fiber.Join();
  threads_.clear();
  fibers_.clear();
}

absl::Status EchoUntilBye(Conn& conn) {
  char buffer[64];
  for (;;) {
    const absl::StatusOr<size_t> n = conn.Read(absl::MakeSpan(buffer));
    if (!n.ok()) return n.status();
    const absl::string_view text(buffer, *n);
    if (text == "bye") return absl::OkStatus();
    const absl::Status written = conn.Write(text);
    if (!written.ok()) return written;
  }
}

void ExpectEcho(Conn& conn, absl::string_view text) {
  EXPECT_EQ(conn.Write(text), absl::OkStatus());
  std::string echo(text.size(), '\0');
  EXPECT_EQ(ReadFull(conn, absl::MakeSpan(&echo[0], echo.size())),
            absl::OkStatus());
  EXPECT_EQ(echo, text);
}

::testing::AssertionResult WaitUntilClosed(Listener& listener) {
  return WaitUntil(
      [&] { return IsClosed(listener.SetDeadline(absl::InfiniteFuture())); },
      "the listener is closed");
}

}  // namespace plumb
