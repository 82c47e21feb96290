#include "transport/ip_protocol.h"

#include <netdb.h>

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace plumb {
namespace {

void ExpectProtocol(absl::string_view text, int number) {
  const absl::StatusOr<uint8_t> parsed = ParseIpProtocol(text);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(int{*parsed}, number) << text;
}

TEST(IpProtocolTest, ByName) {
  ExpectProtocol("icmp", 1);
  ExpectProtocol("igmp", 2);
  ExpectProtocol("tcp", 6);
  ExpectProtocol("udp", 17);
  ExpectProtocol("ipv6-icmp", 58);
}

// F-110.
TEST(IpProtocolTest, CaseDoesNotMatter) {
  ExpectProtocol("ICMP", 1);
  ExpectProtocol("IPv6-ICMP", 58);
  ExpectProtocol("IPV6-ICMP", 58);
}

TEST(IpProtocolTest, NamesThatTheSystemKnows) {
  for (const char* name : {"gre", "sctp"}) {
    if (const protoent* protocol = getprotobyname(name)) {
      ExpectProtocol(name, protocol->p_proto);
      ExpectProtocol(absl::AsciiStrToUpper(name), protocol->p_proto);
    } else {
      EXPECT_EQ(ParseIpProtocol(name).status(),
                absl::InvalidArgumentError(absl::StrCat(
                    "address ", name, ": unknown IP protocol specified")));
    }
  }
}

TEST(IpProtocolTest, ByNumber) {
  ExpectProtocol("0", 0);
  ExpectProtocol("1", 1);
  ExpectProtocol("058", 58);
  ExpectProtocol("255", 255);
}

TEST(IpProtocolTest, Unknown) {
  for (const char* text : {"icmp2", "256", "99999999999999999999", "-1", "+1",
                           "1 ", " icmp", "1.5", "icmp:1"}) {
    EXPECT_EQ(ParseIpProtocol(text).status(),
              absl::InvalidArgumentError(absl::StrCat(
                  "address ", text, ": unknown IP protocol specified")));
  }
  EXPECT_EQ(ParseIpProtocol("").status(),
            absl::InvalidArgumentError("unknown IP protocol specified"));
  EXPECT_EQ(ParseIpProtocol(absl::string_view("gre\0x", 5)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace plumb
