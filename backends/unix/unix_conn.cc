#include "backends/unix/unix_conn.h"

#include <sys/socket.h>
#include <unistd.h>

#include "backends/posix/message_conn.h"
#include "backends/posix/socket.h"
#include "backends/posix/socket_ops.h"
#include "backends/posix/stream_conn.h"
#include "backends/unix/unix_handles.h"
#include "transport/unix_name.h"

namespace plumb {

absl::StatusOr<Credentials> ReadPeerCredentials(int fd) {
  ucred peer = {};
  const absl::Status status =
      GetOption(fd, SOL_SOCKET, SO_PEERCRED, &peer, sizeof peer);
  if (!status.ok()) return status;
  Credentials credentials;
  credentials.pid = peer.pid;
  credentials.uid = peer.uid;
  credentials.gid = peer.gid;
  return credentials;
}

void UnlinkUnixName(const std::string& name) {
  if (!name.empty() && !IsAbstractUnixName(name)) unlink(name.c_str());
}

std::unique_ptr<Conn> MakeUnixConn(Clock& clock, Descriptor descriptor,
                                   std::shared_ptr<const CallNames> names) {
  return std::make_unique<WithCredentials<PassingHandles<StreamConn>>>(
      clock, std::move(descriptor), std::move(names),
      StreamContent::kBytesAndAncillaryData);
}

std::unique_ptr<Conn> MakeUnixPacketConn(
    Clock& clock, Descriptor descriptor,
    std::shared_ptr<const CallNames> names) {
  MessageKind kind;
  kind.has_end = true;
  return std::make_unique<WithCredentials<PassingHandles<MessageConn>>>(
      clock, std::move(descriptor), std::move(names), kind);
}

std::unique_ptr<Conn> MakeUnixgramConn(Clock& clock, Descriptor descriptor,
                                       std::shared_ptr<const CallNames> names) {
  return std::make_unique<PassingHandles<MessageConn>>(
      clock, std::move(descriptor), std::move(names), MessageKind());
}

}  // namespace plumb
