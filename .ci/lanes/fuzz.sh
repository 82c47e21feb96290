# The libFuzzer targets, some seconds each, from what is kept of what they found. Only what they look at is instrumented.
bazel build --config=clang --config=ci \
  '--per_file_copt=^(backends/fake|testing/differential|testing/fault|examples/telemetry)/.*\.cc$@-fsanitize=fuzzer-no-link' \
  //testing/differential:script_fuzzer //examples/telemetry:collector_fuzzer || exit
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT

# What it finds worth keeping goes to the first folder; what fails is printed, to be kept.
fuzz() {
  local name=${1##*/} corpus=$2 runs=$3 status input
  mkdir "$found/$name" || return
  "bazel-bin/$1" -seed=1 -runs="$runs" -timeout=120 -print_final_stats=1 \
    -artifact_prefix="$found/$name." "$found/$name" "$corpus" &>"$found/$name.log"
  status=$?
  if ((status == 0)); then
    tail -n 12 "$found/$name.log"
    return
  fi
  cat "$found/$name.log"
  for input in "$found/$name."{crash,timeout,oom,leak}-*; do
    [[ -f $input ]] && echo "base64 of ${input##*/}:" && base64 "$input"
  done
  return "$status"
}
check script_fuzzer fuzz testing/differential/script_fuzzer testing/differential/script_corpus 100
check collector_fuzzer fuzz examples/telemetry/collector_fuzzer examples/telemetry/collector_corpus 10000
