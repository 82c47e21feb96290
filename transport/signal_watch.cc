#include "transport/signal_watch.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace plumb {
namespace {

// What the handler of each signal writes to, plus one; 0 while nobody watches.
std::atomic<int> handler_fds[NSIG];
// How many handlers run now.
std::atomic<int> handlers{0};

constexpr uint64_t kSignal = 1;
constexpr uint64_t kQuit = uint64_t{1} << 32;

void Add(int fd, uint64_t count) { (void)!write(fd, &count, sizeof count); }

// Only what is safe in a signal handler, signal-safety(7).
void Handle(int signal) {
  const int saved = errno;
  handlers.fetch_add(1);
  const int fd = handler_fds[signal].load() - 1;
  if (fd >= 0) Add(fd, kSignal);
  handlers.fetch_sub(1);
  errno = saved;
}

[[noreturn]] void Die(const char* owner, const char* why) {
  std::fprintf(stderr, "plumb::%s: %s\n", owner, why);
  std::abort();
}

}  // namespace

SignalWatch::SignalWatch(const char* owner, std::vector<int> signals,
                         Which which, absl::AnyInvocable<void()> function)
    : wake_fd_(eventfd(0, EFD_CLOEXEC)) {
  if (wake_fd_ < 0) Die(owner, "no eventfd");
  thread_ = Thread::StartOrDie(
      owner, [fd = wake_fd_, function = std::move(function)]() mutable {
        for (uint64_t count = 0; count < kQuit;) {
          if (read(fd, &count, sizeof count) != sizeof count) continue;
          if (count % kQuit != 0) function();
        }
      });
  for (int signal : signals) {
    struct sigaction action = {};
    action.sa_handler = Handle;
    action.sa_flags = SA_RESTART;
    if (which == Which::kFirst) action.sa_flags |= SA_RESETHAND;
    struct sigaction before;
    if (signal <= 0 || signal >= NSIG) Die(owner, "not a signal to catch");
    const int other = handler_fds[signal].exchange(wake_fd_ + 1);
    if (other != 0 && other != wake_fd_ + 1) {
      Die(owner, "the signal is watched already");
    }
    if (sigaction(signal, &action, &before) != 0) {
      Die(owner, "not a signal to catch");
    }
    before_.emplace_back(signal, before);
  }
}

SignalWatch::~SignalWatch() {
  // Backwards: a signal that was named twice gets its first handler back.
  for (auto it = before_.rbegin(); it != before_.rend(); ++it) {
    sigaction(it->first, &it->second, nullptr);
    handler_fds[it->first].store(0);
  }
  // One that has read the descriptor must not write to it when it is closed.
  while (handlers.load() != 0) std::this_thread::yield();
  Add(wake_fd_, kQuit);
  thread_.Join();
  close(wake_fd_);
}

}  // namespace plumb
