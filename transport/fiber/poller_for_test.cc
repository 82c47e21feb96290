#include "transport/fiber/poller_for_test.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "backends/posix/socket_pair_for_test.h"
#include "gtest/gtest.h"
#include "transport/fiber/workers_for_test.h"

namespace plumb {

bool CountingRead::Attempt() {
  ++tries_;
  size_ = recv(descriptor(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  return size_ >= 0 || errno != EAGAIN;
}

bool CountingWrite::Attempt() {
  ++tries_;
  const ssize_t sent = send(descriptor(), data_.data(), data_.size(),
                            MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0) return errno != EAGAIN;
  data_.resize(data_.size() - static_cast<size_t>(sent));
  return data_.empty();
}

Pair MakePair() {
  SocketPair pair(SOCK_STREAM);
  EXPECT_TRUE(pair.a.is_open());
  return Pair{std::move(pair.a), std::move(pair.b)};
}

void Send(const Descriptor& to, absl::string_view text) {
  EXPECT_EQ(send(to.get(), text.data(), text.size(), 0),
            static_cast<ssize_t>(text.size()));
}

std::unique_ptr<Runtime> RuntimeOf(int workers) {
  return std::make_unique<Runtime>(Workers(workers));
}

}  // namespace plumb
