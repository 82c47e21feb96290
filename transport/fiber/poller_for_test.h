// What the tests of Poller share: operations on sockets that count their tries.
#ifndef PLUMB_TRANSPORT_FIBER_POLLER_FOR_TEST_H_
#define PLUMB_TRANSPORT_FIBER_POLLER_FOR_TEST_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
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

  bool Attempt() override;
  int64_t size() const { return size_; }
  int tries() const { return tries_; }

 private:
  const absl::Span<char> buffer_;
  int64_t size_ = -1;
  int tries_ = 0;
};

// send(2) of that many bytes.
class CountingWrite final : public Op {
 public:
  CountingWrite(int fd, size_t size)
      : Op(fd, Direction::kWrite), data_(size, 'x') {}

  bool Attempt() override;
  size_t left() const { return data_.size(); }
  int tries() const { return tries_; }

 private:
  std::string data_;
  int tries_ = 0;
};

// Two connected stream sockets.
struct Pair {
  Descriptor a, b;
};
Pair MakePair();

void Send(const Descriptor& to, absl::string_view text);

std::unique_ptr<Runtime> RuntimeOf(int workers);

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_POLLER_FOR_TEST_H_
