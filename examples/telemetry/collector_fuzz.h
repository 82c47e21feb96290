// What a Collector does with any connection at all: bytes of a fuzzer become
// one (testing/fault/fuzz_conn.h), and a Collector handles it.
//
// With libFuzzer, which is Clang's:
//
//   bazel build --config=clang --config=asan
//       --copt=-fsanitize=fuzzer-no-link //examples/telemetry:collector_fuzzer
//   mkdir /tmp/reports
//   bazel-bin/examples/telemetry/collector_fuzzer -max_total_time=180
//       /tmp/reports examples/telemetry/collector_corpus
//
// What it finds worth keeping goes to the first folder, and what crashes to a
// file here. Put that into collector_corpus, and collector_fuzz_test replays it
// with all the others, with any compiler.
//
// Threads: any.
#ifndef PLUMB_EXAMPLES_TELEMETRY_COLLECTOR_FUZZ_H_
#define PLUMB_EXAMPLES_TELEMETRY_COLLECTOR_FUZZ_H_

#include <cstddef>
#include <cstdint>

// Returns 0. Ends the program when the Collector keeps a report of a source
// that nobody has sent.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

#endif  // PLUMB_EXAMPLES_TELEMETRY_COLLECTOR_FUZZ_H_
