// The two hosts of the program `sample`, and what they say to each other.
#ifndef PLUMB_TESTING_CAPTURE_SAMPLE_TALK_H_
#define PLUMB_TESTING_CAPTURE_SAMPLE_TALK_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "backends/fake/fake.h"
#include "transport/addr.h"
#include "transport/conn.h"
#include "transport/transport.h"

namespace plumb {
namespace sample {

// Bytes of a conversation, in its two directions.
struct Bytes {
  std::string there;
  std::string back;
};

struct Hosts {
  std::shared_ptr<Transport> client;
  std::shared_ptr<Transport> server;
  // Where the client dials from; empty is as the network has it, which on one
  // machine would be the server's address.
  std::string from;
};

bool IsDatagrams(absl::string_view network);

// Those of sample.cc, on real sockets.
Hosts KernelHosts(absl::string_view network);
// Names of unix sockets belong to a host, so that both ends are on one.
Hosts FakeHosts(FakeNetwork& fake, absl::string_view network);

// Any address of that host; of unix sockets, any name.
std::string AnyAt(absl::string_view network, absl::string_view host);

// Dials what listens at `server`, by the host's name.
std::unique_ptr<Conn> DialServer(const Hosts& hosts, absl::string_view network,
                                 const Addr& server);

// A conversation of many packets, as one has them on that network; what was
// said. Ends the program when other bytes arrive.
Bytes Talk(const Hosts& hosts, absl::string_view network);

// What a receiver has room for in TalkToFull, in bytes.
inline constexpr size_t kFullBuffer = 8192;

// One who writes more than there is room for, and waits each time until half of
// it has been read; a short answer.
Bytes TalkToFull(const Hosts& hosts, absl::string_view network);

}  // namespace sample
}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_SAMPLE_TALK_H_
