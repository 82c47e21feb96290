// The addresses of a script, and how what has been seen of them is told so that
// two runs can be compared.
//
// An address is HOST:PORT, /NAME, @NAME, "@" alone (an abstract name that the
// system chooses) or a slot, which is where that is bound (L0), or its peer
// (>C0). HOST is A, B (addresses of 127/8 that nobody else has), *4, *6 (all
// addresses of a family), * (of both), 4, 6 or localhost (loopback), G (a
// multicast group that nobody else has; also without a port), all (the
// broadcast of 127/8), every (255.255.255.255) or link (an address of a link
// that there is not). PORT is a number of a port of the script, 1 to 3, or 0
// for a free one, or a slot for that one's port.
//
// In what is told ports are #1 to #3, p0, p1, ... as they first came up, and
// names that the system chose @auto0, @auto1, ...
//
// Threads: none of its own.
#ifndef PLUMB_TESTING_DIFFERENTIAL_NAMES_H_
#define PLUMB_TESTING_DIFFERENTIAL_NAMES_H_

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "transport/addr.h"

namespace plumb {

// What a run has for itself.
struct Place {
  std::string host_a;  // "127.1.2.3"
  std::string host_b;
  std::string group;  // "239.1.2.3"
  std::array<uint16_t, 3> ports = {};
  std::string directory;  // of socket files
  std::string prefix;     // of abstract names
};

class Names {
 public:
  // Where a slot ("L0") is bound, or with peer what it is connected to; no
  // value when there is none.
  using Find = std::function<Addr(absl::string_view slot, bool peer)>;

  Names(Place place, Find find)
      : place_(std::move(place)), find_(std::move(find)) {}

  // The address to dial or listen at.
  std::string Resolve(absl::string_view symbol) const;

  std::string Tell(absl::string_view text);
  std::string Tell(const Addr& addr);

 private:
  std::string ResolvePort(absl::string_view symbol) const;
  std::string TellPort(bool udp, uint16_t port);
  std::string TellNumbers(bool udp, absl::string_view text);
  std::string TellOf(bool udp, absl::string_view text);
  std::string TellAuto(absl::string_view text);

  const Place place_;
  const Find find_;
  std::map<std::pair<bool, uint16_t>, std::string> ports_;  // of udp or tcp
  std::map<std::string, std::string> autos_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_NAMES_H_
