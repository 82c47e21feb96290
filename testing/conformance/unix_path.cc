#include <atomic>
#include <cerrno>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "testing/conformance/case.h"
#include "testing/conformance/unix_path_suite.h"
#include "testing/matchers.h"
#include "transport/error.h"
#include "transport/options.h"

namespace plumb {

using Code = absl::StatusCode;

constexpr char kInUse[] = "bind: address already in use";
constexpr char kNoFile[] = "connect: no such file or directory";
constexpr char kRefused[] = "connect: connection refused";

UnixPathConformance::Bound UnixPathConformance::Bind(
    absl::string_view name, const UnixListenOptions& unix_options) {
  ListenOptions options;
  options.extras.Set(unix_options);
  Bound bound;
  if (backend().listens) {
    auto listener = transport().Listen(network(), name, options);
    bound.status = listener.status();
    if (listener.ok()) bound.listener = *std::move(listener);
  } else {
    auto packets = transport().ListenPacket(network(), name, options);
    bound.status = packets.status();
    if (packets.ok()) bound.packets = *std::move(packets);
  }
  return bound;
}

std::string UnixPathConformance::NewPath() const {
  static std::atomic<int> last{0};
  return absl::StrCat(backend().directory, "/", ++last);
}

Addr UnixPathConformance::Named(absl::string_view name) const {
  return Addr::Named(backend().addr_network == "unix"       ? "unix"
                     : backend().addr_network == "unixgram" ? "unixgram"
                                                            : "unixpacket",
                     name);
}

CONFORMANCE_CASE(UnixPathConformance, AddressIsThePath) {
  Covers({"S-AD-06", "S-UX-14"});
  const std::string path = NewPath();
  Bound bound = Bind(path);
  ASSERT_THAT(bound.status, IsOk());
  EXPECT_EQ(bound.address(), Named(path));
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto conn,
                             transport().Dial(network(), path));
  EXPECT_EQ(conn->RemoteAddr(), Named(path));
  EXPECT_EQ(conn->LocalAddr().ToString(), "@");
}

CONFORMANCE_CASE(UnixPathConformance, LengthOfNames) {
  Covers({"S-UX-01", "C-ER-02"});
  const std::string start = NewPath();
  const std::string fits = start + std::string(107 - start.size(), 'x');
  const std::string abstract = "@" + std::string(107, 'x');
  for (const std::string& name : {fits, abstract}) {
    const Bound bound = Bind(name);
    ASSERT_THAT(bound.status, IsOk());
    EXPECT_EQ(bound.address(), Named(name));
    EXPECT_THAT(transport().Dial(network(), name), IsOk());
  }
  for (const std::string& name : {fits + "x", abstract + "x"}) {
    EXPECT_TRUE(HasError(Bind(name).status, Code::kInvalidArgument, "listen",
                         Addr(), Named(name), "bind: invalid argument"));
    EXPECT_TRUE(HasError(transport().Dial(network(), name).status(),
                         Code::kInvalidArgument, "dial", Addr(), Named(name),
                         "connect: invalid argument"));
  }
}

CONFORMANCE_CASE(UnixPathConformance, WhatCloseDoesWithTheFile) {
  Covers({"S-UX-13"});
  CoversIf(backend().listens, {"S-UX-10"});
  CoversIf(!backend().listens, {"S-UX-11"});
  const std::string path = NewPath();
  Bound bound = Bind(path);
  ASSERT_THAT(bound.status, IsOk());
  ASSERT_THAT(bound.Close(), IsOk());
  const absl::Status status = transport().Dial(network(), path).status();
  if (backend().listens) {
    EXPECT_TRUE(HasError(status, Code::kNotFound, "dial", Addr(), Named(path),
                         kNoFile));
    EXPECT_THAT(Bind(path).status, IsOk());
  } else {
    EXPECT_TRUE(HasError(status, Code::kUnavailable, "dial", Addr(),
                         Named(path), kRefused));
    EXPECT_THAT(Bind(path).status, IsAddressInUse());
  }
}

CONFORMANCE_CASE(UnixPathConformance, UnlinkOnCloseIsAnOption) {
  Covers({"S-UX-13"});
  CoversIf(backend().listens, {"S-UX-10"});
  CoversIf(!backend().listens, {"S-UX-11"});
  for (const bool unlink : {false, true}) {
    const std::string path = NewPath();
    UnixListenOptions options;
    options.unlink_on_close = unlink;
    Bound bound = Bind(path, options);
    ASSERT_THAT(bound.status, IsOk());
    ASSERT_THAT(bound.Close(), IsOk());
    EXPECT_TRUE(HasError(transport().Dial(network(), path).status(),
                         unlink ? Code::kNotFound : Code::kUnavailable, "dial",
                         Addr(), Named(path), unlink ? kNoFile : kRefused));
  }
}

CONFORMANCE_CASE(UnixPathConformance, StaleFile) {
  Covers({"S-UX-02", "S-LN-09"});
  const std::string path = NewPath();
  UnixListenOptions keep;
  keep.unlink_on_close = false;
  Bound first = Bind(path, keep);
  ASSERT_THAT(first.status, IsOk());
  UnixListenOptions replace;
  replace.replace_stale = true;
  // Somebody is there.
  for (const UnixListenOptions& options : {UnixListenOptions(), replace}) {
    const absl::Status status = Bind(path, options).status;
    EXPECT_TRUE(HasError(status, Code::kAlreadyExists, "listen", Addr(),
                         Named(path), kInUse));
    EXPECT_THAT(status, IsAddressInUse());
  }
  EXPECT_THAT(transport().Dial(network(), path), IsOk());
  // Nobody is there any more.
  ASSERT_THAT(first.Close(), IsOk());
  EXPECT_THAT(Bind(path).status, IsAddressInUse());
  const Bound second = Bind(path, replace);
  EXPECT_THAT(second.status, IsOk());
  EXPECT_THAT(transport().Dial(network(), path), IsOk());
}

CONFORMANCE_CASE(UnixPathConformance, NobodyAtAName) {
  Covers({"S-UX-13", "C-ER-02"});
  const std::string path = NewPath();
  EXPECT_TRUE(HasError(transport().Dial(network(), path).status(),
                       Code::kNotFound, "dial", Addr(), Named(path), kNoFile));
  EXPECT_TRUE(HasError(transport().Dial(network(), "@plumb-nobody").status(),
                       Code::kUnavailable, "dial", Addr(),
                       Named("@plumb-nobody"), kRefused));
}

CONFORMANCE_CASE(UnixPathConformance, SocketOfAnotherType) {
  Covers({"S-UX-13", "C-ER-02"});
  const std::string path = NewPath();
  const std::string other = network() == "unixpacket" ? "unix" : "unixpacket";
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto listener,
                             transport().Listen(other, path));
  EXPECT_TRUE(HasError(transport().Dial(network(), path).status(),
                       CodeForErrno("connect", EPROTOTYPE), "dial", Addr(),
                       Named(path), "connect: protocol wrong type for socket"));
}

CONFORMANCE_CASE(UnixPathConformance, NameOfTheSystemsChoice) {
  Covers({"S-UX-05", "S-LN-06"});
  const Bound first = Bind(""), second = Bind("");
  ASSERT_THAT(first.status, IsOk());
  ASSERT_THAT(second.status, IsOk());
  EXPECT_THAT(first.address().ToString(),
              ::testing::MatchesRegex("@[0-9a-f]+"));
  EXPECT_NE(first.address(), second.address());
  EXPECT_THAT(transport().Dial(network(), first.address().ToString()), IsOk());
}

CONFORMANCE_CASE(UnixPathConformance, AbstractNameEndsWithItsSocket) {
  Covers({"S-UX-05", "S-UX-10"});
  const std::string name = backend().free_address();
  Bound first = Bind(name);
  ASSERT_THAT(first.status, IsOk());
  EXPECT_THAT(Bind(name).status, IsAddressInUse());
  ASSERT_THAT(first.Close(), IsOk());
  EXPECT_THAT(Bind(name).status, IsOk());
}

}  // namespace plumb
