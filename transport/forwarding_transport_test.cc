#include "transport/forwarding_transport.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "transport/error.h"
#include "transport/extensions.h"
#include "transport/ip_addr.h"
#include "transport/scripted_conn_for_test.h"

namespace plumb {
namespace {

// The example of forwarding.h and forwarding_transport.h.
class CountingConn final : public ForwardingConn {
 public:
  CountingConn(std::unique_ptr<Conn> inner,
               std::shared_ptr<std::atomic<uint64_t>> bytes)
      : ForwardingConn(std::move(inner)), bytes_(std::move(bytes)) {}
  ~CountingConn() override { Close().IgnoreError(); }

 private:
  absl::StatusOr<size_t> DoRead(absl::Span<char> buffer) override {
    absl::StatusOr<size_t> n = inner().Read(buffer);
    if (n.ok()) *bytes_ += *n;
    return n;
  }
  const std::shared_ptr<std::atomic<uint64_t>> bytes_;
};

class Counting final : public Wrapper {
 public:
  std::unique_ptr<Conn> WrapConn(std::unique_ptr<Conn> conn) override {
    return std::make_unique<CountingConn>(std::move(conn), bytes_);
  }
  uint64_t bytes() const { return *bytes_; }

 private:
  const std::shared_ptr<std::atomic<uint64_t>> bytes_ =
      std::make_shared<std::atomic<uint64_t>>(0);
};

// Accepts scripted Conns.
class ScriptedListener final : public Listener,
                               public BlockedProbe,
                               public NativeHandle {
 public:
  ~ScriptedListener() override = default;
  absl::StatusOr<std::unique_ptr<Conn>> Accept() override {
    return std::make_unique<ScriptedConn>(
        std::initializer_list<std::string>{"accepted"});
  }
  absl::Status Close() override { return absl::OkStatus(); }
  Addr Address() const override { return Addr::Tcp(IpAddr::LoopbackV4(), 1); }
  absl::Status SetDeadline(absl::Time) override { return absl::OkStatus(); }
  void* Extension(absl::string_view name) override {
    return FindExtension<BlockedProbe, NativeHandle>(name, this);
  }
  int BlockedCalls(Direction) const override { return 0; }
  int Descriptor() const override { return 42; }
};

class ScriptedPackets final : public PacketConn {
 public:
  ~ScriptedPackets() override = default;
  absl::StatusOr<size_t> ReadBatch(absl::Span<InPacket>) override { return 0; }
  absl::StatusOr<size_t> WriteBatch(absl::Span<const OutPacket>) override {
    return 0;
  }
  absl::Status Close() override { return absl::OkStatus(); }
  Addr LocalAddr() const override { return Addr::Udp(IpAddr::AnyV4(), 1); }
  absl::Status SetDeadline(Direction, absl::Time) override {
    return absl::OkStatus();
  }
  void* Extension(absl::string_view) override { return nullptr; }
};

// Opens scripted things on "tcp" and refuses every other network.
class ScriptedTransport final : public Transport {
 public:
  absl::StatusOr<std::unique_ptr<Conn>> Dial(absl::string_view network,
                                             absl::string_view,
                                             const DialOptions&) override {
    if (network != "tcp") return absl::UnknownError("dial");
    return std::make_unique<ScriptedConn>(
        std::initializer_list<std::string>{"dialled"});
  }
  absl::StatusOr<std::unique_ptr<Listener>> Listen(
      absl::string_view network, absl::string_view,
      const ListenOptions&) override {
    if (network != "tcp") return absl::UnknownError("listen");
    return std::make_unique<ScriptedListener>();
  }
  absl::StatusOr<std::unique_ptr<PacketConn>> ListenPacket(
      absl::string_view network, absl::string_view,
      const ListenOptions&) override {
    if (network != "tcp") return absl::UnknownError("listen packet");
    return std::make_unique<ScriptedPackets>();
  }
};

std::string ReadOnce(Conn& conn) {
  char buffer[64];
  const absl::StatusOr<size_t> n = conn.Read(absl::MakeSpan(buffer));
  return n.ok() ? std::string(buffer, *n) : std::string(n.status().message());
}

TEST(ForwardingTransportTest, WrapsWhatIsDialledAndAccepted) {
  auto counting = std::make_shared<Counting>();
  ForwardingTransport transport(std::make_shared<ScriptedTransport>(),
                                counting);
  auto dialled = transport.Dial("tcp", "x");
  ASSERT_EQ(dialled.status(), absl::OkStatus());
  EXPECT_EQ(ReadOnce(**dialled), "dialled");
  EXPECT_EQ(counting->bytes(), 7u);

  auto listener = transport.Listen("tcp", "x");
  ASSERT_EQ(listener.status(), absl::OkStatus());
  auto accepted = (*listener)->Accept();
  ASSERT_EQ(accepted.status(), absl::OkStatus());
  EXPECT_EQ(ReadOnce(**accepted), "accepted");
  EXPECT_EQ(counting->bytes(), 15u);
}

TEST(ForwardingTransportTest, PassesErrorsOn) {
  ScriptedTransport inner;
  ForwardingTransport transport(inner, std::make_shared<Counting>());
  EXPECT_EQ(transport.Dial("udp", "x").status(), absl::UnknownError("dial"));
  EXPECT_EQ(transport.Listen("udp", "x").status(),
            absl::UnknownError("listen"));
  EXPECT_EQ(transport.ListenPacket("udp", "x").status(),
            absl::UnknownError("listen packet"));
}

TEST(ForwardingTransportTest, WhatItOpenedOutlivesIt) {
  auto counting = std::make_shared<Counting>();
  std::unique_ptr<Listener> listener;
  {
    ForwardingTransport transport(std::make_shared<ScriptedTransport>(),
                                  counting);
    listener = *transport.Listen("tcp", "x");
  }
  std::unique_ptr<Conn> conn = *listener->Accept();
  listener.reset();
  EXPECT_EQ(ReadOnce(*conn), "accepted");
  EXPECT_EQ(counting->bytes(), 8u);
}

TEST(ForwardingTransportTest, AClosedListenerAcceptsNothing) {
  ForwardingTransport transport(std::make_shared<ScriptedTransport>(),
                                std::make_shared<Wrapper>());
  std::unique_ptr<Listener> listener = *transport.Listen("tcp", "x");
  EXPECT_EQ(listener->Close(), absl::OkStatus());
  const absl::Status status = listener->Accept().status();
  EXPECT_TRUE(IsClosed(status));
  EXPECT_EQ(status.message(),
            "accept tcp 127.0.0.1:1: use of closed network connection");
}

TEST(ForwardingTransportTest, ListenersAnswerForWhatIsAllowed) {
  ScriptedTransport inner;
  const auto wrapper = std::make_shared<Wrapper>();
  ForwardingTransport strict(inner, wrapper);
  std::unique_ptr<Listener> listener = *strict.Listen("tcp", "x");
  EXPECT_NE(Extension<BlockedProbe>(*listener), nullptr);
  EXPECT_EQ(Extension<NativeHandle>(*listener), nullptr);

  ForwardingTransport open(inner, wrapper, {NativeHandle::kExtensionName});
  listener = *open.Listen("tcp", "x");
  ASSERT_NE(Extension<NativeHandle>(*listener), nullptr);
  EXPECT_EQ(Extension<NativeHandle>(*listener)->Descriptor(), 42);
}

// Puts its own Listener and PacketConn around things.
class Both final : public Wrapper {
 public:
  std::unique_ptr<Listener> WrapListener(
      std::unique_ptr<Listener> listener) override {
    wrapped += "listener ";
    return std::make_unique<ForwardingListener>(std::move(listener));
  }
  std::unique_ptr<PacketConn> WrapPacketConn(
      std::unique_ptr<PacketConn> packets) override {
    wrapped += "packets ";
    return std::make_unique<ForwardingPacketConn>(std::move(packets));
  }
  std::string wrapped;
};

TEST(ForwardingTransportTest, WrapsListenersAndPacketConns) {
  ScriptedTransport inner;
  auto both = std::make_shared<Both>();
  ForwardingTransport transport(inner, both);
  auto listener = transport.Listen("tcp", "x");
  ASSERT_EQ(listener.status(), absl::OkStatus());
  EXPECT_EQ(ReadOnce(**(*listener)->Accept()), "accepted");
  auto packets = transport.ListenPacket("tcp", "x");
  ASSERT_EQ(packets.status(), absl::OkStatus());
  EXPECT_EQ(*(*packets)->WriteBatch({}), 0u);
  EXPECT_EQ(both->wrapped, "listener packets ");
}

}  // namespace
}  // namespace plumb
