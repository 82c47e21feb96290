#include "backends/fake/unix_conn.h"

#include <unistd.h>

#include <utility>
#include <vector>

#include "backends/fake/handles.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/handle_checks.h"

namespace plumb {

Credentials CredentialsOfThisProcess() {
  Credentials credentials;
  credentials.pid = getpid();
  credentials.uid = getuid();
  credentials.gid = getgid();
  return credentials;
}

void* FakeUnixConn::Extension(absl::string_view name) {
  if (void* found = FindExtension<HandlePassing, PeerCredentials>(name, this)) {
    return found;
  }
  return FakeStreamConn::Extension(name);
}

absl::Status FakeUnixConn::SetReadBuffer(int bytes) {
  if (end().state().closed()) return FakeStreamConn::SetReadBuffer(bytes);
  ErrorInfo info = NamedInfo("set", &end().names());
  info.addr = std::exchange(info.source, Addr());
  return UnsupportedError(std::move(info), "read buffer");
}

absl::Status FakeUnixConn::WriteWithHandles(absl::string_view data,
                                            absl::Span<const int> handles) {
  absl::StatusOr<std::vector<Descriptor>> sent = DuplicateHandles(
      data.empty(), handles, NamedInfo("write", &end().names()));
  const auto pieces = absl::MakeConstSpan(&data, 1);
  if (sent.ok()) return end().WriteWithHandles(pieces, &*sent);
  // That nothing is written here any more is told first.
  if (end().Status().sent_end) return end().Write(pieces);
  Call call(end().state(), Direction::kWrite);
  return call.ok() ? sent.status() : call.Error("write");
}

absl::StatusOr<HandlePassing::Incoming> FakeUnixConn::ReadWithHandles(
    absl::Span<char> buffer, size_t max_handles) {
  // The object may be gone when the Read has waited in vain.
  ErrorInfo info = NamedInfo("read", &end().names());
  Incoming incoming;
  const absl::StatusOr<size_t> size =
      end().ReadWithHandles(buffer, &incoming.handles);
  if (!size.ok()) return size.status();
  info.bytes_done = incoming.size = *size;
  const absl::Status possible = CheckIncomingHandles(
      incoming.handles.size(), max_handles, std::move(info));
  if (!possible.ok()) return possible;
  return incoming;
}

absl::StatusOr<Credentials> FakeUnixConn::GetPeerCredentials() {
  if (end().state().closed())
    return ClosedError(NamedInfo("get", &end().names()));
  return CredentialsOfThisProcess();
}

}  // namespace plumb
