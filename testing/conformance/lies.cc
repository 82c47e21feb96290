#include "testing/conformance/lies.h"

#include <fcntl.h>

#include <atomic>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "transport/addr.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/forwarding.h"
#include "transport/forwarding_transport.h"
#include "transport/ip_addr.h"
#include "transport/listener.h"
#include "transport/options.h"
#include "transport/packet_conn.h"
#include "transport/udp_options.h"

namespace plumb {
namespace {

Lie the_lie = Lie::kNone;

bool Lies(Lie lie) { return the_lie == lie; }

absl::Status Wrong() { return absl::InternalError("a lie"); }

// What becomes of the result of any call.
absl::Status Tell(const absl::Status& status) {
  std::optional<ErrorInfo> info = GetErrorInfo(status);
  if (status.ok() || !info.has_value()) return status;
  switch (the_lie) {
    case Lie::kForgetsErrorParts:
      return absl::Status(status.code(), status.message());
    case Lie::kWrongKind:
      if (info->kind != ErrorKind::kScopeTimeout) return status;
      info->kind = ErrorKind::kTimeout;
      return WithErrorInfo(status, *info);
    case Lie::kWrongCount:
      ++info->bytes_done;
      return WithErrorInfo(status, *info);
    case Lie::kWrongText:
      return WithErrorInfo(
          absl::Status(status.code(), absl::StrCat(status.message(), "!")),
          *info);
    case Lie::kWrongCode:
      return WithErrorInfo(absl::InternalError(status.message()), *info);
    default:
      return status;
  }
}

template <typename T>
absl::StatusOr<T> Tell(absl::StatusOr<T> result) {
  if (!result.ok()) return Tell(result.status());
  return result;
}

size_t TellData(absl::Span<char> buffer, size_t size) {
  if (size > 0 && Lies(Lie::kFlipsData)) buffer[0] ^= 1;
  return size > 0 && Lies(Lie::kShortensData) ? size - 1 : size;
}

absl::Time TellDeadline(absl::Time when) {
  return Lies(Lie::kEarlyDeadline) ? when - absl::Milliseconds(1) : when;
}

absl::Status TellSet(const absl::Status& status) {
  if (Lies(Lie::kRefusesDeadline) && status.ok()) return Wrong();
  if (Lies(Lie::kDeadlineAfterClose) && IsClosed(status)) {
    return absl::OkStatus();
  }
  return Tell(status);
}

absl::Status TellClose(const absl::Status& status) {
  if (Lies(Lie::kFailsToClose) && status.ok()) return Wrong();
  if (Lies(Lie::kClosesAgain) && IsClosed(status)) return absl::OkStatus();
  return Tell(status);
}

void Leak() {
  if (Lies(Lie::kLeaksDescriptor)) (void)!open("/dev/null", O_RDONLY);
}

// Not a ForwardingConn, whose Close would wait for the calls inside.
class LyingConn final : public Conn {
 public:
  LyingConn(std::unique_ptr<Conn> inner, bool swaps_addresses)
      : inner_(std::move(inner)), swaps_addresses_(swaps_addresses) {
    Leak();
  }

  using Conn::SetDeadline;
  using Conn::Write;
  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override {
    if (buffer.empty() && Lies(Lie::kEmptyReadFails)) return Wrong();
    const absl::StatusOr<size_t> n = inner_->Read(buffer);
    if (!n.ok()) return Tell(n.status());
    return TellData(buffer, *n);
  }
  absl::Status Write(absl::Span<const absl::string_view> pieces) override {
    const absl::Status status = inner_->Write(pieces);
    return status.ok() && Lies(Lie::kFailsToWrite) ? Wrong() : Tell(status);
  }
  absl::Status WaitReadable() override {
    const absl::Status status = inner_->WaitReadable();
    return status.ok() && Lies(Lie::kFailsToWait) ? Wrong() : Tell(status);
  }
  absl::Status CloseWrite() override {
    const absl::Status status = inner_->CloseWrite();
    if (!Lies(Lie::kWrongCloseWrite)) return Tell(status);
    return status.ok() ? Wrong() : absl::OkStatus();
  }
  absl::Status Close() override {
    closed_ = true;
    return TellClose(inner_->Close());
  }
  Addr LocalAddr() const override {
    if (closed_ && Lies(Lie::kForgetsAddress)) return Addr();
    return Swaps() ? inner_->RemoteAddr() : inner_->LocalAddr();
  }
  Addr RemoteAddr() const override {
    if (closed_ && Lies(Lie::kForgetsAddress)) return Addr();
    return Swaps() ? inner_->LocalAddr() : inner_->RemoteAddr();
  }
  absl::Status SetDeadline(Direction direction, absl::Time when) override {
    return TellSet(inner_->SetDeadline(direction, TellDeadline(when)));
  }
  void* Extension(absl::string_view name) override {
    void* const found = inner_->Extension(name);
    return found == nullptr && Lies(Lie::kInventsExtensions) ? this : found;
  }

 private:
  bool Swaps() const { return swaps_addresses_ && Lies(Lie::kSwapsAddresses); }

  const std::unique_ptr<Conn> inner_;
  const bool swaps_addresses_;
  std::atomic<bool> closed_{false};
};

AllowedExtensions All() {
  return {MessageTraits::kExtensionName, BufferControl::kExtensionName,
          UdpListenerStats::kExtensionName};
}

class LyingListener final : public ForwardingListener {
 public:
  explicit LyingListener(std::unique_ptr<Listener> inner)
      : ForwardingListener(std::move(inner), All()) {
    Leak();
  }
  ~LyingListener() override { Close().IgnoreError(); }

  Addr Address() const override {
    if (closed_ && Lies(Lie::kForgetsAddress)) return Addr();
    return Lies(Lie::kSwapsAddresses) ? Addr::Tcp(IpAddr::LoopbackV4(), 9)
                                      : ForwardingListener::Address();
  }
  void* Extension(absl::string_view name) override {
    void* const found = ForwardingListener::Extension(name);
    return found == nullptr && Lies(Lie::kInventsExtensions) ? this : found;
  }

 private:
  absl::StatusOr<std::unique_ptr<Conn>> DoAccept() override {
    absl::StatusOr<std::unique_ptr<Conn>> conn = inner().Accept();
    if (conn.ok() && Lies(Lie::kFailsToOpen)) return Wrong();
    return Tell(std::move(conn));
  }
  absl::Status DoSetDeadline(absl::Time when) override {
    return TellSet(inner().SetDeadline(TellDeadline(when)));
  }
  absl::Status DoClose() override {
    closed_ = true;
    return TellClose(inner().Close());
  }

  std::atomic<bool> closed_{false};
};

class LyingPacketConn final : public ForwardingPacketConn {
 public:
  explicit LyingPacketConn(std::unique_ptr<PacketConn> inner)
      : ForwardingPacketConn(std::move(inner), All()) {
    Leak();
  }
  ~LyingPacketConn() override { Close().IgnoreError(); }

  Addr LocalAddr() const override {
    if (closed_ && Lies(Lie::kForgetsAddress)) return Addr();
    return Lies(Lie::kSwapsAddresses) ? Addr::Tcp(IpAddr::LoopbackV4(), 9)
                                      : ForwardingPacketConn::LocalAddr();
  }
  void* Extension(absl::string_view name) override {
    void* const found = ForwardingPacketConn::Extension(name);
    return found == nullptr && Lies(Lie::kInventsExtensions) ? this : found;
  }

 private:
  absl::StatusOr<size_t> DoReadBatch(absl::Span<InPacket> packets) override {
    const absl::StatusOr<size_t> n = inner().ReadBatch(packets);
    if (!n.ok()) return Tell(n.status());
    for (InPacket& packet : packets.subspan(0, *n)) {
      packet.received.size = TellData(packet.buffer, packet.received.size);
      if (Lies(Lie::kWrongSender)) {
        packet.received.from = Addr::Tcp(IpAddr::LoopbackV4(), 9);
      }
      if (Lies(Lie::kWrongCount)) ++packet.received.full_size;
    }
    if (packets.empty() && Lies(Lie::kEmptyReadFails)) return Wrong();
    return *n;
  }
  absl::StatusOr<size_t> DoWriteBatch(
      absl::Span<const OutPacket> packets) override {
    const absl::StatusOr<size_t> n = inner().WriteBatch(packets);
    if (n.ok() && Lies(Lie::kFailsToWrite)) return Wrong();
    return Tell(n);
  }
  absl::Status DoSetDeadline(Direction direction, absl::Time when) override {
    return TellSet(inner().SetDeadline(direction, TellDeadline(when)));
  }
  absl::Status DoClose() override {
    closed_ = true;
    return TellClose(inner().Close());
  }

  std::atomic<bool> closed_{false};
};

class LyingWrapper final : public Wrapper {
 public:
  std::unique_ptr<Conn> WrapConn(std::unique_ptr<Conn> conn) override {
    return Lying(std::move(conn));
  }
  std::unique_ptr<Listener> WrapListener(
      std::unique_ptr<Listener> listener) override {
    return std::make_unique<LyingListener>(std::move(listener));
  }
  std::unique_ptr<PacketConn> WrapPacketConn(
      std::unique_ptr<PacketConn> packets) override {
    return std::make_unique<LyingPacketConn>(std::move(packets));
  }
};

class LyingTransport final : public ForwardingTransport {
 public:
  LyingTransport(std::shared_ptr<Transport> inner, int honest_opens)
      : ForwardingTransport(std::move(inner), std::make_shared<LyingWrapper>(),
                            All()),
        honest_opens_(honest_opens) {}

  absl::StatusOr<std::unique_ptr<Conn>> Dial(
      absl::string_view network, absl::string_view address,
      const DialOptions& options) override {
    return TellOpen(ForwardingTransport::Dial(network, address, options));
  }
  absl::StatusOr<std::unique_ptr<Listener>> Listen(
      absl::string_view network, absl::string_view address,
      const ListenOptions& options) override {
    return TellOpen(ForwardingTransport::Listen(network, address, options));
  }
  absl::StatusOr<std::unique_ptr<PacketConn>> ListenPacket(
      absl::string_view network, absl::string_view address,
      const ListenOptions& options) override {
    return TellOpen(
        ForwardingTransport::ListenPacket(network, address, options));
  }

 private:
  template <typename T>
  absl::StatusOr<T> TellOpen(absl::StatusOr<T> result) {
    const bool honest = honest_opens_.fetch_sub(1) > 0;
    if (result.ok() && !honest && Lies(Lie::kFailsToOpen)) return Wrong();
    if (!result.ok() && Lies(Lie::kOpensBad)) return T();
    return Tell(std::move(result));
  }

  std::atomic<int> honest_opens_;
};

}  // namespace

const char* LieName(Lie lie) {
  static constexpr const char* kNames[] = {
      "none",
      "forgets error parts",
      "wrong kind",
      "wrong count",
      "wrong text",
      "wrong code",
      "flips data",
      "shortens data",
      "wrong sender",
      "swaps addresses",
      "forgets address",
      "early deadline",
      "refuses deadline",
      "deadline after close",
      "fails to close",
      "closes again",
      "wrong CloseWrite",
      "empty read fails",
      "fails to wait",
      "fails to write",
      "invents extensions",
      "leaks descriptor",
      "fails to open",
      "opens bad",
  };
  return kNames[static_cast<int>(lie)];
}

void SetLie(Lie lie) { the_lie = lie; }

std::unique_ptr<Conn> Lying(std::unique_ptr<Conn> conn, bool swaps_addresses) {
  return std::make_unique<LyingConn>(std::move(conn), swaps_addresses);
}

std::shared_ptr<Transport> Lying(std::shared_ptr<Transport> transport,
                                 int honest_opens) {
  return std::make_shared<LyingTransport>(std::move(transport), honest_opens);
}

}  // namespace plumb
