#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "backends/tcp/tcp_fixture_for_test.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "transport/addr.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/listener.h"
#include "transport/options.h"
#include "transport/transport.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

// S-LN-01, S-LN-02, S-AD-04.
TEST_F(TcpTest, WhereItListens) {
  const struct {
    const char* network;
    const char* address;
    const char* host;
  } kCases[] = {
      {"tcp", "", "[::]:"},
      {"tcp", ":0", "[::]:"},
      {"tcp", "0.0.0.0:0", "[::]:"},
      {"tcp", "[::]:0", "[::]:"},
      {"tcp4", ":0", "0.0.0.0:"},
      {"tcp6", ":0", "[::]:"},
      {"tcp", "[::1]:0", "[::1]:"},
      {"tcp", "127.0.0.1:0", "127.0.0.1:"},
      {"tcp", "localhost:0", "127.0.0.1:"},
      {"tcp", "[::ffff:127.0.0.1]:0", "127.0.0.1:"},
  };
  for (const auto& c : kCases) {
    auto listener = *tcp_->Listen(c.network, c.address);
    const Addr address = listener->Address();
    EXPECT_EQ(address.ToString(), absl::StrCat(c.host, address.port()));
    EXPECT_EQ(address.network(), "tcp");
    EXPECT_NE(address.port(), 0);
  }
}

TEST_F(TcpTest, WildcardTakesBothFamilies) {
  auto listener = *tcp_->Listen("tcp", ":0");
  const std::string port = absl::StrCat(listener->Address().port());
  for (const char* host : {"127.0.0.1", "[::1]", "", "localhost", "[::]"}) {
    auto client = *tcp_->Dial("tcp", absl::StrCat(host, ":", port));
    auto server = *listener->Accept();
    EXPECT_EQ(server->RemoteAddr(), client->LocalAddr()) << host;
    EXPECT_EQ(server->LocalAddr(), client->RemoteAddr()) << host;
    EXPECT_FALSE(server->RemoteAddr().ip().is_v4_mapped()) << host;
  }
}

// S-LN-03.
TEST_F(TcpTest, SecondListenerOnThePort) {
  const struct {
    const char* network1;
    const char* host1;
    const char* network2;
    const char* host2;
    bool ok;
  } kCases[] = {
      {"tcp", "", "tcp", "", false},
      {"tcp", "", "tcp", "0.0.0.0", false},
      {"tcp", "0.0.0.0", "tcp", "", false},
      {"tcp", "", "tcp", "[::]", false},
      {"tcp", "[::]", "tcp", "", false},
      {"tcp", "0.0.0.0", "tcp", "[::]", false},
      {"tcp", "[::]", "tcp", "0.0.0.0", false},
      {"tcp", "[::ffff:0.0.0.0]", "tcp", "[::]", false},
      {"tcp", "[::]", "tcp", "[::ffff:0.0.0.0]", false},
      {"tcp4", "", "tcp6", "", true},
      {"tcp6", "", "tcp4", "", true},
      {"tcp4", "0.0.0.0", "tcp6", "[::]", true},
      {"tcp6", "[::]", "tcp4", "0.0.0.0", true},
      {"tcp", "127.0.0.1", "tcp", "[::1]", true},
      {"tcp", "[::1]", "tcp", "127.0.0.1", true},
      {"tcp4", "127.0.0.1", "tcp6", "[::1]", true},
      {"tcp6", "[::1]", "tcp4", "127.0.0.1", true},
  };
  for (const auto& c : kCases) {
    auto first = *tcp_->Listen(c.network1, absl::StrCat(c.host1, ":0"));
    const std::string address =
        absl::StrCat(c.host2, ":", first->Address().port());
    const absl::Status status = tcp_->Listen(c.network2, address).status();
    EXPECT_EQ(status.ok(), c.ok) << c.host1 << " " << c.host2;
    EXPECT_EQ(IsAddressInUse(status), !c.ok) << status;
  }
}

TEST_F(TcpTest, AddressInUse) {
  auto listener = *tcp_->Listen("tcp", "127.0.0.1:0");
  const std::string address = listener->Address().ToString();
  ExpectError(
      tcp_->Listen("tcp", address).status(), Code::kAlreadyExists,
      absl::StrCat("listen tcp ", address, ": bind: address already in use"));
  EXPECT_TRUE(listener->Close().ok());
  EXPECT_TRUE(tcp_->Listen("tcp", address).ok());
}

TEST_F(TcpTest, ReusePort) {
  ListenOptions options;
  options.reuse_port = true;
  auto first = *tcp_->Listen("tcp", "127.0.0.1:0", options);
  EXPECT_TRUE(tcp_->Listen("tcp", first->Address().ToString(), options).ok());
}

}  // namespace
}  // namespace plumb
