#include "backends/posix/lookup.h"

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
        std::string("local\0host", 10), std::string("a.onion"),
        std::string("A.Onion.")}) {
    const absl::Status status = LookupHost(host).status();
    EXPECT_EQ(status.code(), Code::kNotFound) << host;
    EXPECT_EQ(status.message(), "lookup " + host + ": no such host");
    EXPECT_TRUE(IsNoSuchHost(status));
  }
}

}  // namespace
}  // namespace plumb
