// Cases for what a Transport refuses, with all its methods.
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "testing/conformance/case.h"
#include "testing/conformance/transport_suite.h"
#include "testing/matchers.h"
#include "transport/error.h"
#include "transport/options.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

// An option of nobody's.
struct StrangeOption {
  static constexpr char kOptionName[] = "strange_option";
};

void SetOption(const std::string& name, DialOptions& options) {
  if (name == "no_delay") {
    options.no_delay = true;
  } else if (name == "keep_alive") {
    options.keep_alive.emplace();
  } else {
    options.extras.Set(StrangeOption());
  }
}

}  // namespace

CONFORMANCE_CASE(TransportConformance, UnknownNetwork) {
  Covers({"S-DI-01", "S-ER-03", "C-ER-02", "C-RS-01"});
  for (const std::string name : {"foo", "tcp5", "TCP", "unix:1", "tcp:"}) {
    const std::string cause = absl::StrCat(name, ": unknown network ", name);
    EXPECT_THAT(transport().Dial(name, "127.0.0.1:9"),
                ErrorIs(Code::kInvalidArgument, absl::StrCat("dial ", cause)));
    EXPECT_THAT(
        transport().Listen(name, "127.0.0.1:0"),
        ErrorIs(Code::kInvalidArgument, absl::StrCat("listen ", cause)));
    EXPECT_THAT(
        transport().ListenPacket(name, "127.0.0.1:0"),
        ErrorIs(Code::kInvalidArgument, absl::StrCat("listen ", cause)));
  }
}

CONFORMANCE_CASE(TransportConformance, WhatItCannotDo) {
  Covers({"S-ER-03", "C-RS-01"});
  CoversIf(!backend().listens || !backend().packets, {"D-UN-01"});
  const std::string address = backend().free_address();
  const std::string text =
      absl::StrCat("listen ", network(), " ", address, ": address ", address,
                   ": unexpected address type");
  const absl::Status listen = transport().Listen(network(), address).status();
  if (backend().listens) {
    EXPECT_THAT(listen, IsOk());
  } else {
    EXPECT_THAT(listen, ErrorIs(Code::kUnimplemented, text));
    EXPECT_THAT(listen, IsUnsupported());
  }
  const absl::Status packets =
      transport().ListenPacket(network(), address).status();
  if (backend().packets) {
    EXPECT_THAT(packets, IsOk());
  } else {
    EXPECT_THAT(packets, ErrorIs(Code::kUnimplemented, text));
    EXPECT_THAT(packets, IsUnsupported());
  }
}

CONFORMANCE_CASE(TransportConformance, BadAddressesToDial) {
  Covers({"S-DI-01", "S-DI-17", "S-AD-09", "C-ER-02", "C-RS-01"});
  for (const BadAddress& bad : backend().bad_dial_addresses) {
    const absl::Status status =
        transport().Dial(network(), bad.address).status();
    EXPECT_THAT(status,
                ErrorIs(bad.code, absl::StrCat("dial ", network(), bad.text)))
        << bad.address;
    ASSERT_TRUE(GetErrorInfo(status).has_value());
    EXPECT_EQ(GetErrorInfo(status)->op, "dial");
    EXPECT_EQ(GetErrorInfo(status)->network, network());
  }
}

CONFORMANCE_CASE(TransportConformance, BadAddressesToListenAt) {
  Covers({"S-AD-09", "S-LN-10", "C-ER-02", "C-RS-01"});
  ASSERT_FALSE(backend().bad_listen_addresses.empty());
  for (const BadAddress& bad : backend().bad_listen_addresses) {
    const std::string text = absl::StrCat("listen ", network(), bad.text);
    if (backend().listens) {
      EXPECT_THAT(transport().Listen(network(), bad.address),
                  ErrorIs(bad.code, text))
          << bad.address;
    }
    if (backend().packets) {
      EXPECT_THAT(transport().ListenPacket(network(), bad.address),
                  ErrorIs(bad.code, text))
          << bad.address;
    }
  }
}

CONFORMANCE_CASE(TransportConformance, OptionsOfDialThatAreNotHonoured) {
  Covers({"D-OP-01", "C-RS-01"});
  const Target target = MakeTarget();
  std::vector<std::string> names = backend().unknown_dial_options;
  names.push_back(StrangeOption::kOptionName);
  for (const std::string& name : names) {
    DialOptions options;
    SetOption(name, options);
    const absl::Status status =
        transport()
            .Dial(network(), target.address().ToString(), options)
            .status();
    EXPECT_THAT(status, ErrorIs(Code::kUnimplemented,
                                absl::StrCat("dial ", network(), ": option ",
                                             name, " not supported")));
    EXPECT_THAT(status, IsUnsupported());
    EXPECT_EQ(GetErrorInfo(status)->detail, name);
  }
}

CONFORMANCE_CASE(TransportConformance, OptionsOfListenThatAreNotHonoured) {
  Covers({"D-OP-01", "C-RS-01"});
  ListenOptions strange;
  strange.extras.Set(StrangeOption());
  const std::string text = absl::StrCat(
      "listen ", network(), ": option strange_option not supported");
  if (backend().listens) {
    EXPECT_THAT(
        transport().Listen(network(), backend().free_address(), strange),
        ErrorIs(Code::kUnimplemented, text));
  }
  if (backend().packets) {
    EXPECT_THAT(
        transport().ListenPacket(network(), backend().free_address(), strange),
        ErrorIs(Code::kUnimplemented, text));
    ListenOptions backlog;
    backlog.backlog = 5;
    EXPECT_THAT(
        transport().ListenPacket(network(), backend().free_address(), backlog),
        ErrorIs(Code::kUnimplemented,
                absl::StrCat("listen ", network(),
                             ": option backlog not supported")));
  }
}

CONFORMANCE_CASE(TransportConformance, BufferOptionsAreHonoured) {
  Covers({"D-OP-01"});
  ListenOptions listen;
  listen.send_buffer = 50000;
  // A unix socket has none that counts.
  const bool receives = !absl::StartsWith(network(), "unix");
  if (receives) listen.receive_buffer = 50000;
  Target target;
  if (backend().listens) {
    target.listener = Listen(listen);
  } else {
    target.packets = ListenPacket(listen);
  }
  DialOptions dial;
  dial.send_buffer = 50000;
  if (receives) dial.receive_buffer = 50000;
  PLUMB_ASSERT_OK_AND_ASSIGN(
      const auto conn,
      transport().Dial(network(), target.address().ToString(), dial));
  EXPECT_THAT(conn->Write("x"), IsOk());
}

}  // namespace plumb
