#include "testing/capture/captured_conns.h"

#include <algorithm>
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

class CapturedStream final : public ForwardingConn {
 public:
  CapturedStream(std::unique_ptr<Conn> inner,
                 std::shared_ptr<CaptureState> state,
                 const StreamOpening& opening)
      : ForwardingConn(std::move(inner), OfConns()),
        tracer_(std::move(state), opening) {}
  ~CapturedStream() override { Close().IgnoreError(); }

 private:
  absl::StatusOr<size_t> DoRead(absl::Span<char> buffer) override {
    absl::StatusOr<size_t> n = inner().Read(buffer);
    if (n.ok()) {
      if (!buffer.empty()) tracer_.Read(Front(buffer, *n));
    } else if (FullSizeOfCut(n.status(), buffer.size()) > 0) {
      tracer_.Read(Front(buffer, buffer.size()));
    } else {
      tracer_.ReadFailed(n.status());
    }
    return n;
  }
  absl::Status DoWrite(absl::Span<const absl::string_view> pieces) override {
    tracer_.BeginWrite();
    absl::Status status = inner().Write(pieces);
    const size_t written = status.ok() ? SizeOf(pieces) : BytesDone(status);
    tracer_.EndWrite(pieces, written, status);
    return status;
  }
  absl::Status DoCloseWrite() override {
    absl::Status status = inner().CloseWrite();
    if (status.ok()) tracer_.ClosedWrite();
    return status;
  }
  absl::Status DoClose() override {
    absl::Status status = inner().Close();
    tracer_.Closed();
    return status;
  }

  StreamTracer tracer_;
};

class CapturedDatagrams final : public ForwardingConn {
 public:
  CapturedDatagrams(std::unique_ptr<Conn> wrapped,
                    const CaptureContext& context)
      : ForwardingConn(std::move(wrapped), OfConns()),
        tracer_(context.state, context.host, inner().LocalAddr(),
                context.protocol) {}
  ~CapturedDatagrams() override { Close().IgnoreError(); }

 private:
  absl::StatusOr<size_t> DoRead(absl::Span<char> buffer) override {
    absl::StatusOr<size_t> n = inner().Read(buffer);
    const Addr from = RemoteAddr();
    if (n.ok()) {
      if (!buffer.empty()) tracer_.Received(from, Front(buffer, *n), *n);
    } else if (const size_t full = FullSizeOfCut(n.status(), buffer.size())) {
      tracer_.Received(from, Front(buffer, buffer.size()), full);
    } else {
      tracer_.Failed(from, n.status());
    }
    return n;
  }
  absl::Status DoWrite(absl::Span<const absl::string_view> pieces) override {
    absl::Status status = inner().Write(pieces);
    if (status.ok()) {
      std::string scratch;
      DataCursor cursor(pieces);
      tracer_.Sent(RemoteAddr(), cursor.Take(SizeOf(pieces), &scratch));
    } else {
      tracer_.Failed(RemoteAddr(), status);
    }
    return status;
  }

  DatagramTracer tracer_;
};

class CapturedPackets final : public ForwardingPacketConn {
 public:
  CapturedPackets(std::unique_ptr<PacketConn> wrapped,
                  const CaptureContext& context)
      : ForwardingPacketConn(std::move(wrapped), {MessageTraits::kExtensionName,
                                                  BufferControl::kExtensionName,
                                                  ConnProbe::kExtensionName}),
        tracer_(context.state, context.host, inner().LocalAddr(),
                context.protocol) {}
  ~CapturedPackets() override { Close().IgnoreError(); }

 private:
  absl::StatusOr<size_t> DoReadBatch(absl::Span<InPacket> packets) override {
    absl::StatusOr<size_t> n = inner().ReadBatch(packets);
    if (!n.ok()) tracer_.Failed(Addr(), n.status());
    for (size_t i = 0; n.ok() && i < *n; ++i) {
      const Received& received = packets[i].received;
      tracer_.Received(received.from, Front(packets[i].buffer, received.size),
                       received.full_size);
    }
    return n;
  }
  absl::StatusOr<size_t> DoWriteBatch(
      absl::Span<const OutPacket> packets) override {
    absl::StatusOr<size_t> n = inner().WriteBatch(packets);
    if (!n.ok()) {
      tracer_.Failed(packets.empty() ? Addr() : packets[0].to, n.status());
    }
    for (size_t i = 0; n.ok() && i < *n; ++i) {
      tracer_.Sent(packets[i].to, packets[i].data);
    }
    return n;
  }

  DatagramTracer tracer_;
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
