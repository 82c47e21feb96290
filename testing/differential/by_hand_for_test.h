// What tests have in common that do the same by hand on the kernel and on the
// fake, and pin where they differ.
#ifndef PLUMB_TESTING_DIFFERENTIAL_BY_HAND_FOR_TEST_H_
#define PLUMB_TESTING_DIFFERENTIAL_BY_HAND_FOR_TEST_H_

#include <sys/socket.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "backends/all.h"
#include "backends/fake/fake.h"
#include "gtest/gtest.h"
#include "testing/matchers.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/manual_clock.h"

namespace plumb {

// The value; fails the test and ends the program when there is none.
template <typename T>
T Must(absl::StatusOr<T> value) {
  EXPECT_THAT(value.status(), IsOk());
  return std::move(value).value();
}

inline std::string TextOf(const absl::Status& status) {
  return status.ok() ? "OK" : std::string(status.message());
}
template <typename T>
std::string TextOf(const absl::StatusOr<T>& value) {
  return TextOf(value.status());
}

struct Ends {
  std::unique_ptr<Conn> client;
  std::unique_ptr<Conn> server;
};

inline Ends Connect(Transport& transport, const std::string& network,
                    const std::string& address) {
  const auto listener = Must(transport.Listen(network, address));
  const std::string at = listener->Address().ToString();
  Ends ends;
  ends.client = Must(transport.Dial(network, at));
  ends.server = Must(listener->Accept());
  return ends;
}

inline int DescriptorOf(Conn& conn) {
  return Extension<NativeHandle>(conn)->Descriptor();
}

inline int OptionOf(Conn& conn, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(getsockopt(DescriptorOf(conn), level, name, &value, &size), 0);
  return value;
}

inline std::string ReadSome(Conn& conn) {
  std::string buffer(100, '\0');
  const auto got = conn.Read(absl::MakeSpan(&buffer[0], buffer.size()));
  return got.ok() ? buffer.substr(0, *got) : TextOf(got);
}

class PinnedByHandTest : public testing::Test {
 protected:
  PinnedByHandTest() : PinnedByHandTest(FakeNetworkOptions()) {}
  explicit PinnedByHandTest(FakeNetworkOptions options)
      : fake_network_((options.clock = &clock_, options)),
        fake_(fake_network_.Host("host")) {}

  Transport& kernel() { return DefaultRegistry(); }
  FakeHost& fake() { return *fake_; }

  ManualClock clock_;
  FakeNetwork fake_network_;
  const std::shared_ptr<FakeHost> fake_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_BY_HAND_FOR_TEST_H_
