#include "testing/conformance/transport_fixture.h"

#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "testing/conformance/coverage.h"
#include "transport/error.h"
#include "transport/extensions.h"
#include "transport/forwarding.h"
#include "transport/forwarding_transport.h"
#include "transport/udp_options.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

AllowedExtensions Allowed() {
  return {MessageTraits::kExtensionName, BufferControl::kExtensionName,
          UdpListenerStats::kExtensionName};
}

// A decorator that does nothing.
class Plain final : public Wrapper {
 public:
  std::unique_ptr<Conn> WrapConn(std::unique_ptr<Conn> conn) override {
    return std::make_unique<ForwardingConn>(std::move(conn), Allowed());
  }
  std::unique_ptr<Listener> WrapListener(
      std::unique_ptr<Listener> listener) override {
    return std::make_unique<ForwardingListener>(std::move(listener), Allowed());
  }
  std::unique_ptr<PacketConn> WrapPacketConn(
      std::unique_ptr<PacketConn> packets) override {
    return std::make_unique<ForwardingPacketConn>(std::move(packets),
                                                  Allowed());
  }
};

}  // namespace

std::vector<BadAddress> BadIpDialAddresses() {
  return {
      {"", Code::kInvalidArgument, ": missing address"},
      {"127.0.0.1", Code::kInvalidArgument,
       ": address 127.0.0.1: missing port in address"},
      {"1:2:3", Code::kInvalidArgument,
       ": address 1:2:3: too many colons in address"},
      {"[::1:80", Code::kInvalidArgument,
       ": address [::1:80: missing ']' in address"},
      {":99999", Code::kInvalidArgument, ": address 99999: invalid port"},
      {":-1", Code::kInvalidArgument, ": address -1: invalid port"},
      {"127.0.0.01:1", Code::kNotFound, ": lookup 127.0.0.01: no such host"},
  };
}

std::vector<BadAddress> BadIpListenAddresses() {
  std::vector<BadAddress> bad = BadIpDialAddresses();
  bad.erase(bad.begin());  // an empty one is the wildcard and port 0
  return bad;
}

std::ostream& operator<<(std::ostream& out, const TransportParam& param) {
  return out << param.backend->name << " " << param.variant.name();
}

std::vector<TransportParam> TransportParams(TransportBackend backend,
                                            Kind kind) {
  RequireCoverage(backend.name, kind);
  const auto shared =
      std::make_shared<const TransportBackend>(std::move(backend));
  std::vector<TransportParam> params;
  for (const Variant& variant : AllVariants()) {
    params.push_back({shared, variant});
  }
  return params;
}

std::string TransportParamName(
    const ::testing::TestParamInfo<TransportParam>& info) {
  return info.param.variant.name();
}

TransportFixture::TransportFixture()
    : executor_(GetParam().variant.MakeExecutor()) {}

void TransportFixture::RunCase(absl::FunctionRef<void()> body) {
  executor_->Run([&] {
    transport_ = MakeTransport(Clock::Real());
    SetUpCase();
    if (!HasFatalFailure()) body();
    TearDownCase();
    transport_ = nullptr;
  });
  EXPECT_EQ(manual_clock_.alarm_count(), 0u) << "Somebody left an alarm.";
}

std::shared_ptr<Transport> TransportFixture::MakeTransport(Clock& clock) const {
  std::shared_ptr<Transport> made = backend().make(clock);
  if (!GetParam().variant.decorated) return made;
  return std::make_shared<ForwardingTransport>(
      std::move(made), std::make_shared<Plain>(), Allowed());
}

void TransportFixture::Covers(std::initializer_list<const char*> ids) {
  RecordCoverage(backend().name, ids);
}

void TransportFixture::CoversLack(std::initializer_list<const char*> ids) {
  RecordLack(backend().name, ids);
}

std::unique_ptr<Listener> TransportFixture::Listen(
    const ListenOptions& options) {
  absl::StatusOr<std::unique_ptr<Listener>> listener =
      transport().Listen(network(), backend().free_address(), options);
  EXPECT_TRUE(listener.ok()) << listener.status();
  return listener.ok() ? *std::move(listener) : nullptr;
}

std::unique_ptr<PacketConn> TransportFixture::ListenPacket(
    const ListenOptions& options) {
  absl::StatusOr<std::unique_ptr<PacketConn>> packets =
      transport().ListenPacket(network(), backend().free_address(), options);
  EXPECT_TRUE(packets.ok()) << packets.status();
  return packets.ok() ? *std::move(packets) : nullptr;
}

absl::StatusOr<std::unique_ptr<Conn>> TransportFixture::DialTo(
    const Listener& listener) {
  absl::StatusOr<std::unique_ptr<Conn>> conn =
      transport().Dial(network(), listener.Address().ToString());
  if (conn.ok() && backend().accepted_by_datagram) {
    const absl::Status status = (*conn)->Write("hello");
    if (!status.ok()) return status;
  }
  return conn;
}

absl::StatusOr<TransportFixture::Ends> TransportFixture::Connect(
    Listener& listener) {
  absl::StatusOr<std::unique_ptr<Conn>> client = DialTo(listener);
  if (!client.ok()) return client.status();
  absl::StatusOr<std::unique_ptr<Conn>> server = listener.Accept();
  if (!server.ok()) return server.status();
  if (backend().accepted_by_datagram) {
    const absl::StatusOr<std::string> hello = ReadSome(**server);
    if (!hello.ok()) return hello.status();
  }
  return Ends{*std::move(client), *std::move(server)};
}

::testing::AssertionResult TransportFixture::Works(Conn& client, Conn& server) {
  absl::Status status = client.Write("there");
  absl::StatusOr<std::string> got;
  if (status.ok()) status = (got = ReadSome(server)).status();
  if (status.ok() && *got != "there") status = absl::DataLossError(*got);
  if (status.ok()) status = server.Write("back");
  if (status.ok()) status = (got = ReadSome(client)).status();
  if (status.ok() && *got != "back") status = absl::DataLossError(*got);
  if (status.ok()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "A round trip failed: " << status;
}

absl::StatusOr<std::string> TransportFixture::ReadSome(Conn& conn,
                                                       size_t size) {
  std::string bytes(size, '\0');
  const absl::StatusOr<size_t> n = conn.Read(absl::MakeSpan(&bytes[0], size));
  if (!n.ok()) return n.status();
  bytes.resize(*n);
  return bytes;
}

::testing::AssertionResult TransportFixture::HasError(
    const absl::Status& status, absl::StatusCode code, absl::string_view op,
    const Addr& source, const Addr& addr, absl::string_view cause) const {
  std::string text = absl::StrCat(op, " ", network());
  if (source.has_value()) absl::StrAppend(&text, " ", source.ToString());
  if (addr.has_value()) {
    absl::StrAppend(&text, source.has_value() ? "->" : " ", addr.ToString());
  }
  absl::StrAppend(&text, ": ", cause);
  const std::optional<ErrorInfo> info = GetErrorInfo(status);
  if (status.code() == code && status.message() == text && info.has_value() &&
      info->op == op && info->network == network() && info->source == source &&
      info->addr == addr) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure()
         << "\n  Actual: " << status
         << "\nExpected: " << absl::StatusCodeToString(code) << ": " << text
         << (info.has_value() ? "" : "\nIt has no ErrorInfo.");
}

}  // namespace plumb
