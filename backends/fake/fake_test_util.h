// What the tests of the fake network have in common.
#ifndef PLUMB_BACKENDS_FAKE_FAKE_TEST_UTIL_H_
#define PLUMB_BACKENDS_FAKE_FAKE_TEST_UTIL_H_

#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "transport/conn.h"
#include "transport/direction.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/listener.h"
#include "transport/packet_conn.h"
#include "transport/transport.h"

namespace plumb {

// The value; fails the test and ends the program when there is none.
template <typename T>
T Must(absl::StatusOr<T> value) {
  EXPECT_TRUE(value.ok()) << value.status();
  return std::move(value).value();
}

// The text of the error, or "OK".
template <typename T>
std::string ErrorOf(const absl::StatusOr<T>& value) {
  return value.ok() ? "OK" : std::string(value.status().message());
}
inline std::string ErrorOf(const absl::Status& status) {
  return status.ok() ? "OK" : std::string(status.message());
}

// What one Read gives: the data, or the text of the error.
inline std::string ReadSome(Conn& conn, size_t size = 100) {
  std::string buffer(size, '\0');
  const absl::StatusOr<size_t> n =
      conn.Read(absl::MakeSpan(&buffer[0], buffer.size()));
  if (!n.ok()) return std::string(n.status().message());
  return buffer.substr(0, *n);
}

struct Connected {
  std::unique_ptr<Conn> client;
  std::unique_ptr<Conn> server;
};

// A connection of `client` to `listener`.
inline Connected Connect(Transport& client, Listener& listener,
                         absl::string_view network,
                         const std::string& address) {
  Connected both;
  both.client = Must(client.Dial(network, address));
  both.server = Must(listener.Accept());
  return both;
}

// Waits until `count` calls wait there: the waiting is what a test needs, so
// that there is no event to wait for.
template <typename Endpoint>
void AwaitBlocked(Endpoint& endpoint, Direction direction, int count = 1) {
  auto* probe = Extension<BlockedProbe>(endpoint);
  ASSERT_NE(probe, nullptr);
  while (probe->BlockedCalls(direction) < count) std::this_thread::yield();
}

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_FAKE_TEST_UTIL_H_
