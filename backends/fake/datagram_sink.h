// Where datagrams go to on a fake network.
#ifndef PLUMB_BACKENDS_FAKE_DATAGRAM_SINK_H_
#define PLUMB_BACKENDS_FAKE_DATAGRAM_SINK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "transport/addr.h"
#include "transport/call.h"
#include "transport/descriptor.h"
#include "transport/ip_addr.h"

namespace plumb {

struct Datagram {
  std::string data;
  std::vector<Descriptor> handles;  // that go along with it, on unix
};

class DatagramSink {
 public:
  enum class Verdict : uint8_t {
    kTaken,
    kDropped,     // for want of room; udp's sender does not learn of it
    kRefused,     // nobody here, or not from this one
    kNotAllowed,  // connected to somebody else; unixgram's sender learns of it
    kFull,        // for want of room; `sender` is signalled when there is some
  };

  virtual ~DatagramSink() = default;

  // Takes `datagram` that `from` sent, and leaves it as it is after kFull; then
  // `sender` is signalled for writing, which is null when it cannot wait.
  virtual Verdict Deliver(const Addr& from, Datagram& datagram,
                          const std::shared_ptr<CallState>& sender) = 0;

  // Whether it is given what comes to multicast `group` on that interface. With
  // the lock of the network held.
  virtual bool Hears(const IpAddr& group, uint32_t interface) const {
    return true;
  }
  // Whether it is the socket whose state that is, which may be null.
  virtual bool IsOf(const CallState* state) const { return false; }
  // Whether it takes what comes from there; from null, from a new socket.
  virtual bool TakesFrom(const Addr& from, const CallState* sender) const {
    return true;
  }
};

// The bytes of `pieces` as one.
inline std::string JoinPieces(absl::Span<const absl::string_view> pieces) {
  return absl::StrJoin(pieces, "");
}

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_DATAGRAM_SINK_H_
