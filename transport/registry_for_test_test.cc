#include "transport/registry_for_test.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "transport/error.h"

namespace plumb {
namespace {

// Stands for a fake: answers with an error of its own.
class Fake : public Transport {
 public:
  absl::StatusOr<std::unique_ptr<Conn>> Dial(absl::string_view,
                                             absl::string_view,
                                             const DialOptions&) override {
    return absl::UnknownError("fake");
  }
  absl::StatusOr<std::unique_ptr<Listener>> Listen(
      absl::string_view, absl::string_view, const ListenOptions&) override {
    return absl::UnknownError("fake");
  }
  absl::StatusOr<std::unique_ptr<PacketConn>> ListenPacket(
      absl::string_view, absl::string_view, const ListenOptions&) override {
    return absl::UnknownError("fake");
  }
};

void ExpectNoSockets(const absl::Status& status, absl::string_view op,
                     absl::string_view network, absl::string_view address) {
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            absl::StrCat(op, " ", network, ": no real sockets in unit tests ",
                         "(address \"", address, "\"); put a fake there with ",
                         "Registry::Register or Replace"));
  ASSERT_TRUE(GetErrorInfo(status).has_value());
  EXPECT_EQ(GetErrorInfo(status)->detail, address);
}

TEST(RegistryForTestTest, EveryKernelNetworkFails) {
  Registry registry = RegistryForTest();
  for (const char* network :
       {"tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "ip:1", "ip4:icmp",
        "ip6:58", "unix", "unixgram", "unixpacket"}) {
    SCOPED_TRACE(network);
    ExpectNoSockets(registry.Dial(network, "db:5432").status(), "dial", network,
                    "db:5432");
    ExpectNoSockets(registry.Listen(network, ":80").status(), "listen", network,
                    ":80");
    ExpectNoSockets(registry.ListenPacket(network, "@x").status(), "listen",
                    network, "@x");
  }
}

TEST(RegistryForTestTest, NothingCountsAsRegistered) {
  Registry registry = RegistryForTest();
  EXPECT_EQ(registry.Names(), std::vector<std::string>());
  EXPECT_EQ(registry.Dial("foo", "x").status().message(),
            "dial foo: unknown network foo");
}

TEST(RegistryForTestTest, RegisterAndReplacePutAFakeThere) {
  Registry registry = RegistryForTest();
  EXPECT_EQ(registry.Register("tcp", std::make_shared<Fake>()),
            absl::OkStatus());
  EXPECT_EQ(registry.Replace("udp", std::make_shared<Fake>()),
            absl::OkStatus());
  EXPECT_EQ(registry.Dial("tcp", "x:1").status(), absl::UnknownError("fake"));
  EXPECT_EQ(registry.Dial("udp", "x:1").status(), absl::UnknownError("fake"));
  ExpectNoSockets(registry.Dial("tcp4", "x:1").status(), "dial", "tcp4", "x:1");
  EXPECT_EQ(registry.Names(), std::vector<std::string>({"tcp", "udp"}));
}

TEST(RegistryForTestTest, RegisteringTwiceIsStillADuplicate) {
  Registry registry = RegistryForTest();
  ASSERT_EQ(registry.Register("tcp", std::make_shared<Fake>()),
            absl::OkStatus());
  const absl::Status again = registry.Register("tcp", std::make_shared<Fake>());
  EXPECT_EQ(again.code(), absl::StatusCode::kAlreadyExists);
}

TEST(RegistryForTestTest, ACopyFailsToo) {
  Registry registry = RegistryForTest();
  ASSERT_EQ(registry.Register("tcp", std::make_shared<Fake>()),
            absl::OkStatus());
  Registry copy = registry.Copy();
  EXPECT_EQ(copy.Dial("tcp", "x:1").status(), absl::UnknownError("fake"));
  ExpectNoSockets(copy.Dial("udp", "x:1").status(), "dial", "udp", "x:1");
}

}  // namespace
}  // namespace plumb
