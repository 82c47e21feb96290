// Decorators that break the contract, each in one way at a time: what the
// suites must notice (lies_test.cc).
//
// Threads: as what they wrap; SetLie before all else.
#ifndef PLUMB_TESTING_CONFORMANCE_LIES_H_
#define PLUMB_TESTING_CONFORMANCE_LIES_H_

#include <memory>

#include "absl/types/span.h"
#include "transport/conn.h"
#include "transport/transport.h"

namespace plumb {

enum class Lie {
  kNone,
  kForgetsErrorParts,   // errors have their text and no ErrorInfo
  kWrongKind,           // a scope's timeout is that of a connection
  kWrongCount,          // errors tell one byte more
  kWrongText,           // errors say something else
  kWrongCode,           // errors are Internal
  kFlipsData,           // the first byte that is read is another
  kShortensData,        // a read tells one byte less
  kWrongSender,         // a datagram comes from somebody else
  kSwapsAddresses,      // this end is the other one
  kForgetsAddress,      // after Close there is none
  kEarlyDeadline,       // deadlines are a millisecond early
  kRefusesDeadline,     // no deadline can be set
  kDeadlineAfterClose,  // but after Close it can
  kFailsToClose,
  kClosesAgain,      // a second Close succeeds
  kWrongCloseWrite,  // CloseWrite fails, or does not
  kEmptyReadFails,   // a read of nothing
  kFailsToWait,      // WaitReadable
  kFailsToWrite,
  kInventsExtensions,  // it answers for any name
  kLeaksDescriptor,
  kFailsToOpen,  // Dial, Listen, ListenPacket and Accept
  kOpensBad,     // and what they refuse, they give
  kLast = kOpensBad,
};

const char* LieName(Lie lie);
void SetLie(Lie lie);

// When both ends swap their addresses each still names the other.
std::unique_ptr<Conn> Lying(std::unique_ptr<Conn> conn,
                            bool swaps_addresses = true);
// It gives the first `honest_opens` that it opens, which are a fixture's.
std::shared_ptr<Transport> Lying(std::shared_ptr<Transport> transport,
                                 int honest_opens);

}  // namespace plumb

#endif  // PLUMB_TESTING_CONFORMANCE_LIES_H_
