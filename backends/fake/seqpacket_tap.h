// Tells the observer of a fake network what goes over a unixpacket connection.
// Nobody is asked about it: nothing can get between its ends.
//
// Threads: one at a time, but for Run. Any lock may be held, but for Run.
#ifndef PLUMB_BACKENDS_FAKE_SEQPACKET_TAP_H_
#define PLUMB_BACKENDS_FAKE_SEQPACKET_TAP_H_

#include <array>
#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"
#include "backends/fake/network_state.h"
#include "backends/fake/packet.h"
#include "backends/fake/wire.h"
#include "transport/addr.h"

namespace plumb {

class SeqpacketTap {
 public:
  // Between two sockets of `host`, of which that of `near` dialled. Null when
  // there is no observer.
  static std::unique_ptr<SeqpacketTap> Make(const HostRef& host,
                                            const Addr& near, const Addr& far);

  void Open();
  // `side` sends; 0 is who dialled.
  void Data(int side, absl::string_view message);
  void End(int side) { Note(side, Packet::kFin | Packet::kAck, ""); }
  void Reset(int side) { Note(side, Packet::kRst | Packet::kAck, ""); }

  // Now it is told.
  void Run() { wire_->Run(); }

 private:
  SeqpacketTap(const HostRef& host, const Addr& near, const Addr& far);
  void Note(int side, int flags, absl::string_view message);

  const std::shared_ptr<Wire> wire_;
  const std::shared_ptr<const Wire::Flow> flow_;
  const absl::string_view host_;
  const std::array<Addr, 2> ends_;
  std::array<uint64_t, 2> messages_ = {};  // that each has sent
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_SEQPACKET_TAP_H_
