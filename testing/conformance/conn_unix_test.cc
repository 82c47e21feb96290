#include <sys/socket.h>

#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "backends/unix/unix.h"
#include "testing/conformance/conn.h"
#include "testing/conformance/conn_pair.h"
#include "transport/extension.h"
#include "transport/extensions.h"

namespace plumb {
namespace {

// A byte with a descriptor, which nobody wants.
absl::StatusOr<std::string> WriteDescriptor(Conn& conn) {
  const int fd = Extension<NativeHandle>(conn)->Descriptor();
  char byte = '!';
  iovec data = {&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  if (sendmsg(fd, &message, MSG_NOSIGNAL) == 1) return std::string(1, byte);
  return absl::UnavailableError("sendmsg");
}

// A connection between abstract names that the kernel chooses.
ConnBackend Connected(const char* network) {
  PairOptions options;
  options.network = network;
  options.dial.local_address = "";
  ConnBackend backend;
  backend.name = backend.network = network;
  backend.make_pair = [options](Clock& clock) {
    return DialAndAccept(*MakeUnix(clock), options);
  };
  backend.write_mark = &WriteDescriptor;
  backend.abilities.peek = backend.abilities.handles = true;
  return backend;
}

ConnBackend UnixPacket() {
  ConnBackend backend = Connected("unixpacket");
  backend.abilities.messages = true;
  backend.abilities.data_before_reset = false;
  return backend;
}

ConnBackend Unixgram() {
  ConnBackend backend;
  backend.name = backend.network = "unixgram";
  backend.make_pair = [](Clock& clock) {
    return DialUnixgram(*MakeUnix(clock));
  };
  ConnAbilities& abilities = backend.abilities;
  abilities.messages = abilities.empty_messages = true;
  abilities.end_of_stream = abilities.reset_on_unread = false;
  abilities.close_read = false;
  abilities.peek = true;
  abilities.half_close = HalfClose::kNone;
  abilities.write_to_gone = WriteToGone::kRefused;
  return backend;
}

PLUMB_INSTANTIATE_CONN_CONFORMANCE(Unix, Connected("unix"));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(UnixPacket, UnixPacket());
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Unixgram, Unixgram());

}  // namespace
}  // namespace plumb
