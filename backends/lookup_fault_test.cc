// Names that do not resolve, on each network that asks the system for them: its
// resolver is replaced by one that fails as it is told. The ids are those of
// testing/conformance/ids.cc.
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "backends/ip/ip.h"
#include "backends/posix/lookup.h"
#include "backends/tcp/tcp.h"
#include "backends/udp/udp.h"
#include "gtest/gtest.h"
#include "testing/matchers.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/ip_addr.h"
#include "transport/listener.h"
#include "transport/options.h"
#include "transport/registry.h"

namespace {

size_t spared = 0;         // so many lookups do not fail
int result = 0;            // of the others
int error = 0;             // and errno then
addrinfo* list = nullptr;  // and what they find
std::vector<std::string> asked;
std::vector<addrinfo*> freed;

}  // namespace

// In place of the C library's.
extern "C" int getaddrinfo(const char* node, const char* /*service*/,
                           const addrinfo* /*hints*/, addrinfo** found) {
  asked.push_back(node);
  *found = list;
  const bool fails = asked.size() > spared;
  errno = fails ? error : 0;
  return fails ? result : 0;
}

extern "C" void freeaddrinfo(addrinfo* found) noexcept {
  freed.push_back(found);
}

namespace plumb {
namespace {

using Code = absl::StatusCode;

class LookupFaultTest : public ::testing::Test {
 protected:
  LookupFaultTest() {
    EXPECT_THAT(RegisterTcp(registry_), IsOk());
    EXPECT_THAT(RegisterUdp(registry_), IsOk());
    EXPECT_THAT(RegisterIp(registry_), IsOk());
    spared = 0;
    result = error = 0;
    list = nullptr;
    asked.clear();
    freed.clear();
  }

  Registry registry_;
};

struct Failure {
  int result;
  int error;
  Code code;
  const char* words;
};

constexpr Failure kFailures[] = {
    {EAI_NONAME, 0, Code::kNotFound, "no such host"},
    {EAI_NODATA, 0, Code::kNotFound, "no such host"},
    {EAI_ADDRFAMILY, 0, Code::kNotFound, "no such host"},
    {EAI_AGAIN, 0, Code::kUnavailable, "Temporary failure in name resolution"},
    {EAI_FAIL, 0, Code::kUnavailable,
     "Non-recoverable failure in name resolution"},
    {EAI_MEMORY, 0, Code::kResourceExhausted, "Memory allocation failure"},
    {EAI_SYSTEM, EMFILE, Code::kResourceExhausted, "too many open files"},
    {EAI_SYSTEM, EACCES, Code::kPermissionDenied, "permission denied"},
    // It does not set errno when it cannot open its files.
    {EAI_SYSTEM, 0, Code::kResourceExhausted, "too many open files"},
    {EAI_SYSTEM, ENOMEM, Code::kResourceExhausted, "cannot allocate memory"},
};

// S-DN-05, S-DN-06: the name is said as it was given.
TEST_F(LookupFaultTest, EachFailureOnEachNetwork) {
  for (const std::string network :
       {"tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "ip4:icmp", "ip6:58"}) {
    const bool raw = absl::StartsWith(network, "ip");
    const std::string address = raw ? "DB.example" : "DB.example:80";
    for (const Failure& failure : kFailures) {
      SCOPED_TRACE(absl::StrCat(network, " ", failure.words));
      result = failure.result;
      error = failure.error;
      const auto fails = [&](const absl::Status& status, const char* op) {
        EXPECT_THAT(status,
                    ErrorIs(failure.code, absl::StrCat(op, " ", network,
                                                       ": lookup DB.example: ",
                                                       failure.words)));
        EXPECT_EQ(IsNoSuchHost(status), failure.code == Code::kNotFound);
        const auto info = GetErrorInfo(status);
        ASSERT_TRUE(info.has_value());
        EXPECT_EQ(info->op, op);
        EXPECT_EQ(info->network, network);
        EXPECT_EQ(info->detail, "DB.example");
        const int expected = failure.result == EAI_SYSTEM && failure.error == 0
                                 ? EMFILE
                                 : failure.error;
        EXPECT_EQ(info->errno_value, expected);
      };
      fails(registry_.Dial(network, address).status(), "dial");
      if (!raw) fails(registry_.Listen(network, address).status(), "listen");
      if (!absl::StartsWith(network, "tcp")) {
        fails(registry_.ListenPacket(network, address).status(), "listen");
      }
    }
  }
  for (const std::string& name : asked) EXPECT_EQ(name, "DB.example");
  EXPECT_TRUE(freed.empty()) << "There was nothing to free.";
}

// An address of IPv4, ::1, and one more of IPv4, as getaddrinfo finds them.
class Found {
 public:
  Found(uint32_t first, uint32_t last) {
    for (sockaddr_in& address : v4_) address.sin_family = AF_INET;
    v4_[0].sin_addr.s_addr = htonl(first);
    v4_[1].sin_addr.s_addr = htonl(last);
    v6_.sin6_family = AF_INET6;
    v6_.sin6_addr = in6addr_loopback;
    found_[0].ai_addr = reinterpret_cast<sockaddr*>(&v4_[0]);
    found_[1].ai_addr = reinterpret_cast<sockaddr*>(&v6_);
    found_[2].ai_addr = reinterpret_cast<sockaddr*>(&v4_[1]);
    found_[0].ai_addrlen = found_[2].ai_addrlen = sizeof v4_[0];
    found_[1].ai_addrlen = sizeof v6_;
    found_[0].ai_next = &found_[1];
    found_[1].ai_next = &found_[2];
    list = found_;
  }
  Found(const Found&) = delete;
  Found& operator=(const Found&) = delete;

  addrinfo* get() { return found_; }

 private:
  sockaddr_in v4_[2] = {};
  sockaddr_in6 v6_ = {};
  addrinfo found_[3] = {};
};

// S-DN-10.
TEST_F(LookupFaultTest, WhatIsFoundIsTriedInItsOrderAndFreed) {
  Found found(0x0a000002, 0x0a000001);
  EXPECT_THAT(LookupHost("db"),
              IsOkAndHolds(std::vector<IpAddr>{IpAddr::V4(10, 0, 0, 2),
                                               IpAddr::LoopbackV6(),
                                               IpAddr::V4(10, 0, 0, 1)}));
  EXPECT_EQ(freed, std::vector<addrinfo*>{found.get()});
}

// S-DI-13.
TEST_F(LookupFaultTest, ALocalNameIsOneThatTheTargetCanBeReachedFrom) {
  const Found found(0x7f000001, 0x7f000002);
  DialOptions options;
  options.local_address = "here:0";
  for (const std::string base : {"tcp", "udp"}) {
    const struct {
      std::string network;
      const char* target;
      IpAddr local;
    } kCases[] = {{base, "127.0.0.1:0", IpAddr::LoopbackV4()},
                  {base + "4", "127.0.0.1:0", IpAddr::LoopbackV4()},
                  {base, "[::1]:0", IpAddr::LoopbackV6()},
                  {base + "6", "[::1]:0", IpAddr::LoopbackV6()}};
    for (const auto& c : kCases) {
      PLUMB_ASSERT_OK_AND_ASSIGN(const auto listener,
                                 registry_.Listen(c.network, c.target));
      PLUMB_ASSERT_OK_AND_ASSIGN(
          const auto conn,
          registry_.Dial(c.network, listener->Address().ToString(), options));
      EXPECT_EQ(conn->LocalAddr().ip(), c.local) << c.network << c.target;
    }
  }
}

// The first address does not fit, and the others are not found.
TEST_F(LookupFaultTest, ALocalNameThatCannotBeAskedForAgainSaysWhy) {
  const Found found(0x7f000001, 0x7f000002);
  spared = 1;
  result = EAI_AGAIN;
  DialOptions options;
  options.local_address = "here:0";
  EXPECT_THAT(registry_.Dial("tcp", "[::1]:9", options),
              ErrorIs(Code::kUnavailable,
                      "dial tcp: lookup here: Temporary failure in name "
                      "resolution"));
}

}  // namespace
}  // namespace plumb
