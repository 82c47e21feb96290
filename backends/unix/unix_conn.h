// Connections on unix sockets that know who is at the other end, and endpoints
// that remove their file when they are closed.
//
// Threads: as for Conn and Listener.
#ifndef PLUMB_BACKENDS_UNIX_UNIX_CONN_H_
#define PLUMB_BACKENDS_UNIX_UNIX_CONN_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "backends/posix/descriptor.h"
#include "backends/posix/socket_object.h"
#include "transport/call.h"
#include "transport/clock.h"
#include "transport/conn.h"
#include "transport/extension.h"
#include "transport/extensions.h"

namespace plumb {

// SO_PEERCRED. Errors: a cause for ForOp.
absl::StatusOr<Credentials> ReadPeerCredentials(int fd);

// Removes the file of `name`, if it is a path.
void UnlinkUnixName(const std::string& name);

// Conns of the networks "unix", "unixpacket" and "unixgram".
std::unique_ptr<Conn> MakeUnixConn(Clock& clock, Descriptor descriptor,
                                   std::shared_ptr<const CallNames> names);
std::unique_ptr<Conn> MakeUnixPacketConn(
    Clock& clock, Descriptor descriptor,
    std::shared_ptr<const CallNames> names);
std::unique_ptr<Conn> MakeUnixgramConn(Clock& clock, Descriptor descriptor,
                                       std::shared_ptr<const CallNames> names);

// `Base` is a StreamConn or a MessageConn.
template <typename Base>
class WithCredentials final : public Base, public PeerCredentials {
 public:
  using Base::Base;
  ~WithCredentials() override { this->CloseOnce(); }

  void* Extension(absl::string_view name) override {
    if (void* found = FindExtension<PeerCredentials>(name, this)) return found;
    return Base::Extension(name);
  }

  absl::StatusOr<Credentials> GetPeerCredentials() override {
    Credentials credentials;
    const absl::Status status =
        this->Apply(this->Info("get"), [&credentials](int fd) {
          absl::StatusOr<Credentials> got = ReadPeerCredentials(fd);
          if (got.ok()) credentials = *got;
          return got.status();
        });
    if (!status.ok()) return status;
    return credentials;
  }
};

// `Base` is a StreamListener or a PacketSocket; the file is the one of `name`.
template <typename Base>
class UnlinkingOnClose final : public Base {
 public:
  template <typename... Args>
  explicit UnlinkingOnClose(std::string name, Args&&... args)
      : Base(std::forward<Args>(args)...), name_(std::move(name)) {}
  ~UnlinkingOnClose() override { this->CloseOnce(); }

 private:
  // Before the socket is closed, so that nobody finds a file that refuses.
  void BeforeClose() override { UnlinkUnixName(name_); }

  const std::string name_;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_UNIX_UNIX_CONN_H_
