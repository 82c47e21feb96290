// What the tests of Dial and ListenPacket of udp share: how they open a Conn
// or a PacketConn, and what one call gets from it.
#ifndef PLUMB_BACKENDS_UDP_UDP_FIXTURE_FOR_TEST_H_
#define PLUMB_BACKENDS_UDP_UDP_FIXTURE_FOR_TEST_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/udp/udp.h"
#include "gtest/gtest.h"
#include "transport/addr.h"
#include "transport/conn.h"
#include "transport/packet_conn.h"
#include "transport/transport.h"

namespace plumb {

class UdpTest : public testing::Test {
 protected:
  std::unique_ptr<Conn> Dial(absl::string_view network,
                             absl::string_view address) {
    absl::StatusOr<std::unique_ptr<Conn>> conn = udp_->Dial(network, address);
    EXPECT_TRUE(conn.ok()) << conn.status();
    return conn.ok() ? *std::move(conn) : nullptr;
  }

  std::unique_ptr<PacketConn> Packets(absl::string_view network,
                                      absl::string_view address) {
    absl::StatusOr<std::unique_ptr<PacketConn>> packets =
        udp_->ListenPacket(network, address);
    EXPECT_TRUE(packets.ok()) << packets.status();
    return packets.ok() ? *std::move(packets) : nullptr;
  }

  // The next datagram and its sender.
  std::string Receive(PacketConn& packets, Addr* from = nullptr) {
    char buffer[100];
    const absl::StatusOr<Received> received =
        packets.ReadFrom(absl::MakeSpan(buffer));
    if (!received.ok()) return std::string(received.status().message());
    if (from != nullptr) *from = received->from;
    return std::string(buffer, received->size);
  }

  std::string Read(Conn& conn) {
    char buffer[100];
    const absl::StatusOr<size_t> n = conn.Read(absl::MakeSpan(buffer));
    if (!n.ok()) return std::string(n.status().message());
    return std::string(buffer, *n);
  }

  const std::shared_ptr<Transport> udp_ = MakeUdp();
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_UDP_UDP_FIXTURE_FOR_TEST_H_
