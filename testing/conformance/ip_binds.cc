// Cases for sockets that are bound to what is no address of their host: to
// groups, to broadcasts and to addresses with zones. What is asserted holds on
// every Linux: of interfaces there is "lo" alone, number 1.
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "testing/conformance/case.h"
#include "testing/conformance/ip_address_suite.h"
#include "testing/matchers.h"
#include "transport/error.h"
#include "transport/options.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

constexpr char kBroadcast[] = "127.255.255.255";  // of "lo"

DialOptions From(absl::string_view host, uint16_t port = 0) {
  DialOptions options;
  options.local_address = absl::StrCat(host, ":", port);
  return options;
}

std::string At(const char* host, const Addr& addr) {
  return absl::StrCat(host, ":", addr.port());
}

// Why Listen, ListenPacket and Dial cannot bind an address.
struct BindError {
  const char* address;  // without a port
  Code code;
  const char* cause;
};

constexpr BindError kOfAllSockets[] = {
    // RFC 5737 keeps it for examples.
    {"192.0.2.1", Code::kInvalidArgument, "cannot assign requested address"},
    // Every link has it: which one is meant is not known.
    {"[fe80::1]", Code::kInvalidArgument, "invalid argument"},
    // There is no such interface.
    {"[fe80::1%2147483647]", Code::kNotFound, "no such device"},
    {"[fe80::1%lo]", Code::kInvalidArgument, "cannot assign requested address"},
    {"240.0.0.1", Code::kInvalidArgument, "cannot assign requested address"},
};
// Streams cannot be bound to a group of IPv6, and nobody looks at its zone.
constexpr BindError kOfStreams[] = {
    {"[ff02::114]", Code::kInvalidArgument, "invalid argument"},
    {"[ff02::114%lo]", Code::kInvalidArgument, "invalid argument"},
    {"[ff02::114%2147483647]", Code::kInvalidArgument, "invalid argument"},
    {"[ff05::114]", Code::kInvalidArgument, "invalid argument"},
};
constexpr BindError kOfDatagramsThatAreDialled[] = {
    {"[ff01::114]", Code::kInvalidArgument, "invalid argument"},
    {"[ff02::114]", Code::kInvalidArgument, "invalid argument"},
    {"[ff02::114%2147483647]", Code::kNotFound, "no such device"},
};

}  // namespace

void IpAddressConformance::CannotListen(const std::string& address,
                                        absl::StatusCode code,
                                        absl::string_view cause) {
  const std::string text =
      absl::StrCat("listen ", network(), " ", address, ": bind: ", cause);
  EXPECT_THAT(transport().Listen(network(), address), ErrorIs(code, text));
  if (!backend().packets) return;
  EXPECT_THAT(transport().ListenPacket(network(), address),
              ErrorIs(code, text));
}

void IpAddressConformance::CannotDialFrom(const std::string& address,
                                          absl::StatusCode code,
                                          absl::string_view cause) {
  DialOptions options;
  options.local_address = address;
  const char* const target = address[0] == '[' ? "[::1]:9" : "127.0.0.1:9";
  EXPECT_THAT(transport().Dial(network(), target, options),
              ErrorIs(code, absl::StrCat("dial ", network(), " ", address, "->",
                                         target, ": bind: ", cause)));
}

CONFORMANCE_CASE(IpAddressConformance, AddressesThatCannotBeBound) {
  Covers({"S-LN-10", "C-ER-02"});
  for (const BindError& bad : kOfAllSockets) {
    const std::string address = absl::StrCat(bad.address, ":0");
    CannotListen(address, bad.code, bad.cause);
    CannotDialFrom(address, bad.code, bad.cause);
  }
  if (backend().packets) {
    for (const BindError& bad : kOfDatagramsThatAreDialled) {
      CannotDialFrom(absl::StrCat(bad.address, ":0"), bad.code, bad.cause);
    }
    return;
  }
  for (const BindError& bad : kOfStreams) {
    const std::string address = absl::StrCat(bad.address, ":0");
    CannotListen(address, bad.code, bad.cause);
    CannotDialFrom(address, bad.code, bad.cause);
  }
}

CONFORMANCE_CASE(IpAddressConformance, ZonesThatNobodyAsksFor) {
  Covers({"S-DI-13", "S-LN-01"});
  for (const char* host : {"[::1%lo]", "[::1%2147483647]"}) {
    PLUMB_ASSERT_OK_AND_ASSIGN(
        const auto listener,
        transport().Listen(network(), absl::StrCat(host, ":0")));
    const Addr address = listener->Address();
    EXPECT_EQ(address.ToString(), At("[::1]", address));
    PLUMB_ASSERT_OK_AND_ASSIGN(
        const auto client,
        transport().Dial(network(), At(host, address), From(host)));
    EXPECT_EQ(client->RemoteAddr(), address);
    EXPECT_EQ(client->LocalAddr().ToString(), At("[::1]", client->LocalAddr()));
    ASSERT_THAT(client->Write("x"), IsOk());
    PLUMB_ASSERT_OK_AND_ASSIGN(const auto server, listener->Accept());
    EXPECT_EQ(server->RemoteAddr(), client->LocalAddr());
  }
}

CONFORMANCE_CASE(IpAddressConformance, WhatIsForManyCanBeListenedAt) {
  Covers({"S-LN-01", "S-LN-03"});
  for (const char* host : {"224.0.0.114", "255.255.255.255", kBroadcast}) {
    for (const char* family : {"", "4"}) {
      // Datagrams for a group come to the wildcard (S-MC-01).
      const bool group = backend().packets && host[1] == '2' && host[2] == '4';
      const char* const told = group ? "0.0.0.0" : host;
      PLUMB_ASSERT_OK_AND_ASSIGN(
          const auto listener,
          transport().Listen(Named(family), absl::StrCat(host, ":0")));
      const Addr address = listener->Address();
      EXPECT_EQ(address.ToString(), At(told, address));
      // That one is alone, as at any address.
      if (!group) {
        CannotListen(At(host, address), Code::kAlreadyExists,
                     "address already in use");
        EXPECT_THAT(transport().Listen(network(), At("127.0.0.1", address)),
                    IsOk());
      }
      CannotListen(At("0.0.0.0", address), Code::kAlreadyExists,
                   "address already in use");
      if (!backend().packets) continue;
      PLUMB_ASSERT_OK_AND_ASSIGN(
          const auto packets,
          transport().ListenPacket(Named(family), absl::StrCat(host, ":0")));
      EXPECT_EQ(packets->LocalAddr().ToString(),
                At(told, packets->LocalAddr()));
    }
  }
}

// A socket that listens at one of IPv6 has the wildcard of its network.
CONFORMANCE_CASE(IpAddressConformance, GroupsOfBothFamilies) {
  CoversIf(backend().packets, {"S-LN-01"});
  if (!backend().packets) {
    EXPECT_THAT(transport().ListenPacket(network(), ":0"), IsUnsupported());
    return;
  }
  for (const char* family : {"", "6"}) {
    PLUMB_ASSERT_OK_AND_ASSIGN(
        const auto packets,
        transport().ListenPacket(Named(family), "[ff05::114]:0"));
    const Addr address = packets->LocalAddr();
    EXPECT_EQ(address.ToString(), At("[::]", address));
    const absl::Status v4 =
        transport().ListenPacket(Named("4"), At("127.0.0.1", address)).status();
    EXPECT_EQ(IsAddressInUse(v4), *family == '\0') << v4;
  }
}

CONFORMANCE_CASE(IpAddressConformance, WhatIsForManyHasNoConnections) {
  Covers({"C-ER-02"});
  PLUMB_ASSERT_OK_AND_ASSIGN(
      const auto listener,
      transport().Listen(network(), absl::StrCat(kBroadcast, ":0")));
  const std::string address = listener->Address().ToString();
  const auto conn = transport().Dial(network(), address);
  if (!backend().packets) {
    const char text[] = ": connect: network is unreachable";
    EXPECT_THAT(conn,
                ErrorIs(Code::kUnavailable,
                        absl::StrCat("dial ", network(), " ", address, text)));
    EXPECT_THAT(
        transport().Dial(network(), "255.255.255.255:9"),
        ErrorIs(Code::kUnavailable,
                absl::StrCat("dial ", network(), " 255.255.255.255:9", text)));
    return;
  }
  ASSERT_THAT(conn, IsOk());
  ASSERT_THAT((*conn)->Write("x"), IsOk());
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto server, listener->Accept());
  EXPECT_EQ(server->LocalAddr(), listener->Address());
  EXPECT_EQ(server->RemoteAddr().ToString(),
            At("127.0.0.1", (*conn)->LocalAddr()));
}

CONFORMANCE_CASE(IpAddressConformance, DialFromWhatIsForMany) {
  Covers({"S-DI-13"});
  const struct {
    const char* host;
    const char* loopback;
    bool streams;
  } kCases[] = {
      {"224.0.0.114", "127.0.0.1", true},
      {"255.255.255.255", "127.0.0.1", true},
      {kBroadcast, "127.0.0.1", true},
      {"[ff05::114]", "[::1]", false},
      {"[ff02::114%lo]", "[::1]", false},
  };
  for (const auto& c : kCases) {
    if (!c.streams && !backend().packets) continue;
    PLUMB_ASSERT_OK_AND_ASSIGN(
        const auto listener,
        transport().Listen(network(), absl::StrCat(c.loopback, ":0")));
    PLUMB_ASSERT_OK_AND_ASSIGN(
        const auto client,
        transport().Dial(network(), listener->Address().ToString(),
                         From(c.host)));
    const Addr own = client->LocalAddr();
    // A connected stream has one address; datagrams are heard at another one
    // than they are sent from.
    EXPECT_EQ(own.ToString(), At(backend().packets ? c.host : c.loopback, own));
    ASSERT_THAT(client->Write("x"), IsOk());
    PLUMB_ASSERT_OK_AND_ASSIGN(const auto server, listener->Accept());
    EXPECT_EQ(server->RemoteAddr().ToString(), At(c.loopback, own));
    EXPECT_THAT(server, ConnReads("x"));
    if (backend().packets) continue;
    ASSERT_THAT(server->Write("y"), IsOk());
    EXPECT_THAT(client, ConnReads("y"));
  }
}

CONFORMANCE_CASE(IpAddressConformance, WhoIsBoundForManyHearsNothingElse) {
  CoversIf(backend().packets, {"S-DI-13"});
  if (!backend().packets) {
    EXPECT_THAT(transport().ListenPacket(network(), ":0"), IsUnsupported());
    return;
  }
  PLUMB_ASSERT_OK_AND_ASSIGN(
      const auto peer, transport().ListenPacket(network(), "127.0.0.1:0"));
  PLUMB_ASSERT_OK_AND_ASSIGN(
      const auto packets,
      transport().ListenPacket(network(), absl::StrCat(kBroadcast, ":0")));
  PLUMB_ASSERT_OK_AND_ASSIGN(
      const auto conn, transport().Dial(network(), peer->LocalAddr().ToString(),
                                        From(kBroadcast)));
  for (const Addr& to : {packets->LocalAddr(), conn->LocalAddr()}) {
    ASSERT_THAT(
        peer->WriteTo("direct", Addr::Udp(IpAddr::LoopbackV4(), to.port())),
        IsOk());
    ASSERT_THAT(peer->WriteTo("all", to), IsOk());
  }
  EXPECT_THAT(conn, ConnReads("all"));
  char buffer[10];
  PLUMB_ASSERT_OK_AND_ASSIGN(Received got,
                             packets->ReadFrom(absl::MakeSpan(buffer)));
  EXPECT_EQ(std::string(buffer, got.size), "all");
  EXPECT_EQ(got.from, peer->LocalAddr());
  ASSERT_THAT(packets->WriteTo("back", got.from), IsOk());
  PLUMB_ASSERT_OK_AND_ASSIGN(got, peer->ReadFrom(absl::MakeSpan(buffer)));
  EXPECT_EQ(std::string(buffer, got.size), "back");
  EXPECT_EQ(got.from.ToString(), At("127.0.0.1", packets->LocalAddr()));
}

// The port is asked for at the group, and had at the address.
CONFORMANCE_CASE(IpAddressConformance, PortsOfWhoDialsFromWhatIsForMany) {
  CoversIf(!backend().packets, {"S-DI-13"});
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto target,
                             transport().Listen(network(), "127.0.0.1:0"));
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto other,
                             transport().Listen(network(), "127.0.0.1:0"));
  const std::string to = target->Address().ToString();
  const uint16_t port = other->Address().port();
  PLUMB_ASSERT_OK_AND_ASSIGN(
      const auto conn,
      transport().Dial(network(), to, From("224.0.0.114", port)));
  const auto again = transport().Dial(network(), to, From(kBroadcast, port));
  if (backend().packets) {
    EXPECT_THAT(again, IsOk());
    return;
  }
  EXPECT_EQ(conn->LocalAddr(), other->Address());
  EXPECT_THAT(again, ErrorIs(Code::kUnavailable,
                             absl::StrCat("dial ", network(), " ", kBroadcast,
                                          ":", port, "->", to,
                                          ": connect: cannot assign requested "
                                          "address")));
}

CONFORMANCE_CASE(IpAddressConformance, NoHostIsWhereTheDiallerIs) {
  Covers({"S-AD-11", "S-DI-13"});
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto listener,
                             transport().Listen(network(), ":0"));
  const struct {
    const char* from;
    const char* to;
    const char* reached;
  } kCases[] = {
      {"127.0.0.2", "", "127.0.0.2"},
      {"127.0.0.2", "0.0.0.0", "127.0.0.2"},
      {"127.0.0.2", "[::]", "127.0.0.1"},
      {"224.0.0.114", "", "127.0.0.1"},
      {"", "", "127.0.0.1"},
      {"0.0.0.0", "[::]", "[::1]"},
      {"[::]", "", "[::1]"},
      {"[::]", "0.0.0.0", "[::1]"},
      {"[::1]", "", "[::1]"},
      {"[::1]", "0.0.0.0", "[::1]"},
  };
  for (const auto& c : kCases) {
    PLUMB_ASSERT_OK_AND_ASSIGN(
        const auto conn,
        transport().Dial(network(), At(c.to, listener->Address()),
                         From(c.from)));
    EXPECT_EQ(conn->RemoteAddr().ToString(), At(c.reached, listener->Address()))
        << c.from << " to " << c.to;
  }
  EXPECT_THAT(transport().Dial(Named("4"), "127.0.0.1:9", From("[::]")),
              ErrorIs(Code::kInvalidArgument,
                      absl::StrCat("dial ", Named("4"),
                                   " [::]:0->127.0.0.1:9: address ::: "
                                   "non-IPv4 address")));
}

}  // namespace plumb
