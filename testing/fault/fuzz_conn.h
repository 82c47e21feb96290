// A FuzzConn turns a fuzzer's bytes into a connection for a handler under test:
// what the peer sends, in which pieces it comes and goes, and what goes wrong
// meanwhile.
//
//   extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
//     const std::unique_ptr<plumb::Conn> conn = plumb::MakeFuzzConn(
//         {reinterpret_cast<const char*>(data), size});
//     Handle(*conn).IgnoreError();
//     return 0;
//   }
//
// The same bytes give the same connection, on any machine, so a crash file is a
// test (examples/telemetry/collector_fuzz_test.cc). No call waits, whatever
// the bytes are: the peer has sent all that it will send, and then does what
// FuzzEnd says; there is no time in the plan, and nothing is held.
//
// The bytes, in order; what is missing is 0:
//   1      how many rules there are, modulo 5; the rest of it is the FuzzEnd,
//          modulo 5 as well
//   4 each a rule: what it does, on which call or piece, and two arguments
//   1      the seed
//   rest   what the peer sends
// Rules: chunks of reads and of writes, calls that fail with an errno, changed
// bytes, a reset after some bytes.
//
// Threads: functions of their arguments; a FuzzConn is as every Conn.
#ifndef PLUMB_TESTING_FAULT_FUZZ_CONN_H_
#define PLUMB_TESTING_FAULT_FUZZ_CONN_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "testing/fault/fault_plan.pb.h"
#include "testing/fault/fault_support.h"
#include "testing/fault/fuzz_peer.h"
#include "transport/conn.h"

namespace plumb {

struct FuzzOptions {
  size_t max_data = 64 * 1024;  // of the peer; what is behind it is not sent
  // What the peer takes; then it is gone, and Writes are broken pipes. A
  // handler that writes for ever ends.
  size_t max_written = 1024 * 1024;
};

// What some bytes mean.
struct FuzzInput {
  FaultPlan plan;
  FuzzEnd end = FuzzEnd::kHalfClose;
  std::string data;
};
FuzzInput ParseFuzzInput(absl::string_view bytes,
                         const FuzzOptions& options = FuzzOptions());

// What its plan is checked against: it may contradict itself.
FaultSetting FuzzSetting();

// For a seed corpus: bytes without rules, whose peer sends `data`, and then
// does `end`.
std::string FuzzBytes(absl::string_view data,
                      FuzzEnd end = FuzzEnd::kHalfClose);

// For people: the plan as text, and what is sent.
std::string DescribeFuzzInput(const FuzzInput& input);

std::unique_ptr<Conn> MakeFuzzConn(absl::string_view bytes,
                                   const FuzzOptions& options = FuzzOptions());

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FUZZ_CONN_H_
