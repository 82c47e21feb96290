// The fake against the kernel, by a fuzzer: its bytes are the choices of the
// generator, and the script that comes of them must do the same on both.
//
// With libFuzzer, which is Clang's:
//
//   bazel build --config=clang --config=asan
//       --copt=-fsanitize=fuzzer-no-link //testing/differential:script_fuzzer
//   mkdir /tmp/scripts
//   bazel-bin/testing/differential/script_fuzzer -max_total_time=180
//       -timeout=120 /tmp/scripts testing/differential/script_corpus
//
// What it finds worth keeping goes to the first folder, and what makes a
// difference to a file here. Put that into script_corpus, and script_fuzz_test
// replays it with all the others, with any compiler.
//
// Threads: one at a time.
#ifndef PLUMB_TESTING_DIFFERENTIAL_SCRIPT_FUZZ_H_
#define PLUMB_TESTING_DIFFERENTIAL_SCRIPT_FUZZ_H_

#include <cstddef>
#include <cstdint>

// Returns 0. Tells of a difference and ends the program.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

#endif  // PLUMB_TESTING_DIFFERENTIAL_SCRIPT_FUZZ_H_
