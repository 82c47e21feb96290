#include "backends/fake/tcp_conn.h"

#include "transport/error.h"
#include "transport/extension.h"

namespace plumb {

void* FakeTcpConn::Extension(absl::string_view name) {
  if (void* found = FindExtension<TcpControl>(name, this)) return found;
  return FakeStreamConn::Extension(name);
}

absl::Status FakeTcpConn::CheckOpen() {
  if (!end().state().closed()) return absl::OkStatus();
  return ClosedError(NamedInfo("set", &end().names()));
}

// Nothing in memory is delayed or needs to be kept alive.
absl::Status FakeTcpConn::SetNoDelay(bool) { return CheckOpen(); }

absl::Status FakeTcpConn::SetKeepAlive(const KeepAlive&) { return CheckOpen(); }

absl::Status FakeTcpConn::SetLinger(absl::Duration linger) {
  const absl::Status open = CheckOpen();
  if (open.ok()) ResetOnClose(linger == absl::ZeroDuration());
  return open;
}

}  // namespace plumb
