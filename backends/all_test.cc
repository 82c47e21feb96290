#include "backends/all.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/listener.h"
#include "transport/options.h"
#include "transport/packet_conn.h"
#include "transport/registry.h"

namespace plumb {
namespace {

const std::vector<std::string>& AllNames() {
  static const auto* const names = new std::vector<std::string>{
      "fake", "fakegram", "ip",   "ip4",  "ip6",  "tcp",      "tcp4",
      "tcp6", "udp",      "udp4", "udp6", "unix", "unixgram", "unixpacket"};
  return *names;
}

TEST(RegisterAllTest, RegistersEveryNetwork) {
  Registry registry;
  ASSERT_TRUE(RegisterAll(registry).ok());
  EXPECT_EQ(registry.Names(), AllNames());
}

TEST(RegisterAllTest, TellsOfANameThatIsTaken) {
  Registry registry;
  ASSERT_TRUE(RegisterAll(registry).ok());
  const absl::Status again = RegisterAll(registry);
  EXPECT_EQ(again.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(again.message(), "register tcp: network already registered");
}

TEST(DefaultRegistryTest, IsOneAndHasEveryNetwork) {
  EXPECT_EQ(&DefaultRegistry(), &DefaultRegistry());
  EXPECT_EQ(DefaultRegistry().Names(), AllNames());
}

// The same code over every network that has streams or looks like it.
TEST(DefaultRegistryTest, OneLiners) {
  const struct {
    const char* network;
    const char* address;
  } kCases[] = {{"tcp", "127.0.0.1:0"},
                {"udp", "127.0.0.1:0"},
                {"unix", ""},
                {"unixpacket", ""},
                {"fake", "localhost:0"},
                {"fakegram", "localhost:0"}};
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.network);
    const auto listener = Listen(c.network, c.address);
    ASSERT_TRUE(listener.ok()) << listener.status();
    const auto conn = Dial(c.network, (*listener)->Address().ToString());
    ASSERT_TRUE(conn.ok()) << conn.status();
    ASSERT_TRUE((*conn)->Write("hello").ok());
    const auto peer = (*listener)->Accept();
    ASSERT_TRUE(peer.ok()) << peer.status();
    char buffer[10];
    const absl::StatusOr<size_t> n = (*peer)->Read(absl::MakeSpan(buffer));
    ASSERT_TRUE(n.ok()) << n.status();
    EXPECT_EQ(std::string(buffer, *n), "hello");
  }
  EXPECT_TRUE(ListenPacket("udp", "127.0.0.1:0").ok());
}

TEST(DefaultRegistryTest, PassesOptionsOn) {
  DialOptions dial;
  dial.no_delay = true;
  EXPECT_EQ(Dial("udp", "127.0.0.1:9", dial).status().message(),
            "dial udp: option no_delay not supported");
  ListenOptions listen;
  listen.no_delay = true;
  EXPECT_EQ(Listen("udp", "127.0.0.1:0", listen).status().message(),
            "listen udp: option no_delay not supported");
  EXPECT_EQ(ListenPacket("udp", "127.0.0.1:0", listen).status().message(),
            "listen udp: option no_delay not supported");
}

TEST(DefaultRegistryTest, UnknownNetwork) {
  const absl::Status status = Dial("foo", "127.0.0.1:9").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "dial foo: unknown network foo");
  EXPECT_EQ(GetErrorInfo(status)->detail,
            "fake, fakegram, ip, ip4, ip6, tcp, tcp4, tcp6, udp, udp4, udp6, "
            "unix, unixgram, unixpacket");
}

}  // namespace
}  // namespace plumb
