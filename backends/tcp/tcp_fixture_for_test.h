// What the tests of the tcp networks share: connections over the loopback, and
// that no descriptor is left.
#ifndef PLUMB_BACKENDS_TCP_TCP_FIXTURE_FOR_TEST_H_
#define PLUMB_BACKENDS_TCP_TCP_FIXTURE_FOR_TEST_H_

#include <memory>
#include <string>

#include "backends/posix/open_descriptors_for_test.h"
#include "backends/posix/socket.h"
#include "backends/tcp/tcp.h"
#include "gtest/gtest.h"
#include "transport/conn.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/listener.h"
#include "transport/options.h"
#include "transport/transport.h"

namespace plumb {

class TcpTest : public testing::Test {
 protected:
  ~TcpTest() override { EXPECT_EQ(OpenDescriptors(), before_); }

  // Both ends of a new connection.
  struct Ends {
    std::unique_ptr<Conn> client;
    std::unique_ptr<Conn> server;
  };
  Ends Connect(const DialOptions& dial = DialOptions(),
               const ListenOptions& listen = ListenOptions()) {
    auto listener = *tcp_->Listen("tcp", "127.0.0.1:0", listen);
    Ends ends;
    ends.client = *tcp_->Dial("tcp", listener->Address().ToString(), dial);
    ends.server = *listener->Accept();
    return ends;
  }

  // An address where nobody listens.
  std::string ClosedAddress() {
    return (*tcp_->Listen("tcp", "127.0.0.1:0"))->Address().ToString();
  }

  static int Option(Conn& conn, int level, int name) {
    const int fd = Extension<NativeHandle>(conn)->Descriptor();
    return *GetIntOption(fd, level, name);
  }

  const OpenDescriptors before_;
  const std::shared_ptr<Transport> tcp_ = MakeTcp();
  char buffer_[64];
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_TCP_TCP_FIXTURE_FOR_TEST_H_
