// A connected pair of unixpacket ends in memory: messages in order, with an
// end.
//
// Threads: any method at any time. The ends share what they need.
#ifndef PLUMB_BACKENDS_FAKE_SEQPACKET_H_
#define PLUMB_BACKENDS_FAKE_SEQPACKET_H_

#include <memory>
#include <utility>

#include "backends/fake/listen_queue.h"
#include "backends/fake/network_state.h"
#include "backends/fake/seqpacket_pair.h"

namespace plumb {

// Both are sockets of `host`. Extensions: MessageTraits, ReadCloser, Peeker,
// HandlePassing, BufferControl, BlockedProbe, ConnProbe, PeerCredentials.
std::pair<std::unique_ptr<FakeConn>, std::unique_ptr<FakeConn>>
MakeSeqpacketPair(const HostRef& host, SeqpacketEnd near, SeqpacketEnd far);

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_SEQPACKET_H_
