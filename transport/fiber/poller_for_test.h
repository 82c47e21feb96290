// What the tests of Poller share: operations on sockets that count their tries.
#ifndef PLUMB_TRANSPORT_FIBER_POLLER_FOR_TEST_H_
#define PLUMB_TRANSPORT_FIBER_POLLER_FOR_TEST_H_

#include <sys/socket.h>
#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "transport/descriptor.h"
#include "transport/direction.h"
#include "transport/fiber/runtime.h"
#include "transport/waiter.h"

namespace plumb {

// recv(2) that counts its tries.
class CountingRead final : public Op {
 public:
  CountingRead(int fd, absl::Span<char> buffer)
      : Op(fd, Direction::kRead), buffer_(buffer) {}

  bool Attempt() override {
    ++tries_;
    size_ = recv(descriptor(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    return size_ >= 0 || errno != EAGAIN;
  }
  ssize_t size() const { return size_; }
  int tries() const { return tries_; }

 private:
  const absl::Span<char> buffer_;
  ssize_t size_ = -1;
  int tries_ = 0;
};

class CountingWrite final : public Op {
 public:
  CountingWrite(int fd, size_t size)
      : Op(fd, Direction::kWrite), data_(size, 'x') {}

  bool Attempt() override {
    ++tries_;
    const ssize_t sent = send(descriptor(), data_.data(), data_.size(),
                              MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) return errno != EAGAIN;
    data_.resize(data_.size() - static_cast<size_t>(sent));
    return data_.empty();
  }
  size_t left() const { return data_.size(); }
  int tries() const { return tries_; }

 private:
  std::string data_;
  int tries_ = 0;
};

struct Pair {
  Descriptor a, b;
};

inline Pair MakePair() {
  int fds[2];
  EXPECT_EQ(
      socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds),
      0);
  return Pair{Descriptor(fds[0]), Descriptor(fds[1])};
}

inline void Send(const Descriptor& to, absl::string_view text) {
  EXPECT_EQ(send(to.get(), text.data(), text.size(), 0),
            static_cast<ssize_t>(text.size()));
}

inline std::unique_ptr<Runtime> Workers(int count) {
  RuntimeOptions options;
  options.workers = count;
  return std::make_unique<Runtime>(options);
}

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_POLLER_FOR_TEST_H_
