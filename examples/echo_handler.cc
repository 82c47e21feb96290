#include "examples/echo_handler.h"

#include <alloca.h>

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "transport/error.h"

namespace examples {
namespace {

constexpr size_t kLargestOnStack = 65536;
// As many as one system call takes.
constexpr size_t kBatch = 64;

absl::Status EchoThrough(absl::Span<char> buffer, plumb::Conn& conn) {
  while (true) {
    const absl::StatusOr<size_t> n = conn.Read(buffer);
    if (!n.ok()) {
      return plumb::IsEof(n.status()) ? absl::OkStatus() : n.status();
    }
    const absl::Status written =
        conn.Write(absl::string_view(buffer.data(), *n));
    if (!written.ok()) return written;
  }
}

// What there is to send back of `in`.
void FillReplies(absl::Span<const plumb::InPacket> in,
                 std::vector<plumb::OutPacket>& replies) {
  replies.clear();
  for (const plumb::InPacket& packet : in) {
    const plumb::Received& got = packet.received;
    if (got.truncated()) continue;
    replies.push_back(
        {absl::string_view(packet.buffer.data(), got.size), got.from});
  }
}

}  // namespace

absl::Status Echo(plumb::Conn& conn, size_t buffer_size) {
  if (buffer_size <= kLargestOnStack) {
    char* const buffer = static_cast<char*>(alloca(buffer_size));
    return EchoThrough(absl::MakeSpan(buffer, buffer_size), conn);
  }
  const auto buffer = std::make_unique<char[]>(buffer_size);
  return EchoThrough(absl::MakeSpan(buffer.get(), buffer_size), conn);
}

absl::Status EchoPackets(plumb::PacketConn& packets, size_t buffer_size) {
  std::vector<char> buffers(kBatch * buffer_size);
  std::vector<plumb::InPacket> in(kBatch);
  for (size_t i = 0; i < kBatch; ++i) {
    in[i].buffer = absl::MakeSpan(&buffers[i * buffer_size], buffer_size);
  }
  std::vector<plumb::OutPacket> replies;
  while (true) {
    const absl::StatusOr<size_t> n = packets.ReadBatch(absl::MakeSpan(in));
    if (!n.ok()) return n.status();
    FillReplies(absl::MakeConstSpan(in).first(*n), replies);
    for (absl::Span<const plumb::OutPacket> left = replies; !left.empty();) {
      const absl::StatusOr<size_t> sent = packets.WriteBatch(left);
      // Only the first is to blame.
      left.remove_prefix(sent.ok() ? *sent : 1);
    }
  }
}

}  // namespace examples
