#include "backends/posix/lookup.h"

#include <netdb.h>

#include <cerrno>
#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "transport/error.h"
#include "transport/ip_addr.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

TEST(Lookup, Localhost) {
  const absl::StatusOr<std::vector<IpAddr>> ips = LookupHost("localhost");
  ASSERT_TRUE(ips.ok()) << ips.status();
  ASSERT_FALSE(ips->empty());
  for (const IpAddr& ip : *ips) EXPECT_TRUE(ip.IsLoopback()) << ip;
}

// S-DN-07.
TEST(Lookup, WhatCannotBeANameIsNotAskedFor) {
  for (const std::string& host :
       {std::string("127.0.0.01"), std::string("127.1"), std::string("1"),
        std::string("0x7f.1"), std::string(254, 'a'),
        std::string("local\0host", 10)}) {
    const absl::Status status = LookupHost(host).status();
    EXPECT_EQ(status.code(), Code::kNotFound) << host;
    EXPECT_EQ(status.message(), "lookup " + host + ": no such host");
    EXPECT_TRUE(IsNoSuchHost(status));
  }
}

TEST(Lookup, ErrorsByCause) {
  const struct {
    int result;
    int error;
    Code code;
    const char* text;
  } kCases[] = {
      {EAI_NONAME, 0, Code::kNotFound, "lookup db: no such host"},
      {EAI_NODATA, 0, Code::kNotFound, "lookup db: no such host"},
      {EAI_ADDRFAMILY, 0, Code::kNotFound, "lookup db: no such host"},
      {EAI_AGAIN, 0, Code::kUnavailable,
       "lookup db: Temporary failure in name resolution"},
      {EAI_FAIL, 0, Code::kUnavailable,
       "lookup db: Non-recoverable failure in name resolution"},
      {EAI_MEMORY, 0, Code::kResourceExhausted,
       "lookup db: Memory allocation failure"},
      {EAI_SYSTEM, 0, Code::kResourceExhausted,
       "lookup db: too many open files"},
      {EAI_SYSTEM, EACCES, Code::kPermissionDenied,
       "lookup db: permission denied"},
  };
  for (const auto& c : kCases) {
    const absl::Status status = LookupError("db", c.result, c.error);
    EXPECT_EQ(status.code(), c.code) << c.text;
    EXPECT_EQ(status.message(), c.text);
    EXPECT_EQ(IsNoSuchHost(status), c.code == Code::kNotFound);
  }
}

}  // namespace
}  // namespace plumb
