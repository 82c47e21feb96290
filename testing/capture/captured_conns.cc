#include "testing/capture/captured_conns.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "backends/fake/probes.h"
#include "testing/capture/data_cursor.h"
#include "testing/capture/datagram_tracer.h"
#include "testing/capture/stream_tracer.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/forwarding.h"
#include "transport/handle_checks.h"
#include "transport/handle_passing.h"
#include "transport/multicast.h"
#include "transport/udp_options.h"

namespace plumb {
namespace {

AllowedExtensions OfConns() {
  return {MessageTraits::kExtensionName, TcpControl::kExtensionName,
          ReadCloser::kExtensionName,    Peeker::kExtensionName,
          BufferControl::kExtensionName, PeerCredentials::kExtensionName,
          ConnProbe::kExtensionName};
}

size_t SizeOf(absl::Span<const absl::string_view> pieces) {
  size_t size = 0;
  for (const absl::string_view piece : pieces) size += piece.size();
  return size;
}

absl::string_view Front(absl::Span<const char> buffer, size_t size) {
  return absl::string_view(buffer.data(), std::min(buffer.size(), size));
}

// The full size of the message of which a Read got only the beginning; else 0.
size_t FullSizeOfCut(const absl::Status& status, size_t buffer_size) {
  if (status.code() != absl::StatusCode::kInvalidArgument) return 0;
  const uint64_t full_size = BytesDone(status);
  return full_size > buffer_size ? static_cast<size_t>(full_size) : 0;
}

// How many bytes a ReadWithHandles got, as a Read tells it: those whose handles
// nobody could take, too.
absl::StatusOr<size_t> BytesOf(
    const absl::StatusOr<HandlePassing::Incoming>& got, size_t room) {
  if (got.ok()) return got->size;
  const size_t size = SizeWithoutHandles(got.status(), room);
  if (size > 0) return size;
  return got.status();
}

std::shared_ptr<DatagramTracer> TracerOf(const CaptureContext& context,
                                         const Addr& local) {
  return std::make_shared<DatagramTracer>(context.state, context.host, local,
                                          context.protocol);
}

void TraceSent(DatagramTracer& tracer, const Addr& to, absl::string_view data,
               const absl::Status& status) {
  if (status.ok()) {
    tracer.Sent(to, data);
  } else {
    tracer.Failed(to, status);
  }
}

// Tells each Read and Write, also of handles, with what became of it.
class CapturedConn : public ForwardingConn, private HandlePassing {
 public:
  explicit CapturedConn(std::unique_ptr<Conn> wrapped)
      : ForwardingConn(std::move(wrapped), OfConns()),
        passing_(plumb::Extension<HandlePassing>(inner())) {}
  ~CapturedConn() override = default;

  void* Extension(absl::string_view name) override {
    if (passing_ != nullptr && name == HandlePassing::kExtensionName) {
      return static_cast<HandlePassing*>(this);
    }
    return ForwardingConn::Extension(name);
  }

 private:
  // `data` is the beginning of `full_size` bytes.
  virtual void TraceData(absl::string_view data, size_t full_size) = 0;
  virtual void TraceNoData(const absl::Status& status) = 0;
  virtual void BeginWrite() {}
  virtual void EndWrite(absl::Span<const absl::string_view> pieces,
                        const absl::Status& status) = 0;

  void TraceRead(absl::Span<const char> buffer,
                 const absl::StatusOr<size_t>& n) {
    if (n.ok()) {
      if (!buffer.empty()) TraceData(Front(buffer, *n), *n);
    } else if (const size_t full = FullSizeOfCut(n.status(), buffer.size())) {
      TraceData(Front(buffer, buffer.size()), full);
    } else {
      TraceNoData(n.status());
    }
  }
  absl::StatusOr<size_t> DoRead(absl::Span<char> buffer) override {
    absl::StatusOr<size_t> n = inner().Read(buffer);
    TraceRead(buffer, n);
    return n;
  }
  absl::StatusOr<Incoming> ReadWithHandles(absl::Span<char> buffer,
                                           size_t max_handles) override {
    const GateScope inside = Enter();
    // The error is the inner one's.
    if (!inside) return passing_->ReadWithHandles(buffer, max_handles);
    absl::StatusOr<Incoming> got =
        passing_->ReadWithHandles(buffer, max_handles);
    TraceRead(buffer, BytesOf(got, buffer.size()));
    return got;
  }
  absl::Status DoWrite(absl::Span<const absl::string_view> pieces) override {
    BeginWrite();
    absl::Status status = inner().Write(pieces);
    EndWrite(pieces, status);
    return status;
  }
  absl::Status WriteWithHandles(absl::string_view data,
                                absl::Span<const int> handles) override {
    const GateScope inside = Enter();
    if (!inside) return passing_->WriteWithHandles(data, handles);
    BeginWrite();
    absl::Status status = passing_->WriteWithHandles(data, handles);
    EndWrite(absl::MakeConstSpan(&data, 1), status);
    return status;
  }

  HandlePassing* const passing_;  // null where there is none inside
};

class CapturedStream final : public CapturedConn {
 public:
  CapturedStream(std::unique_ptr<Conn> wrapped,
                 std::shared_ptr<CaptureState> state,
                 const StreamOpening& opening)
      : CapturedConn(std::move(wrapped)),
        tracer_(std::make_shared<StreamTracer>(std::move(state), opening)) {}
  ~CapturedStream() override { Close().IgnoreError(); }

 private:
  void TraceData(absl::string_view data, size_t /*full_size*/) override {
    tracer_->Read(data);
  }
  void TraceNoData(const absl::Status& status) override {
    tracer_->ReadFailed(status);
  }
  void BeginWrite() override { tracer_->BeginWrite(); }
  void EndWrite(absl::Span<const absl::string_view> pieces,
                const absl::Status& status) override {
    const size_t written = status.ok() ? SizeOf(pieces) : BytesDone(status);
    tracer_->EndWrite(pieces, written, status);
  }
  absl::Status DoCloseWrite() override {
    absl::Status status = inner().CloseWrite();
    if (status.ok()) tracer_->ClosedWrite();
    return status;
  }
  absl::Status DoClose() override {
    absl::Status status = inner().Close();
    tracer_->Closed();
    return status;
  }

  const std::shared_ptr<StreamTracer> tracer_;
};

class CapturedDatagrams final : public CapturedConn {
 public:
  CapturedDatagrams(std::unique_ptr<Conn> wrapped,
                    const CaptureContext& context)
      : CapturedConn(std::move(wrapped)),
        tracer_(TracerOf(context, inner().LocalAddr())) {}
  ~CapturedDatagrams() override { Close().IgnoreError(); }

 private:
  void TraceData(absl::string_view data, size_t full_size) override {
    tracer_->Received(RemoteAddr(), data, full_size);
  }
  void TraceNoData(const absl::Status& status) override {
    tracer_->Failed(RemoteAddr(), status);
  }
  void EndWrite(absl::Span<const absl::string_view> pieces,
                const absl::Status& status) override {
    std::string scratch;
    DataCursor cursor(pieces);
    TraceSent(*tracer_, RemoteAddr(), cursor.Take(SizeOf(pieces), &scratch),
              status);
  }

  const std::shared_ptr<DatagramTracer> tracer_;
};

class CapturedPackets final : public ForwardingPacketConn,
                              private PacketHandlePassing {
 public:
  CapturedPackets(std::unique_ptr<PacketConn> wrapped,
                  const CaptureContext& context)
      : ForwardingPacketConn(
            std::move(wrapped),
            {MessageTraits::kExtensionName, BufferControl::kExtensionName,
             MulticastControl::kExtensionName, ConnProbe::kExtensionName}),
        passing_(plumb::Extension<PacketHandlePassing>(inner())),
        tracer_(TracerOf(context, inner().LocalAddr())) {}
  ~CapturedPackets() override { Close().IgnoreError(); }

  void* Extension(absl::string_view name) override {
    if (passing_ != nullptr && name == PacketHandlePassing::kExtensionName) {
      return static_cast<PacketHandlePassing*>(this);
    }
    return ForwardingPacketConn::Extension(name);
  }

 private:
  static void TraceReceived(DatagramTracer& tracer,
                            absl::Span<const char> buffer,
                            const Received& received) {
    tracer.Received(received.from, Front(buffer, received.size),
                    received.full_size);
  }
  absl::StatusOr<size_t> DoReadBatch(absl::Span<InPacket> packets) override {
    absl::StatusOr<size_t> n = inner().ReadBatch(packets);
    if (!n.ok()) tracer_->Failed(Addr(), n.status());
    for (size_t i = 0; n.ok() && i < *n; ++i) {
      TraceReceived(*tracer_, packets[i].buffer, packets[i].received);
    }
    return n;
  }
  absl::StatusOr<Incoming> ReadFromWithHandles(absl::Span<char> buffer,
                                               size_t max_handles) override {
    const GateScope inside = Enter();
    if (!inside) return passing_->ReadFromWithHandles(buffer, max_handles);
    absl::StatusOr<Incoming> got =
        passing_->ReadFromWithHandles(buffer, max_handles);
    if (got.ok()) {
      TraceReceived(*tracer_, buffer, got->received);
    } else if (const std::optional<Received> received =
                   ReceivedWithoutHandles(got.status(), buffer.size())) {
      TraceReceived(*tracer_, buffer, *received);
    } else {
      tracer_->Failed(Addr(), got.status());
    }
    return got;
  }
  absl::StatusOr<size_t> DoWriteBatch(
      absl::Span<const OutPacket> packets) override {
    absl::StatusOr<size_t> n = inner().WriteBatch(packets);
    if (!n.ok()) {
      tracer_->Failed(packets.empty() ? Addr() : packets[0].to, n.status());
    }
    for (size_t i = 0; n.ok() && i < *n; ++i) {
      tracer_->Sent(packets[i].to, packets[i].data);
    }
    return n;
  }
  absl::Status WriteToWithHandles(absl::string_view data, const Addr& to,
                                  absl::Span<const int> handles) override {
    const GateScope inside = Enter();
    if (!inside) return passing_->WriteToWithHandles(data, to, handles);
    absl::Status status = passing_->WriteToWithHandles(data, to, handles);
    TraceSent(*tracer_, to, data, status);
    return status;
  }

  PacketHandlePassing* const passing_;  // null where there is none inside
  const std::shared_ptr<DatagramTracer> tracer_;
};

class CapturedListener final : public ForwardingListener {
 public:
  CapturedListener(std::unique_ptr<Listener> inner,
                   const CaptureContext& context)
      : ForwardingListener(std::move(inner), {UdpListenerStats::kExtensionName,
                                              ListenerProbe::kExtensionName}),
        context_(context) {}
  ~CapturedListener() override { Close().IgnoreError(); }

 private:
  absl::StatusOr<std::unique_ptr<Conn>> DoAccept() override {
    absl::StatusOr<std::unique_ptr<Conn>> conn = inner().Accept();
    if (!conn.ok()) return conn;
    return CaptureConn(context_, *std::move(conn), StreamEnd::kAcceptor, 0);
  }

  const CaptureContext context_;
};

// Each message goes its own way, and there is no end.
bool IsDatagrams(Conn& conn) {
  if (Extension<MessageTraits>(conn) == nullptr) return false;
  const Addr addr = conn.RemoteAddr();
  return addr.is_ip() || addr.network() == "unixgram";
}

// The address is the host's own.
void NameHost(const CaptureContext& context, const Addr& local) {
  if (!local.is_ip()) return;
  CaptureState& state = *context.state;
  SystemMutexLock lock(&state.mutex);
  state.store.NameAddress(local.ip(), state.store.host_name(context.host));
}

}  // namespace

std::unique_ptr<Conn> CaptureConn(const CaptureContext& context,
                                  std::unique_ptr<Conn> conn, StreamEnd end,
                                  int64_t dial_time) {
  NameHost(context, conn->LocalAddr());
  if (IsDatagrams(*conn)) {
    return std::make_unique<CapturedDatagrams>(std::move(conn), context);
  }
  StreamOpening opening;
  opening.dialler = conn->LocalAddr();
  opening.acceptor = conn->RemoteAddr();
  if (end == StreamEnd::kAcceptor) std::swap(opening.dialler, opening.acceptor);
  opening.end = end;
  opening.host = context.host;
  opening.messages = Extension<MessageTraits>(*conn) != nullptr;
  opening.dial_time = dial_time;
  return std::make_unique<CapturedStream>(std::move(conn), context.state,
                                          opening);
}

std::unique_ptr<Listener> CaptureListener(const CaptureContext& context,
                                          std::unique_ptr<Listener> listener) {
  return std::make_unique<CapturedListener>(std::move(listener), context);
}

std::unique_ptr<PacketConn> CapturePacketConn(
    const CaptureContext& context, std::unique_ptr<PacketConn> packets) {
  NameHost(context, packets->LocalAddr());
  return std::make_unique<CapturedPackets>(std::move(packets), context);
}

}  // namespace plumb
