// What the tests of Server share: one that serves in the background, on threads
// or on fibers, and a handler that can be told to finish.
#ifndef PLUMB_TRANSPORT_SERVER_SERVING_FOR_TEST_H_
#define PLUMB_TRANSPORT_SERVER_SERVING_FOR_TEST_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "transport/conn.h"
#include "transport/fiber/fiber.h"
#include "transport/fiber/runtime.h"
#include "transport/listener.h"
#include "transport/server/server.h"

namespace plumb {

// Where handlers run: on threads, or on fibers of so many workers.
struct Where {
  int workers;  // 0: threads
};

inline constexpr Where kEverywhere[] = {{0}, {1}, {2}};

// "Threads", "Fibers1", "Fibers2".
std::string Name(const Where& where);

// Runs functions beside the test, on what the handlers run on.
class Background {
 public:
  explicit Background(const Where& where);
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;
  ~Background() { Join(); }

  // For ServerOptions::concurrency.
  std::function<std::unique_ptr<TaskGroup>()> concurrency() const;

  void Go(std::function<void()> function);
  // Waits until all have returned.
  void Join();

 private:
  std::optional<Runtime> runtime_;
  std::vector<std::thread> threads_;
  std::vector<Fiber> fibers_;
};

// Sends back what comes until that is "bye", or until an error, which it
// returns.
absl::Status EchoUntilBye(Conn& conn);

// Says `text` to an echo server and waits for the answer.
void ExpectEcho(Conn& conn, absl::string_view text);

// Suspends until `listener` is closed.
::testing::AssertionResult WaitUntilClosed(Listener& listener);

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_SERVER_SERVING_FOR_TEST_H_
