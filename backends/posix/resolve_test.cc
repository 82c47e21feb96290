#include "backends/posix/resolve.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "transport/clock.h"
#include "transport/error.h"
#include "transport/scope.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

Connector NoLimit() {
  return Connector(Clock::Real(), absl::InfiniteDuration());
}

std::string ForDial(const char* network, const char* address) {
  const absl::StatusOr<std::vector<IpPort>> targets =
      ResolveForDial(network, address, NoLimit());
  if (!targets.ok()) return std::string(targets.status().message());
  std::string text;
  for (const IpPort& target : *targets) text += target.ToString() + " ";
  return text;
}

std::string ForListen(const char* network, const char* address) {
  const absl::StatusOr<IpPort> local =
      ResolveForListen(network, address, NoLimit());
  return local.ok() ? local->ToString() : std::string(local.status().message());
}

TEST(Resolve, ForDial) {
  const struct {
    const char* network;
    const char* address;
    const char* result;
  } kCases[] = {
      {"tcp", "127.0.0.1:http", "127.0.0.1:80 "},
      {"tcp", ":80", ":80 "},
      {"tcp", "[::]:80", "[::]:80 0.0.0.0:80 "},
      {"tcp6", "[::]:80", "[::]:80 "},
      {"tcp4", "[::ffff:127.0.0.1]:1", "127.0.0.1:1 "},
      {"tcp4", "localhost:1", "127.0.0.1:1 "},
      {"tcp", "", "missing address"},
      {"tcp", "1:2:3", "address 1:2:3: too many colons in address"},
      {"tcp", "127.0.0.1", "address 127.0.0.1: missing port in address"},
      {"tcp", ":99999", "address 99999: invalid port"},
      {"tcp", ":-1", "address -1: invalid port"},
      {"tcp", ":nosuchsvc", "lookup tcp/nosuchsvc: unknown port"},
      {"tcp4", "[::1]:1", "address ::1: no suitable address found"},
      {"tcp6", "127.0.0.1:1", "address 127.0.0.1: no suitable address found"},
      {"tcp", "127.0.0.01:1", "lookup 127.0.0.01: no such host"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(ForDial(c.network, c.address), c.result)
        << c.network << " " << c.address;
  }
}

// S-LN-08.
TEST(Resolve, ForListen) {
  EXPECT_EQ(ForListen("tcp", ""), ":0");
  EXPECT_EQ(ForListen("tcp", ":8080"), ":8080");
  EXPECT_EQ(ForListen("tcp", "[::1]:0"), "[::1]:0");
  EXPECT_EQ(ForListen("tcp", "localhost:7"), "127.0.0.1:7");
  EXPECT_EQ(ForListen("tcp", "x"), "address x: missing port in address");
}

// S-DN-09.
TEST(Resolve, LimitsCountWhenANameIsLookedUp) {
  const Connector passed(Clock::Real(), absl::ZeroDuration());
  const absl::Status status =
      ResolveForDial("tcp", "localhost:1", passed).status();
  EXPECT_EQ(status.code(), Code::kDeadlineExceeded);
  EXPECT_EQ(status.message(), "lookup localhost: i/o timeout");
  EXPECT_TRUE(IsTimeout(status));
  EXPECT_TRUE(ResolveForDial("tcp", "127.0.0.1:1", passed).ok());
}

// S-DN-09.
TEST(Resolve, ScopesCountWhenANameIsLookedUp) {
  CancelScope scope;
  scope.Cancel();
  const absl::Status status =
      ResolveForListen("tcp", "localhost:1", NoLimit()).status();
  EXPECT_EQ(status.code(), Code::kCancelled);
  EXPECT_EQ(status.message(), "lookup localhost: operation was canceled");
  EXPECT_TRUE(IsCancelledCall(status));
}

}  // namespace
}  // namespace plumb
