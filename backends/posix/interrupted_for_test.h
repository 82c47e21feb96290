// Threads and calls that signals interrupt all the time.
#ifndef PLUMB_BACKENDS_POSIX_INTERRUPTED_FOR_TEST_H_
#define PLUMB_BACKENDS_POSIX_INTERRUPTED_FOR_TEST_H_

#include <pthread.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <thread>
#include <utility>

#include "gtest/gtest.h"
#include "testing/wait_until_blocked.h"
#include "transport/direction.h"

namespace plumb {

// How many signals have been handled.
inline std::atomic<int> handled{0};

// A thread that runs `body` under fire.
class Victim {
 public:
  explicit Victim(std::function<void()> body)
      : thread_([this, body = std::move(body)] {
          body();
          done_ = true;
        }),
        shooter_([this] {
          while (!done_) {
            pthread_kill(thread_.native_handle(), SIGUSR1);
            std::this_thread::yield();
          }
        }) {}
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;
  ~Victim() {
    shooter_.join();
    thread_.join();
  }

  // Until it has been hit so often since it began to wait.
  template <typename Endpoint>
  void AwaitHits(Endpoint& endpoint, Direction direction = Direction::kBoth) {
    EXPECT_TRUE(WaitUntilBlocked(endpoint, 1, direction));
    const int before = handled;
    EXPECT_TRUE(WaitUntil([&] { return handled >= before + 20; }, "signals"));
  }

 private:
  std::atomic<bool> done_{false};
  std::thread thread_;
  std::thread shooter_;
};

// SIGUSR1 has a handler that lets nothing restart (signal(7)).
class Interrupted : public testing::Test {
 protected:
  Interrupted() {
    struct sigaction action = {};
    action.sa_handler = [](int) { ++handled; };
    sigaction(SIGUSR1, &action, &before_);
  }
  ~Interrupted() override { sigaction(SIGUSR1, &before_, nullptr); }

 private:
  struct sigaction before_ = {};
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_POSIX_INTERRUPTED_FOR_TEST_H_
