# The libFuzzer targets, some seconds each, from what is kept of what they found. Only what they look at is instrumented.
bazel build --config=clang --config=ci \
  '--per_file_copt=^(backends/fake|testing/differential|testing/fault|examples/telemetry)/.*\.cc$@-fsanitize=fuzzer-no-link' \
  //testing/differential:script_fuzzer //examples/telemetry:collector_fuzzer || exit
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT

# What it finds worth keeping goes to the first folder.
fuzz() {
  local target=$1 corpus=$2 runs=$3
  mkdir "$found/${target##*/}" &&
    "bazel-bin/$target" -seed=1 -runs="$runs" -timeout=120 -print_final_stats=1 \
      -artifact_prefix="$found/" "$found/${target##*/}" "$corpus" 2>&1 | tail -n 40
  return "${PIPESTATUS[0]}"
}
check script_fuzzer fuzz testing/differential/script_fuzzer testing/differential/script_corpus 100
check collector_fuzzer fuzz examples/telemetry/collector_fuzzer examples/telemetry/collector_corpus 10000
