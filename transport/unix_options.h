// Options of the unix networks, for Listen and ListenPacket on a path:
//
//   plumb::UnixListenOptions unix_options;
//   unix_options.mode = 0600;
//   plumb::ListenOptions options;
//   options.extras.Set(unix_options);
//   auto listener = transport.Listen("unix", "/run/x.sock", options);
//
// They mean nothing to abstract names ("@x"), which have no file.
#ifndef PLUMB_TRANSPORT_UNIX_OPTIONS_H_
#define PLUMB_TRANSPORT_UNIX_OPTIONS_H_

#include <cstdint>
#include <optional>

namespace plumb {

struct UnixListenOptions {
  static constexpr char kOptionName[] = "unix_listen";

  // The file's permissions, from its first moment on, or, where they are more
  // than the umask leaves, from before a Listener can be connected to (which
  // needs /proc); default 0777 less the umask.
  std::optional<uint32_t> mode;

  // Whether Close removes the file. Default: yes for a Listener, no for a
  // PacketConn, as in Go.
  std::optional<bool> unlink_on_close;

  // Whether a socket file that is there already is replaced when nobody listens
  // on it (any more; or yet, in the moment between another program's bind and
  // listen). Without it, and when somebody does, the address is in use. To find
  // that out is to connect, so that whoever does listen accepts a connection
  // that ends at once. A socket that another program binds there between that
  // and the unlink(2) is removed in place of the stale one.
  bool replace_stale = false;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_UNIX_OPTIONS_H_
