// The lines of the contract, by which cases, tables and documents refer to
// them. Those that begin with S, N and C are Go's and those that were drawn up
// beside it; those that begin with D are the library's own.
#ifndef PLUMB_TESTING_CONFORMANCE_IDS_H_
#define PLUMB_TESTING_CONFORMANCE_IDS_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace plumb {

// What a line is about; bits.
enum class Kind : unsigned {
  kConn = 1,
  kListener = 2,
  kPacketConn = 4,
  kTransport = 8,     // Dial, and the errors of all its methods
  kUdpListener = 16,  // Listeners that make one Conn for each remote peer
  kIpAddresses = 32,  // networks with hosts, ports and two families
  kUnixPaths = 64,    // networks with paths and abstract names
};

struct ContractId {
  const char* id;
  unsigned kinds;  // of which it is required; 0 for a line that is not asserted
                   // by these suites
  const char* meaning;  // in a line; or why it is not asserted at all
  // The test that asserts it, and says so, where these suites do not.
  const char* where = nullptr;
};

absl::Span<const ContractId> ContractIds();

// Null for an id that is not in the list.
const ContractId* FindContractId(absl::string_view id);

}  // namespace plumb

#endif  // PLUMB_TESTING_CONFORMANCE_IDS_H_
