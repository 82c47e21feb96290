#include "testing/fault/endpoint_pattern.h"

#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace plumb {
namespace {

Addr At(absl::string_view ip) { return Addr::Tcp(*IpAddr::Parse(ip), 80); }

bool Fits(absl::string_view pattern, absl::string_view host, const Addr& addr) {
  const absl::StatusOr<EndpointPattern> parsed =
      EndpointPattern::Parse(pattern);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() && parsed->Matches(host, addr);
}

TEST(EndpointPatternTest, AHostIsItsNameInAnyCase) {
  EXPECT_TRUE(Fits("Db", "dB", At("10.0.0.1")));
  EXPECT_FALSE(Fits("db", "db2", At("10.0.0.1")));
  EXPECT_FALSE(Fits("db", "", At("10.0.0.1")));
  EXPECT_TRUE(Fits("", "", Addr()));
}

TEST(EndpointPatternTest, ARangeIsOfItsFamily) {
  EXPECT_TRUE(Fits("10.0.0.1", "db", At("10.0.0.1")));
  EXPECT_FALSE(Fits("10.0.0.1", "db", At("10.0.0.2")));
  EXPECT_TRUE(Fits("10.0.0.0/9", "", At("10.127.0.9")));
  EXPECT_FALSE(Fits("10.0.0.0/9", "", At("10.128.0.9")));
  EXPECT_TRUE(Fits("0.0.0.0/0", "", At("1.2.3.4")));
  EXPECT_FALSE(Fits("0.0.0.0/0", "", At("::1")));
  EXPECT_TRUE(Fits("fd00::/8", "", At("fd12::1")));
  EXPECT_FALSE(Fits("fd00::/8", "", At("fe80::1")));
  EXPECT_TRUE(Fits("::/0", "", At("fe80::1")));
  EXPECT_FALSE(Fits("::/0", "", Addr::Named("unix", "/x")));
}

TEST(EndpointPatternTest, AUnixSocketIsItsName) {
  EXPECT_TRUE(Fits("/run/x", "db", Addr::Named("unix", "/run/x")));
  EXPECT_FALSE(Fits("/run/x", "db", Addr::Named("unix", "/run/y")));
  EXPECT_TRUE(Fits("@x", "db", Addr::Named("unix", "@x")));
}

TEST(EndpointPatternTest, WhatIsNeitherIsRefused) {
  for (const absl::string_view bad :
       {"10.0.0.0/x", "fd00::/129", "db/8", "a b", "[::1]:80"}) {
    EXPECT_FALSE(EndpointPattern::Parse(bad).ok()) << bad;
  }
}

TEST(EndpointPatternTest, AllCoversEach) {
  const EndpointPattern all;
  const EndpointPattern db = *EndpointPattern::Parse("db");
  EXPECT_TRUE(all.Covers(db));
  EXPECT_FALSE(db.Covers(all));
  EXPECT_TRUE(db.Covers(*EndpointPattern::Parse("DB")));
  EXPECT_FALSE(db.Covers(*EndpointPattern::Parse("web")));
}

}  // namespace
}  // namespace plumb
