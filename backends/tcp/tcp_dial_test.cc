#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "backends/tcp/tcp_fixture_for_test.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "transport/error.h"
#include "transport/listener.h"
#include "transport/options.h"
#include "transport/transport.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

// V-8, S-DI-13.
TEST_F(TcpTest, LocalAddress) {
  auto v4 = *tcp_->Listen("tcp4", "127.0.0.1:0");
  auto v6 = *tcp_->Listen("tcp6", "[::1]:0");
  const std::string to4 = v4->Address().ToString();
  const std::string to6 = v6->Address().ToString();
  const struct {
    const char* network;
    const std::string& to;
    const char* local;
    std::string error;
  } kCases[] = {
      {"tcp", to4, "127.0.0.1:0", ""},
      {"tcp", to4, ":0", ""},
      {"tcp", to4, "0.0.0.0:0", ""},
      {"tcp", to4, "[::]:0", ""},
      {"tcp4", to4, "0.0.0.0:0", ""},
      {"tcp", to6, "[::1]:0", ""},
      {"tcp", to6, "0.0.0.0:0", ""},
      {"tcp6", to6, "0.0.0.0:0", ""},
      {"tcp6", to6, "[::]:0", ""},
      {"tcp4", to4, "[::]:0",
       absl::StrCat("dial tcp4 [::]:0->", to4,
                    ": address ::: non-IPv4 address")},
      {"tcp", to4, "[::1]:0",
       "dial tcp: address [::1]:0: no suitable address found"},
      {"tcp", to6, "127.0.0.1:0",
       "dial tcp: address 127.0.0.1:0: no suitable address found"},
      {"tcp", to4, "127.0.0.1",
       "dial tcp: address 127.0.0.1: missing port in address"},
      {"tcp", to4, "192.0.2.1:0",
       absl::StrCat("dial tcp 192.0.2.1:0->", to4,
                    ": bind: cannot assign requested address")},
  };
  for (const auto& c : kCases) {
    DialOptions options;
    options.local_address = c.local;
    const auto conn = tcp_->Dial(c.network, c.to, options);
    if (c.error.empty()) {
      EXPECT_TRUE(conn.ok()) << c.local << " " << conn.status();
    } else {
      ExpectError(conn.status(), Code::kInvalidArgument, c.error);
    }
  }
}

TEST_F(TcpTest, LocalPort) {
  const std::string local = ClosedAddress();
  auto listener = *tcp_->Listen("tcp", "127.0.0.1:0");
  DialOptions options;
  options.local_address = local;
  auto conn = *tcp_->Dial("tcp", listener->Address().ToString(), options);
  EXPECT_EQ(conn->LocalAddr().ToString(), local);
}

TEST_F(TcpTest, Refused) {
  const std::string address = ClosedAddress();
  const absl::Status status = tcp_->Dial("tcp", address).status();
  ExpectError(
      status, Code::kUnavailable,
      absl::StrCat("dial tcp ", address, ": connect: connection refused"));
  EXPECT_TRUE(IsRefused(status));
}

// S-DI-03, S-DI-15.
TEST_F(TcpTest, SeveralAddressesInTurn) {
  auto listener = *tcp_->Listen("tcp4", "127.0.0.1:0");
  const std::string address = absl::StrCat("[::]:", listener->Address().port());
  EXPECT_TRUE(tcp_->Dial("tcp", address).ok());
  EXPECT_TRUE(listener->Close().ok());
  ExpectError(
      tcp_->Dial("tcp", address).status(), Code::kUnavailable,
      absl::StrCat("dial tcp ", address, ": connect: connection refused"));
}

TEST_F(TcpTest, TimeThatHasPassed) {
  auto listener = *tcp_->Listen("tcp", "127.0.0.1:0");
  const std::string address = listener->Address().ToString();
  DialOptions options;
  options.timeout = absl::Seconds(-1);
  const absl::Status status = tcp_->Dial("tcp", address, options).status();
  ExpectError(status, Code::kDeadlineExceeded,
              absl::StrCat("dial tcp ", address, ": i/o timeout"));
  EXPECT_TRUE(IsTimeout(status));
  options.timeout = absl::InfiniteDuration();
  options.deadline = absl::InfinitePast();
  ExpectError(tcp_->Dial("tcp", address, options).status(),
              Code::kDeadlineExceeded,
              absl::StrCat("dial tcp ", address, ": i/o timeout"));
}

}  // namespace
}  // namespace plumb
