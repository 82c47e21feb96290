// What a test asks a socket of a fake network without waiting.
//
//   auto* probe = plumb::Extension<plumb::ConnProbe>(*conn);
//   EXPECT_FALSE(probe->CanRead());
//
// Conns and PacketConns of a FakeHost answer for ConnProbe, and its Listeners
// for ListenerProbe; a CaptureTransport and a FaultTransport let that through.
//
// Threads: any method at any time.
#ifndef PLUMB_BACKENDS_FAKE_PROBES_H_
#define PLUMB_BACKENDS_FAKE_PROBES_H_

#include <cstddef>

namespace plumb {

class ConnProbe {
 public:
  static constexpr char kExtensionName[] = "plumb.ConnProbe";

  // A Read would not wait: there is data, an end or an error.
  virtual bool CanRead() const = 0;
  // The peer's end or reset has come, perhaps behind data. Never of datagrams.
  virtual bool IsClosedByPeer() const = 0;
  // How much of what was written has not come to the peer yet, and may yet. 0
  // without a LinkPolicy, and of unixgram and unixpacket.
  virtual size_t BytesInFlight() const = 0;

 protected:
  ~ConnProbe() = default;
};

class ListenerProbe {
 public:
  static constexpr char kExtensionName[] = "plumb.ListenerProbe";

  // An Accept would not wait.
  virtual bool CanAccept() const = 0;
  // How many connections wait to be accepted, or for room in the backlog.
  virtual size_t PendingConnects() const = 0;

 protected:
  ~ListenerProbe() = default;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_PROBES_H_
