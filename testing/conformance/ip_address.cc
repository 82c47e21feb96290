#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "testing/conformance/case.h"
#include "testing/conformance/ip_address_suite.h"
#include "testing/matchers.h"
#include "transport/error.h"

namespace plumb {

using Code = absl::StatusCode;

CONFORMANCE_CASE(IpAddressConformance, WhereItListens) {
  Covers({"S-LN-01", "S-LN-02", "S-LN-06", "S-AD-04", "S-AD-05", "S-AD-11"});
  const struct {
    const char* family;
    const char* address;
    const char* host;
  } kCases[] = {
      {"", "", "[::]:"},
      {"", ":0", "[::]:"},
      {"", "0.0.0.0:0", "[::]:"},
      {"", "[::]:0", "[::]:"},
      {"4", ":0", "0.0.0.0:"},
      {"6", ":0", "[::]:"},
      {"", "[::1]:0", "[::1]:"},
      {"", "127.0.0.1:0", "127.0.0.1:"},
      {"4", "127.0.0.1:0", "127.0.0.1:"},
      {"6", "[::1]:0", "[::1]:"},
      {"", "localhost:0", "127.0.0.1:"},
      {"", "[::ffff:127.0.0.1]:0", "127.0.0.1:"},
  };
  for (const auto& c : kCases) {
    PLUMB_ASSERT_OK_AND_ASSIGN(const auto listener,
                               transport().Listen(Named(c.family), c.address));
    const Addr address = listener->Address();
    EXPECT_EQ(address.ToString(), absl::StrCat(c.host, address.port()));
    EXPECT_EQ(address.network(), network());
    EXPECT_NE(address.port(), 0);
  }
}

CONFORMANCE_CASE(IpAddressConformance, WildcardTakesBothFamilies) {
  Covers({"S-LN-01", "S-AD-05", "S-AD-11", "S-DI-15"});
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto listener,
                             transport().Listen(network(), ":0"));
  const std::string port = absl::StrCat(listener->Address().port());
  for (const char* host :
       {"127.0.0.1", "[::1]", "", "localhost", "[::]", "0.0.0.0"}) {
    PLUMB_ASSERT_OK_AND_ASSIGN(
        const auto client,
        transport().Dial(network(), absl::StrCat(host, ":", port)));
    ASSERT_THAT(client->Write("x"), IsOk());
    PLUMB_ASSERT_OK_AND_ASSIGN(const auto server, listener->Accept());
    EXPECT_EQ(server->RemoteAddr(), client->LocalAddr()) << host;
    EXPECT_TRUE(client->RemoteAddr().ip().IsLoopback()) << host;
    EXPECT_FALSE(server->RemoteAddr().ip().is_v4_mapped()) << host;
    EXPECT_THAT(server, ConnReads("x"));
    EXPECT_THAT(server->Write("y"), IsOk());
    EXPECT_THAT(client, ConnReads("y"));
  }
}

CONFORMANCE_CASE(IpAddressConformance, WildcardHearsBothFamilies) {
  CoversIf(backend().packets, {"S-LN-01", "S-AD-05"});
  if (!backend().packets) {
    EXPECT_THAT(transport().ListenPacket(network(), ":0"), IsUnsupported());
    return;
  }
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto packets,
                             transport().ListenPacket(network(), ":0"));
  EXPECT_TRUE(packets->LocalAddr().ip().IsUnspecified());
  const std::string port = absl::StrCat(packets->LocalAddr().port());
  for (const char* host : {"127.0.0.1", "[::1]"}) {
    PLUMB_ASSERT_OK_AND_ASSIGN(
        const auto client,
        transport().Dial(network(), absl::StrCat(host, ":", port)));
    ASSERT_THAT(client->Write("x"), IsOk());
    char buffer[10];
    PLUMB_ASSERT_OK_AND_ASSIGN(const Received got,
                               packets->ReadFrom(absl::MakeSpan(buffer)));
    EXPECT_EQ(got.from, client->LocalAddr());
    EXPECT_THAT(packets->WriteTo("y", got.from), IsOk());
    EXPECT_THAT(client, ConnReads("y"));
  }
}

CONFORMANCE_CASE(IpAddressConformance, SecondListenerOnThePort) {
  Covers({"S-LN-03"});
  CoversIf(backend().packets, {"S-UD-07"});
  const struct {
    const char* family1;
    const char* host1;
    const char* family2;
    const char* host2;
    bool in_use;
  } kCases[] = {
      {"", "", "", "", true},
      {"", "", "", "0.0.0.0", true},
      {"", "", "", "[::]", true},
      {"", "0.0.0.0", "", "[::]", true},
      {"", "[::ffff:0.0.0.0]", "", "[::]", true},
      {"", "", "", "127.0.0.1", true},
      {"4", "", "4", "127.0.0.1", true},
      {"4", "", "6", "", false},
      {"4", "0.0.0.0", "6", "[::]", false},
      {"", "127.0.0.1", "", "[::1]", false},
      {"4", "127.0.0.1", "6", "[::1]", false},
      {"", "127.0.0.1", "", "127.0.0.2", false},
  };
  for (const auto& c : kCases) {
    for (const bool forwards : {true, false}) {
      const char* const family1 = forwards ? c.family1 : c.family2;
      const char* const family2 = forwards ? c.family2 : c.family1;
      const char* const host1 = forwards ? c.host1 : c.host2;
      const char* const host2 = forwards ? c.host2 : c.host1;
      const std::string what =
          absl::StrCat(Named(family1), " \"", host1, "\", then ",
                       Named(family2), " \"", host2, "\"");
      PLUMB_ASSERT_OK_AND_ASSIGN(
          const auto first,
          transport().Listen(Named(family1), absl::StrCat(host1, ":0")));
      const std::string where =
          absl::StrCat(host2, ":", first->Address().port());
      const absl::Status listen =
          transport().Listen(Named(family2), where).status();
      EXPECT_EQ(listen.ok(), !c.in_use) << what;
      EXPECT_EQ(IsAddressInUse(listen), c.in_use) << what << ": " << listen;
      if (!backend().packets) continue;
      const absl::Status packets =
          transport().ListenPacket(Named(family2), where).status();
      EXPECT_EQ(packets.ok(), !c.in_use) << what;
      EXPECT_EQ(IsAddressInUse(packets), c.in_use) << what << ": " << packets;
    }
  }
}

CONFORMANCE_CASE(IpAddressConformance, FamiliesThatDoNotMatch) {
  Covers({"S-AD-12"});
  const struct {
    const char* family;
    const char* address;
    const char* ip;
  } kCases[] = {
      {"4", "[::1]:80", "::1"},
      {"6", "127.0.0.1:80", "127.0.0.1"},
      {"6", "[::ffff:127.0.0.1]:80", "::ffff:127.0.0.1"},
  };
  for (const auto& c : kCases) {
    const std::string cause = absl::StrCat(Named(c.family), ": address ", c.ip,
                                           ": no suitable address found");
    EXPECT_THAT(transport().Dial(Named(c.family), c.address),
                ErrorIs(Code::kInvalidArgument, absl::StrCat("dial ", cause)));
    const std::string listen = absl::StrCat("listen ", cause);
    EXPECT_THAT(transport().Listen(Named(c.family), c.address),
                ErrorIs(Code::kInvalidArgument, listen));
    if (!backend().packets) continue;
    EXPECT_THAT(transport().ListenPacket(Named(c.family), c.address),
                ErrorIs(Code::kInvalidArgument, listen));
  }
}

CONFORMANCE_CASE(IpAddressConformance, WhatIsOfALinkNeedsAZoneToBeDialled) {
  Covers({"C-ER-02"});
  const auto fails = [&](const std::string& family, const char* target,
                         Code code, int error, const char* cause) {
    const absl::Status status =
        transport().Dial(Named(family), target).status();
    EXPECT_THAT(status,
                ErrorIs(code, absl::StrCat("dial ", Named(family), " ", target,
                                           ": connect: ", cause)));
    ASSERT_TRUE(GetErrorInfo(status).has_value());
    EXPECT_EQ(GetErrorInfo(status)->errno_value, error);
  };
  for (const char* family : {"", "6"}) {
    fails(family, "[fe80::1]:9", Code::kInvalidArgument, EINVAL,
          "invalid argument");
    for (const char* group : {"[ff01::114]:9", "[ff02::114]:9"}) {
      if (backend().packets) {
        fails(family, group, Code::kInvalidArgument, EINVAL,
              "invalid argument");
      } else {
        // There are no connections to groups.
        fails(family, group, Code::kUnavailable, ENETUNREACH,
              "network is unreachable");
      }
    }
  }
}

CONFORMANCE_CASE(IpAddressConformance, LocalAddressesThatDoNotFit) {
  Covers({"S-DI-13"});
  for (const char* local : {":0", "0.0.0.0:0", "[::]:0", "127.0.0.1:0"}) {
    PLUMB_ASSERT_OK_AND_ASSIGN(const auto listener,
                               transport().Listen(network(), "127.0.0.1:0"));
    DialOptions options;
    options.local_address = local;
    EXPECT_THAT(
        transport().Dial(network(), listener->Address().ToString(), options),
        IsOk())
        << local;
  }
  DialOptions options;
  options.local_address = "[::1]:0";
  EXPECT_THAT(transport().Dial(network(), "127.0.0.1:9", options),
              ErrorIs(Code::kInvalidArgument,
                      absl::StrCat("dial ", network(),
                                   ": address [::1]:0: no suitable address "
                                   "found")));
  // Any target would do, but for the network.
  EXPECT_THAT(transport().Dial(Named("4"), ":9", options),
              ErrorIs(Code::kInvalidArgument,
                      absl::StrCat("dial ", Named("4"),
                                   ": address [::1]:0: no suitable address "
                                   "found")));
}

CONFORMANCE_CASE(IpAddressConformance, LocalAddressByName) {
  Covers({"S-DI-13"});
  const struct {
    const char* family;
    const char* listen;
    const char* family_of_target;
  } kCases[] = {{"", "127.0.0.1:0", "4"},
                {"4", "127.0.0.1:0", "4"},
                {"", "[::1]:0", "6"},
                {"6", "[::1]:0", "6"}};
  DialOptions options;
  options.local_address = "localhost:0";
  for (const auto& c : kCases) {
    PLUMB_ASSERT_OK_AND_ASSIGN(const auto listener,
                               transport().Listen(Named(c.family), c.listen));
    const Addr target = listener->Address();
    // A machine need not know the name by IPv6.
    const bool known = transport()
                           .Dial(Named(c.family_of_target),
                                 absl::StrCat("localhost:", target.port()))
                           .ok();
    const auto conn =
        transport().Dial(Named(c.family), target.ToString(), options);
    if (known) {
      ASSERT_THAT(conn, IsOk());
      EXPECT_EQ((*conn)->LocalAddr().ip(), target.ip());
    } else {
      EXPECT_THAT(conn,
                  ErrorIs(Code::kInvalidArgument,
                          absl::StrCat("dial ", Named(c.family),
                                       ": address 127.0.0.1:0: no suitable "
                                       "address found")));
    }
  }
}

CONFORMANCE_CASE(IpAddressConformance, PortsByName) {
  Covers({"S-AD-10"});
  // A fake network's own streams have the ports of tcp.
  const absl::string_view protocol = network() == "udp" ? "udp" : "tcp";
  const std::string cause = absl::StrCat(network(), ": lookup ", protocol,
                                         "/nosuchservice: unknown port");
  const std::string listen = absl::StrCat("listen ", cause);
  EXPECT_THAT(transport().Dial(network(), "127.0.0.1:nosuchservice"),
              ErrorIs(Code::kNotFound, absl::StrCat("dial ", cause)));
  EXPECT_THAT(transport().Listen(network(), ":nosuchservice"),
              ErrorIs(Code::kNotFound, listen));
  if (backend().packets) {
    EXPECT_THAT(transport().ListenPacket(network(), ":nosuchservice"),
                ErrorIs(Code::kNotFound, listen));
  }
  // "+0" is a number.
  EXPECT_THAT(transport().Listen(network(), "127.0.0.1:+0"), IsOk());
}

}  // namespace plumb
