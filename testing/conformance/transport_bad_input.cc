// Cases for what a Transport refuses, with all its methods.
#include <sys/socket.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "testing/conformance/case.h"
#include "testing/conformance/transport_suite.h"
#include "testing/matchers.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/options.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

// An option of nobody's.
struct StrangeOption {
  static constexpr char kOptionName[] = "strange_option";
};

// Those that both kinds of options have.
template <typename Options>
void SetCommonOption(const std::string& name, Options& options) {
  if (name == "no_delay") {
    options.no_delay = true;
  } else if (name == "keep_alive") {
    options.keep_alive.emplace();
  } else if (name == "receive_buffer") {
    options.receive_buffer = 50000;
  } else {
    ASSERT_EQ(name, StrangeOption::kOptionName);
    options.extras.Set(StrangeOption());
  }
}

void SetOption(const std::string& name, DialOptions& options) {
  SetCommonOption(name, options);
}

void SetOption(const std::string& name, ListenOptions& options) {
  if (name == "backlog") {
    options.backlog = 5;
  } else if (name == "reuse_port") {
    options.reuse_port = true;
  } else {
    SetCommonOption(name, options);
  }
}

// Whether `status` says that `name` is not honoured.
void ExpectNotHonoured(const absl::Status& status, absl::string_view op,
                       const std::string& network, const std::string& name) {
  EXPECT_THAT(status, ErrorIs(Code::kUnimplemented,
                              absl::StrCat(op, " ", network, ": option ", name,
                                           " not supported")));
  EXPECT_THAT(status, IsUnsupported());
  ASSERT_TRUE(GetErrorInfo(status).has_value());
  EXPECT_EQ(GetErrorInfo(status)->detail, name);
}

// Whether the buffers of `object`, where it shows its descriptor, are those
// that were asked for, doubled as socket(7) says.
template <typename T>
void ExpectBuffers(T& object, const std::vector<int>& options, int asked) {
  auto* const handle = Extension<NativeHandle>(object);
  if (handle == nullptr) return;
  for (const int option : options) {
    int value = 0;
    socklen_t size = sizeof value;
    ASSERT_EQ(
        getsockopt(handle->Descriptor(), SOL_SOCKET, option, &value, &size), 0);
    EXPECT_EQ(value, 2 * asked);
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
    ExpectNotHonoured(transport()
                          .Dial(network(), target.address().ToString(), options)
                          .status(),
                      "dial", network(), name);
  }
}

CONFORMANCE_CASE(TransportConformance, OptionsOfListenThatAreNotHonoured) {
  Covers({"D-OP-01", "C-RS-01"});
  std::vector<std::string> names = backend().unknown_listen_options;
  names.push_back(StrangeOption::kOptionName);
  for (const std::string& name : names) {
    if (!backend().listens) break;
    ListenOptions options;
    SetOption(name, options);
    ExpectNotHonoured(transport()
                          .Listen(network(), backend().free_address(), options)
                          .status(),
                      "listen", network(), name);
  }
  names.push_back("backlog");
  for (const std::string& name : names) {
    if (!backend().packets) break;
    ListenOptions options;
    SetOption(name, options);
    ExpectNotHonoured(
        transport()
            .ListenPacket(network(), backend().free_address(), options)
            .status(),
        "listen", network(), name);
  }
}

CONFORMANCE_CASE(TransportConformance, KeepAliveThatTcpDoesNotTake) {
  const bool has = backend().dial_kind == DialKind::kConnects &&
                   backend().unknown_dial_options.empty();
  CoversIf(has, {"D-OP-02", "C-RS-01"});
  const Target target = MakeTarget();
  DialOptions dial;
  dial.keep_alive.emplace();
  dial.keep_alive->idle = absl::ZeroDuration();
  const absl::Status dialled =
      transport().Dial(network(), target.address().ToString(), dial).status();
  if (!has) return ExpectNotHonoured(dialled, "dial", network(), "keep_alive");
  constexpr char kCause[] = "setsockopt: invalid argument";
  EXPECT_TRUE(
      FailsToDial(dialled, target.address(), Code::kInvalidArgument, kCause));
  ListenOptions listen;
  listen.keep_alive.emplace();
  listen.keep_alive->count = 128;
  const std::string where = backend().free_address();
  EXPECT_THAT(
      transport().Listen(network(), where, listen),
      ErrorIs(Code::kInvalidArgument,
              absl::StrCat("listen ", network(), " ", where, ": ", kCause)));
}

CONFORMANCE_CASE(TransportConformance, BufferOptionsAreHonoured) {
  Covers({"D-OP-01"});
  constexpr int kSize = 50000;
  ListenOptions listen;
  DialOptions dial;
  listen.send_buffer = dial.send_buffer = kSize;
  std::vector<int> buffers = {SO_SNDBUF};
  // A unix socket has no other that counts.
  if (!absl::StartsWith(network(), "unix")) {
    listen.receive_buffer = dial.receive_buffer = kSize;
    buffers.push_back(SO_RCVBUF);
  }
  std::string address;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<PacketConn> packets;
  if (backend().packets) {
    packets = ListenPacket(listen);
    ASSERT_NE(packets, nullptr);
    ExpectBuffers(*packets, buffers, kSize);
    address = packets->LocalAddr().ToString();
  }
  if (backend().listens) {
    listener = Listen(listen);
    ASSERT_NE(listener, nullptr);
    ExpectBuffers(*listener, buffers, kSize);
    address = listener->Address().ToString();
  }
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto conn,
                             transport().Dial(network(), address, dial));
  ExpectBuffers(*conn, buffers, kSize);
  EXPECT_THAT(conn->Write("x"), IsOk());
}

}  // namespace plumb
