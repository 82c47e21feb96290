#include "transport/port.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace plumb {
namespace {

void ExpectPort(absl::string_view network, absl::string_view text,
                uint16_t port) {
  const absl::StatusOr<uint16_t> parsed = ParsePort(network, text);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(*parsed, port) << network << " " << text;
}

// V-5b, S-DN-11.
TEST(PortTest, NumbersAsInGo) {
  ExpectPort("tcp", "", 0);
  ExpectPort("tcp", "0", 0);
  ExpectPort("tcp", "-0", 0);
  ExpectPort("tcp", "+0", 0);
  ExpectPort("tcp", "+1", 1);
  ExpectPort("tcp", "+", 0);
  ExpectPort("tcp", "-", 0);
  ExpectPort("tcp", "0080", 80);
  ExpectPort("tcp", "65535", 65535);
  ExpectPort("fake", "8080", 8080);
}

// S-DN-11.
TEST(PortTest, NumbersOutOfRange) {
  for (const char* text :
       {"-1", "65536", "99999", "-1073741825", "1073741823", "1073741824",
        "4294967296", "18446744073709551616", "99999999999999999999999"}) {
    EXPECT_EQ(ParsePort("tcp", text).status(),
              absl::InvalidArgumentError(
                  absl::StrCat("address ", text, ": invalid port")));
  }
}

// S-DN-11.
TEST(PortTest, ServicesByName) {
  ExpectPort("tcp", "http", 80);
  ExpectPort("tcp4", "https", 443);
  ExpectPort("tcp6", "HTTP", 80);
  ExpectPort("tcp", "Ssh", 22);
  ExpectPort("tcp", "smtp", 25);
  ExpectPort("tcp", "ftp", 21);
  ExpectPort("tcp", "domain", 53);
  ExpectPort("udp", "domain", 53);
  ExpectPort("udp6", "DOMAIN", 53);
}

// Whatever this machine says about `name`, a service that is not built in.
void ExpectAsTheSystem(absl::string_view network, const char* protocol,
                       const char* name) {
  if (const servent* service = getservbyname(name, protocol)) {
    const auto port = static_cast<uint16_t>(service->s_port);
    ExpectPort(network, name, ntohs(port));
    ExpectPort(network, absl::AsciiStrToUpper(name), ntohs(port));
  } else {
    EXPECT_EQ(ParsePort(network, name).status(),
              absl::NotFoundError(absl::StrCat("lookup ", protocol, "/", name,
                                               ": unknown port")));
  }
}

TEST(PortTest, ServicesThatTheSystemKnows) {
  ExpectAsTheSystem("udp", "udp", "ntp");
  ExpectAsTheSystem("udp4", "udp", "tftp");
  ExpectAsTheSystem("tcp", "tcp", "postgresql");
  ExpectAsTheSystem("tcp6", "tcp", "www");  // an alias
}

TEST(PortTest, EachProtocolHasServicesOfItsOwn) {
  ExpectAsTheSystem("tcp4", "tcp", "tftp");
  ExpectAsTheSystem("udp", "udp", "smtp");
  ExpectAsTheSystem("udp6", "udp", "submissions");
}

TEST(PortTest, OtherNetworksUseBoth) {
  ExpectPort("fake", "http", 80);
  ExpectPort("fake", "domain", 53);
  EXPECT_EQ(ParsePort("fake", "nosuchsvc").status(),
            absl::NotFoundError("lookup fake/nosuchsvc: unknown port"));
}

// V-5b, S-DN-11.
TEST(PortTest, UnknownServices) {
  for (const char* text : {"nosuchsvc", "123badport", "badport123", "80 ",
                           " 80", "+-80", "1.5", "0x50", "https%foo"}) {
    EXPECT_EQ(ParsePort("tcp", text).status(),
              absl::NotFoundError(
                  absl::StrCat("lookup tcp/", text, ": unknown port")));
  }
  EXPECT_EQ(ParsePort("tcp", absl::string_view("www\0x", 5)).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace plumb
