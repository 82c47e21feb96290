#include "transport/registry.h"

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "transport/error.h"

namespace plumb {
namespace {

using Names = std::vector<std::string>;

// Answers each call with an error that says what it was asked for.
class Echo : public Transport {
 public:
  explicit Echo(std::string name) : name_(std::move(name)) {}

  absl::StatusOr<std::unique_ptr<Conn>> Dial(absl::string_view network,
                                             absl::string_view address,
                                             const DialOptions&) override {
    return Answer("dial", network, address);
  }
  absl::StatusOr<std::unique_ptr<Listener>> Listen(
      absl::string_view network, absl::string_view address,
      const ListenOptions&) override {
    return Answer("listen", network, address);
  }
  absl::StatusOr<std::unique_ptr<PacketConn>> ListenPacket(
      absl::string_view network, absl::string_view address,
      const ListenOptions&) override {
    return Answer("listen packet", network, address);
  }

 private:
  absl::Status Answer(absl::string_view op, absl::string_view network,
                      absl::string_view address) const {
    return absl::UnknownError(
        absl::StrCat(name_, ": ", op, " ", network, " ", address));
  }

  const std::string name_;
};

std::shared_ptr<Transport> MakeEcho(const char* name) {
  return std::make_shared<Echo>(name);
}

// Who answers for `network`.
std::string WhoDials(Registry& registry, absl::string_view network) {
  const absl::Status status = registry.Dial(network, "x").status();
  return std::string(status.message().substr(0, status.message().find(':')));
}

void ExpectInvalid(const absl::Status& status, absl::string_view text) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), text);
}

TEST(RegistryTest, PicksByNameUpToTheColon) {
  Registry registry;
  ASSERT_EQ(registry.Register("tcp", MakeEcho("a")), absl::OkStatus());
  ASSERT_EQ(registry.Register("ip4", MakeEcho("b")), absl::OkStatus());
  EXPECT_EQ(registry.Dial("tcp", "h:1").status().message(), "a: dial tcp h:1");
  EXPECT_EQ(registry.Listen("tcp", ":1").status().message(),
            "a: listen tcp :1");
  EXPECT_EQ(registry.ListenPacket("ip4:icmp", "h").status().message(),
            "b: listen packet ip4:icmp h");
}

TEST(RegistryTest, ADuplicateIsAnErrorAndChangesNothing) {
  Registry registry;
  ASSERT_EQ(registry.Register("tcp", MakeEcho("a")), absl::OkStatus());
  const absl::Status status = registry.Register("tcp", MakeEcho("b"));
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(status.message(), "register tcp: network already registered");
  EXPECT_EQ(WhoDials(registry, "tcp"), "a");
}

TEST(RegistryTest, RefusesWhatCannotBeANetwork) {
  Registry registry;
  using Method =
      absl::Status (Registry::*)(absl::string_view, std::shared_ptr<Transport>);
  for (Method method :
       {&Registry::Register, &Registry::Replace, &Registry::RegisterFallback}) {
    ExpectInvalid((registry.*method)("", MakeEcho("a")),
                  "register: empty network name");
    ExpectInvalid((registry.*method)("ip4:icmp", MakeEcho("a")),
                  "register ip4:icmp: network name contains ':'");
    ExpectInvalid((registry.*method)("tcp", nullptr),
                  "register tcp: null transport");
  }
  EXPECT_EQ(registry.Names(), Names());
}

TEST(RegistryTest, AnUnknownNameIsAnErrorThatListsTheKnown) {
  Registry registry;
  ASSERT_EQ(registry.Register("udp", MakeEcho("a")), absl::OkStatus());
  ASSERT_EQ(registry.Register("tcp", MakeEcho("a")), absl::OkStatus());
  const absl::Status status = registry.Dial("foo", "x").status();
  ExpectInvalid(status, "dial foo: unknown network foo");
  ASSERT_TRUE(GetErrorInfo(status).has_value());
  EXPECT_EQ(GetErrorInfo(status)->op, "dial");
  EXPECT_EQ(GetErrorInfo(status)->network, "foo");
  EXPECT_EQ(GetErrorInfo(status)->detail, "tcp, udp");

  ExpectInvalid(registry.Listen("foo", "x").status(),
                "listen foo: unknown network foo");
  ExpectInvalid(registry.ListenPacket("foo:1", "x").status(),
                "listen foo:1: unknown network foo:1");
  ExpectInvalid(registry.Dial("", "x").status(), "dial: unknown network ");
  ExpectInvalid(registry.Dial(":tcp", "x").status(),
                "dial :tcp: unknown network :tcp");
}

TEST(RegistryTest, ReplaceTakesANameTakenOrNot) {
  Registry registry;
  ASSERT_EQ(registry.Register("tcp", MakeEcho("a")), absl::OkStatus());
  EXPECT_EQ(registry.Replace("tcp", MakeEcho("b")), absl::OkStatus());
  EXPECT_EQ(registry.Replace("udp", MakeEcho("c")), absl::OkStatus());
  EXPECT_EQ(WhoDials(registry, "tcp"), "b");
  EXPECT_EQ(WhoDials(registry, "udp"), "c");
  EXPECT_EQ(registry.Names(), Names({"tcp", "udp"}));
}

TEST(RegistryTest, AFallbackServesUntilSomebodyRegisters) {
  Registry registry;
  ASSERT_EQ(registry.RegisterFallback("tcp", MakeEcho("f")), absl::OkStatus());
  EXPECT_EQ(WhoDials(registry, "tcp"), "f");
  EXPECT_EQ(registry.Names(), Names());
  EXPECT_EQ(registry.Register("tcp", MakeEcho("a")), absl::OkStatus());
  EXPECT_EQ(WhoDials(registry, "tcp"), "a");
  EXPECT_EQ(registry.Names(), Names({"tcp"}));
}

TEST(RegistryTest, ACopyIsIndependent) {
  Registry original;
  ASSERT_EQ(original.Register("tcp", MakeEcho("a")), absl::OkStatus());
  Registry copy = original.Copy();
  ASSERT_EQ(copy.Replace("tcp", MakeEcho("b")), absl::OkStatus());
  ASSERT_EQ(copy.Register("udp", MakeEcho("c")), absl::OkStatus());
  ASSERT_EQ(original.Register("unix", MakeEcho("d")), absl::OkStatus());
  EXPECT_EQ(WhoDials(original, "tcp"), "a");
  EXPECT_EQ(WhoDials(copy, "tcp"), "b");
  EXPECT_EQ(original.Names(), Names({"tcp", "unix"}));
  EXPECT_EQ(copy.Names(), Names({"tcp", "udp"}));
}

TEST(RegistryTest, AMoveTakesTheNames) {
  Registry original;
  ASSERT_EQ(original.Register("tcp", MakeEcho("a")), absl::OkStatus());
  Registry moved = std::move(original);
  EXPECT_EQ(moved.Names(), Names({"tcp"}));
}

// Says when it is being dialled, waits to be released, and says when it dies.
class Slow : public Echo {
 public:
  struct Events {
    absl::Notification dialling, release, died;
  };

  explicit Slow(Events* events) : Echo("slow"), events_(*events) {}
  ~Slow() override { events_.died.Notify(); }

  absl::StatusOr<std::unique_ptr<Conn>> Dial(
      absl::string_view network, absl::string_view address,
      const DialOptions& options) override {
    events_.dialling.Notify();
    events_.release.WaitForNotification();
    EXPECT_FALSE(events_.died.HasBeenNotified());
    return Echo::Dial(network, address, options);
  }

 private:
  Events& events_;
};

TEST(RegistryTest, AReplacedTransportLivesUntilItsDialReturns) {
  Slow::Events events;
  Registry registry;
  ASSERT_EQ(registry.Register("tcp", std::make_shared<Slow>(&events)),
            absl::OkStatus());
  std::thread dialler([&registry] {
    EXPECT_EQ(registry.Dial("tcp", "h:1").status(),
              absl::UnknownError("slow: dial tcp h:1"));
  });
  events.dialling.WaitForNotification();
  EXPECT_EQ(registry.Replace("tcp", MakeEcho("b")), absl::OkStatus());
  EXPECT_EQ(WhoDials(registry, "tcp"), "b");
  events.release.Notify();
  dialler.join();
  EXPECT_TRUE(events.died.HasBeenNotified());
}

TEST(RegistryTest, AnyMethodFromManyThreads) {
  Registry registry;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&registry, t] {
      const std::string name = absl::StrCat("net", t);
      EXPECT_EQ(registry.Register(name, MakeEcho("a")), absl::OkStatus());
      for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(registry.Replace("shared", MakeEcho("s")), absl::OkStatus());
        EXPECT_EQ(WhoDials(registry, "shared"), "s");
        Registry copy = registry.Copy();
        EXPECT_EQ(WhoDials(copy, name), "a");
        EXPECT_GE(registry.Names().size(), 2u);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(registry.Names(),
            Names({"net0", "net1", "net2", "net3", "shared"}));
}

}  // namespace
}  // namespace plumb
