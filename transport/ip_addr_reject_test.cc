// What IpAddr::Parse rejects, and what it says of it.
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "transport/ip_addr.h"

namespace plumb {
namespace {

absl::Status Rejected(absl::string_view text) {
  return IpAddr::Parse(text).status();
}

struct Reject {
  const char* text;
  const char* why;
};

class IpAddrRejectTest : public ::testing::TestWithParam<Reject> {};

TEST_P(IpAddrRejectTest, SaysWhatGoSays) {
  EXPECT_EQ(Rejected(GetParam().text),
            absl::InvalidArgumentError(absl::StrCat(
                "ParseAddr(\"", GetParam().text, "\"): ", GetParam().why)));
}

INSTANTIATE_TEST_SUITE_P(
    Neither, IpAddrRejectTest,
    ::testing::Values(Reject{"", "unable to parse IP"},
                      Reject{"x", "unable to parse IP"},
                      Reject{"localhost", "unable to parse IP"},
                      Reject{"1234", "unable to parse IP"},
                      Reject{"%eth0", "missing IPv6 address"},
                      Reject{"1%eth0:1", "missing IPv6 address"}));

INSTANTIATE_TEST_SUITE_P(
    V4, IpAddrRejectTest,
    ::testing::Values(
        Reject{"127.0.0.01", "IPv4 field has octet with leading zero"},
        Reject{"1.2.3.00", "IPv4 field has octet with leading zero"},
        Reject{"1.2.3.256", "IPv4 field has value >255"},
        Reject{"1.2.3.99999999999999999999", "IPv4 field has value >255"},
        Reject{".1.2.3",
               R"(IPv4 field must have at least one digit (at ".1.2.3"))"},
        Reject{"1..2.3",
               R"(IPv4 field must have at least one digit (at ".2.3"))"},
        Reject{"1.2.3.", R"(IPv4 field must have at least one digit (at "."))"},
        Reject{".", R"(IPv4 field must have at least one digit (at "."))"},
        Reject{"1.2.3.4.5", "IPv4 address too long"},
        Reject{"1.2.3", "IPv4 address too short"},
        Reject{"1.2.3.4%eth0", R"(unexpected character (at "%eth0"))"},
        Reject{"1.2.3.4:80", R"(unexpected character (at ":80"))"},
        Reject{" 1.2.3.4", R"(unexpected character (at " 1.2.3.4"))"},
        Reject{"1.2.3.4 ", R"(unexpected character (at " "))"},
        Reject{"1.2.3.-4", R"(unexpected character (at "-4"))"},
        Reject{"0x7f.0.0.1", R"(unexpected character (at "x7f.0.0.1"))"},
        Reject{"google.com", R"(unexpected character (at "google.com"))"}));

INSTANTIATE_TEST_SUITE_P(
    V6, IpAddrRejectTest,
    ::testing::Values(
        Reject{"fe80::1%", "zone must be a non-empty string"},
        Reject{"::00001",
               R"(each group must have 4 or less digits (at "00001"))"},
        Reject{"1:fffff::",
               R"(each group must have 4 or less digits (at "fffff::"))"},
        Reject{
            ":",
            R"(each colon-separated field must have at least one digit (at ":"))"},
        Reject{
            ":1",
            R"(each colon-separated field must have at least one digit (at ":1"))"},
        Reject{
            "1:-2::",
            R"(each colon-separated field must have at least one digit (at "-2::"))"},
        Reject{
            "[::1]",
            R"(each colon-separated field must have at least one digit (at "[::1]"))"},
        Reject{
            ":::",
            R"(each colon-separated field must have at least one digit (at ":"))"},
        Reject{
            "1:2:3.4.5.6",
            R"(embedded IPv4 address must replace the final 2 fields of the address (at "3.4.5.6"))"},
        Reject{
            "::2:3:4:5:6:7:8:1.2.3.4",
            R"(too many hex fields to fit an embedded IPv4 at the end of the address (at "1.2.3.4"))"},
        Reject{"::ffff:1.2.3.z", R"(unexpected character (at "z"))"},
        Reject{"::ffff:1.2.3.4:5", R"(unexpected character (at ":5"))"},
        Reject{"::ffff:1.2.3.256", "IPv4 field has value >255"},
        Reject{"::ffff:1.2.3.04", "IPv4 field has octet with leading zero"},
        Reject{"::1.2.3", "IPv4 address too short"},
        Reject{"1:2:3:4:5:6:7:8x",
               R"(unexpected character, want colon (at "x"))"},
        Reject{"::1 ", R"(unexpected character, want colon (at " "))"},
        Reject{"1:2:", R"(colon must be followed by more characters (at ":"))"},
        Reject{"1:2:3:4:5:6:7:8:",
               R"(colon must be followed by more characters (at ":"))"},
        Reject{"1::2::3", R"(multiple :: in address (at ":3"))"},
        Reject{"1:2:3:4:5:6:7:8:9",
               R"(trailing garbage after address (at "9"))"},
        Reject{"1:2:3:4:5:6:7", "address string too short"},
        Reject{"1:2:3:4:5:6:7:8::",
               "the :: must expand to at least one field of zeros"},
        Reject{"1:2:3:4::5:6:7:8",
               "the :: must expand to at least one field of zeros"},
        Reject{"::1:2:3:4:5:6:7:8",
               "the :: must expand to at least one field of zeros"}));

TEST(IpAddrTest, UnknownZoneIsNotFound) {
  EXPECT_EQ(Rejected("fe80::1%nosuch0"),
            absl::NotFoundError("ParseAddr(\"fe80::1%nosuch0\"): no such "
                                "network interface (at \"nosuch0\")"));
  for (const char* zone : {"4294967296", "-1", "+1", "1x", " 1", "0x1", "%"}) {
    EXPECT_EQ(Rejected(absl::StrCat("fe80::1%", zone)),
              absl::NotFoundError(absl::StrCat(
                  "ParseAddr(\"fe80::1%", zone,
                  "\"): no such network interface (at \"", zone, "\")")));
  }
}

TEST(IpAddrTest, NulEndsNothing) {
  EXPECT_EQ(Rejected(absl::string_view("1.2.3.4\0", 8)),
            absl::InvalidArgumentError(R"(ParseAddr("1.2.3.4\x00"): )"
                                       R"(unexpected character (at "\x00"))"));
  EXPECT_EQ(Rejected(absl::string_view("fe80::1%lo\0x", 12)),
            absl::NotFoundError(R"(ParseAddr("fe80::1%lo\x00x"): )"
                                R"(no such network interface (at "lo\x00x"))"));
}

}  // namespace
}  // namespace plumb
