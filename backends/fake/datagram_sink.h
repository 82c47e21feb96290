// Where datagrams go to on a fake network.
#ifndef PLUMB_BACKENDS_FAKE_DATAGRAM_SINK_H_
#define PLUMB_BACKENDS_FAKE_DATAGRAM_SINK_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "transport/addr.h"
#include "transport/call.h"

namespace plumb {

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

  // Takes `data` that `from` sent. `sender` is signalled for writing after
  // kFull; null when it cannot wait.
  virtual Verdict Deliver(const Addr& from, std::string data,
                          const std::shared_ptr<CallState>& sender) = 0;
};

// The bytes of `pieces` as one.
inline std::string JoinPieces(absl::Span<const absl::string_view> pieces) {
  return absl::StrJoin(pieces, "");
}

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_DATAGRAM_SINK_H_
