// The least that a fiber for each connection costs: epoll_echo.cc with a stack
// of its own for each, and nothing else of this library. Nobody closes a
// connection under another, there are no deadlines, scopes or turns, and all is
// on one thread.
//
//   fiber_echo PORT
#include <alloca.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <vector>

#include "testing/benchmark/bind_ip.h"
#include "transport/fiber/context_switch.h"
#include "transport/fiber/stack.h"

namespace {

using benchmark_server::BindIp;
using benchmark_server::Fail;
using plumb::Context;

constexpr size_t kStackSize = 256 * 1024;
constexpr size_t kBuffer = 16384;
constexpr int kEvents = 128;
constexpr size_t kPrefetched = 4;

class EchoServer {
 public:
  [[noreturn]] void Serve(int listener) {
    if (listen(listener, 4096) != 0) Fail("listen");
    Watch(listener, EPOLLIN);
    for (;;) {
      epoll_event events[kEvents];
      const int count = epoll_wait(epoll_, events, kEvents, -1);
      for (int i = 0; i < count; ++i) {
        const int fd = events[i].data.fd;
        if (fd == listener) {
          Accept(listener);
        } else if (fibers_[static_cast<size_t>(fd)]->waits) {
          ready_.push_back(fibers_[static_cast<size_t>(fd)].get());
        }
      }
      RunReady();
    }
  }

 private:
  struct Fiber {
    EchoServer* server = nullptr;
    int fd = -1;
    bool waits = false;
    Context context;
  };

  void Watch(int fd, uint32_t events) const {
    epoll_event event = {};
    event.events = events;
    event.data.fd = fd;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) Fail("epoll_ctl");
  }

  void Accept(int listener) {
    const int fd =
        accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    const auto index = static_cast<size_t>(fd);
    if (fibers_.size() <= index) fibers_.resize(index + 1);
    std::unique_ptr<Fiber>& fiber = fibers_[index];
    if (fiber == nullptr) {
      const plumb::Stack stack = stacks_.New();
      if (stack.low == nullptr) Fail("mmap");
      fiber = std::make_unique<Fiber>();
      fiber->server = this;
      fiber->fd = fd;
      fiber->context.Start(thread_, stack.low, stack.size, &EchoServer::Main,
                           fiber.get());
    }
    Watch(fd, EPOLLIN | EPOLLRDHUP | EPOLLPRI | EPOLLET);
    ready_.push_back(fiber.get());
  }

  void RunReady() {
    while (!ready_.empty()) Context::Switch(thread_, loop_, Next());
  }

  // Who goes on when another does not.
  Context& Next() {
    if (ready_.empty()) return loop_;
    Prefetch();
    Fiber* const fiber = ready_.front();
    ready_.pop_front();
    fiber->waits = false;
    return fiber->context;
  }

  // Has the stacks of the next few fetched side by side, as the library does.
  void Prefetch() {
    if (prefetch_in_ > 0) {
      --prefetch_in_;
      return;
    }
    if (ready_.size() <= kPrefetched) return;
    prefetch_in_ = kPrefetched - 1;
    for (size_t i = 1; i <= kPrefetched; ++i) {
      const auto* const lines =
          static_cast<const char*>(ready_[i]->context.frame());
      for (int line = 0; line < 4; ++line) {
        __builtin_prefetch(lines + 64 * line);
      }
    }
  }

  void Suspend(Fiber& self) { Context::Switch(thread_, self.context, Next()); }

  // On the stack of a fiber, which serves all connections of one number.
  static void Main(void* argument) {
    auto& self = *static_cast<Fiber*>(argument);
    auto* const buffer = static_cast<char*>(alloca(kBuffer));
    for (;;) {
      self.server->Echo(self, buffer);
      close(self.fd);
      self.server->Suspend(self);
    }
  }

  void Echo(Fiber& self, char* buffer) {
    bool emptied = false;
    for (;;) {
      if (emptied) {
        self.waits = true;
        Suspend(self);
      }
      const ssize_t n = recv(self.fd, buffer, kBuffer, 0);
      emptied = n < static_cast<ssize_t>(kBuffer);
      if (n < 0 && errno == EAGAIN) continue;
      if (n <= 0) return;
      if (send(self.fd, buffer, static_cast<size_t>(n), MSG_NOSIGNAL) != n) {
        return;
      }
    }
  }

  const int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  plumb::StackArena stacks_{kStackSize};
  Context loop_;
  plumb::ContextThread thread_{loop_};
  std::vector<std::unique_ptr<Fiber>> fibers_;  // by descriptor
  std::deque<Fiber*> ready_;
  size_t prefetch_in_ = 0;  // so many switches
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("fiber_echo: needs PORT\n", stderr);
    return 2;
  }
  EchoServer server;
  server.Serve(BindIp(SOCK_STREAM | SOCK_NONBLOCK, std::atoi(argv[1])));
}
