// What the tests of the ip networks share: how they open a Conn or a
// PacketConn, what one call gets from it, and that no descriptor is left.
#ifndef PLUMB_BACKENDS_IP_IP_FIXTURE_FOR_TEST_H_
#define PLUMB_BACKENDS_IP_IP_FIXTURE_FOR_TEST_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/ip/ip.h"
#include "backends/posix/open_descriptors_for_test.h"
#include "gtest/gtest.h"
#include "transport/addr.h"
#include "transport/conn.h"
#include "transport/options.h"
#include "transport/packet_conn.h"
#include "transport/transport.h"

namespace plumb {

class IpTest : public testing::Test {
 protected:
  // Protocol 253 is for experiments (RFC 3692): nobody else answers to it.
  // Between 127.0.0.2 and 127.0.0.3, as at 127.0.0.1 a socket hears itself.
  static constexpr char kNetwork[] = "ip4:253";

  ~IpTest() override { EXPECT_EQ(OpenDescriptors(), before_); }

  std::unique_ptr<PacketConn> Packets(absl::string_view network,
                                      absl::string_view address) {
    absl::StatusOr<std::unique_ptr<PacketConn>> packets =
        ip_->ListenPacket(network, address);
    EXPECT_TRUE(packets.ok()) << packets.status();
    return packets.ok() ? *std::move(packets) : nullptr;
  }

  std::unique_ptr<Conn> Dial(absl::string_view network,
                             absl::string_view address,
                             const std::string& local_address) {
    DialOptions options;
    options.local_address = local_address;
    absl::StatusOr<std::unique_ptr<Conn>> conn =
        ip_->Dial(network, address, options);
    EXPECT_TRUE(conn.ok()) << conn.status();
    return conn.ok() ? *std::move(conn) : nullptr;
  }

  static std::string Read(Conn& conn, size_t size = 100) {
    std::string buffer(size, '\0');
    const absl::StatusOr<size_t> n =
        conn.Read(absl::MakeSpan(&buffer[0], size));
    return n.ok() ? buffer.substr(0, *n) : std::string(n.status().message());
  }

  static std::string Receive(PacketConn& packets, Addr* from,
                             size_t size = 100) {
    std::string buffer(size, '\0');
    const absl::StatusOr<Received> received =
        packets.ReadFrom(absl::MakeSpan(&buffer[0], size));
    if (!received.ok()) return std::string(received.status().message());
    *from = received->from;
    return buffer.substr(0, received->size);
  }

  const OpenDescriptors before_;
  const std::shared_ptr<Transport> ip_ = MakeIp();
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_IP_IP_FIXTURE_FOR_TEST_H_
