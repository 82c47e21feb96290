#include "transport/stop_on_signal.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace plumb {
namespace {

// What the handler writes to; -1 while there is no StopOnSignal.
std::atomic<int> handler_fd{-1};
// How many handlers run now.
std::atomic<int> handlers{0};

constexpr uint64_t kSignal = 1;
constexpr uint64_t kQuit = uint64_t{1} << 32;

void Add(int fd, uint64_t count) { (void)!write(fd, &count, sizeof count); }

// Only what is safe in a signal handler, signal-safety(7).
void Handle(int) {
  const int saved = errno;
  handlers.fetch_add(1);
  const int fd = handler_fd.load();
  if (fd >= 0) Add(fd, kSignal);
  handlers.fetch_sub(1);
  errno = saved;
}

[[noreturn]] void Die(const char* why) {
  std::fprintf(stderr, "plumb::StopOnSignal: %s\n", why);
  std::abort();
}

}  // namespace

StopOnSignal::StopOnSignal(std::initializer_list<int> signals)
    : wake_fd_(eventfd(0, EFD_CLOEXEC)) {
  if (wake_fd_ < 0) Die("no eventfd");
  int none = -1;
  if (!handler_fd.compare_exchange_strong(none, wake_fd_)) {
    Die("there is one already");
  }
  thread_ = std::thread([source = source_, fd = wake_fd_]() mutable {
    for (uint64_t count = 0; count < kQuit;) {
      if (read(fd, &count, sizeof count) != sizeof count) continue;
      if (count % kQuit != 0) source.Cancel();
    }
  });
  for (int signal : signals) {
    struct sigaction action = {};
    action.sa_handler = Handle;
    // SA_RESETHAND: the second one has its default effect.
    action.sa_flags = SA_RESTART | SA_RESETHAND;
    struct sigaction before;
    if (sigaction(signal, &action, &before) != 0) Die("not a signal to catch");
    before_.emplace_back(signal, before);
  }
}

StopOnSignal::~StopOnSignal() {
  // Backwards: a signal that was named twice gets its first handler back.
  for (auto it = before_.rbegin(); it != before_.rend(); ++it) {
    sigaction(it->first, &it->second, nullptr);
  }
  handler_fd.store(-1);
  // One that has read the descriptor must not write to it when it is closed.
  while (handlers.load() != 0) std::this_thread::yield();
  Add(wake_fd_, kQuit);
  thread_.join();
  close(wake_fd_);
}

}  // namespace plumb
