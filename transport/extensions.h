// The extensions that the library's own backends answer for; see extension.h.
// Those that need more words have headers of their own: handle_passing.h,
// multicast.h, udp_options.h.
//
// Threads: as the object that was asked. Errors: after Close, IsClosed
// ("set tcp ...: use of closed network connection").
#ifndef PLUMB_TRANSPORT_EXTENSIONS_H_
#define PLUMB_TRANSPORT_EXTENSIONS_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "transport/direction.h"
#include "transport/options.h"

namespace plumb {

// Conns that have messages instead of a stream: udp, unixgram, unixpacket, ip,
// fakegram.
class MessageTraits {
 public:
  static constexpr char kExtensionName[] = "plumb.MessageTraits";
  // The longest message that every peer can be sent, in bytes; a longer one is
  // InvalidArgument, "message too long". (A PacketConn of udp for both families
  // says what IPv4 peers take; to IPv6 peers it can send 20 bytes more.)
  virtual size_t MaxMessageSize() const = 0;
  // An empty message is told from the end of the stream (not on unixpacket,
  // S-EOF-04).
  virtual bool EmptyMessages() const = 0;

 protected:
  ~MessageTraits() = default;
};

// Conns over tcp.
class TcpControl {
 public:
  static constexpr char kExtensionName[] = "plumb.TcpControl";
  // TCP_NODELAY; on by default.
  virtual absl::Status SetNoDelay(bool on) = 0;
  virtual absl::Status SetKeepAlive(const KeepAlive& keep_alive) = 0;
  // Negative: Close sends what is unsent in the background (the default). Zero:
  // Close discards it and resets the connection. Positive: the kernel tries for
  // that long, and Close may block for it; a fiber's Close blocks nobody else.
  // On the fake it is the time of the network's clock, in whole seconds: while
  // a ManualClock stands, Close waits for the peer alone, and so does the
  // destructor.
  virtual absl::Status SetLinger(absl::Duration linger) = 0;

 protected:
  ~TcpControl() = default;
};

// Conns that can stop reading: tcp, unix, unixpacket, fake.
class ReadCloser {
 public:
  static constexpr char kExtensionName[] = "plumb.ReadCloser";
  // What is queued can still be read, then the end of the stream. A blocked
  // Read returns. On tcp, data that arrives later can be read too. On unix the
  // kernel does not wake the peer's Write that waits for room already.
  virtual absl::Status CloseRead() = 0;

 protected:
  ~ReadCloser() = default;
};

// Conns that can show what comes next: those that have a socket to themselves
// (tcp, fake, unix, unixgram, unixpacket, ip; udp and fakegram when dialled).
class Peeker {
 public:
  static constexpr char kExtensionName[] = "plumb.Peeker";
  // As Conn::Read, and what it returns can be read again: whoever Reads next
  // gets the same bytes. On a stream it returns what is there, and waits only
  // when that is nothing. A message that is longer than `buffer` is
  // InvalidArgument with its full size, and is not lost.
  virtual absl::StatusOr<size_t> Peek(absl::Span<char> buffer) = 0;

 protected:
  ~Peeker() = default;
};

// What has buffers with sizes.
class BufferControl {
 public:
  static constexpr char kExtensionName[] = "plumb.BufferControl";
  // SO_RCVBUF and SO_SNDBUF; socket(7): the kernel doubles and clamps them.
  // SetReadBuffer is Unimplemented on unix networks, where the sender's buffer
  // alone counts.
  virtual absl::Status SetReadBuffer(int bytes) = 0;
  virtual absl::Status SetWriteBuffer(int bytes) = 0;

 protected:
  ~BufferControl() = default;
};

// What sits on a descriptor of the operating system.
class NativeHandle {
 public:
  static constexpr char kExtensionName[] = "plumb.NativeHandle";
  // The descriptor, still owned by the object, non-blocking, and valid until
  // its Close; -1 afterwards. Do not close it, and do not read or write it.
  virtual int Descriptor() const = 0;

 protected:
  ~NativeHandle() = default;
};

// Who is at the other end of a unix stream, as of its connect (SO_PEERCRED).
struct Credentials {
  int64_t pid = 0;
  int64_t uid = 0;
  int64_t gid = 0;
};
class PeerCredentials {
 public:
  static constexpr char kExtensionName[] = "plumb.PeerCredentials";
  virtual absl::StatusOr<Credentials> GetPeerCredentials() = 0;

 protected:
  ~PeerCredentials() = default;
};

// For tests that need to know that a call has begun to wait, without a sleep.
// Every backend and every decorator answers for it.
class BlockedProbe {
 public:
  static constexpr char kExtensionName[] = "plumb.BlockedProbe";
  // How many calls wait now: for data, room or their turn.
  virtual int BlockedCalls(Direction direction) const = 0;

 protected:
  ~BlockedProbe() = default;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_EXTENSIONS_H_
