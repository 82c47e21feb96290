# A workspace of its own that takes Plumb as a dependency, as a user's does.
cd examples/consumer || exit
bazel test //...
status=$?

# The code that testing/conformance/README.md shows of a backend of one's own is this.
shows_the_test() {
  local code
  code=$(sed -n '/^```cpp$/,/^```$/{/^```/d;p}' ../../testing/conformance/README.md)
  [[ $code && $(<counting_conformance_test.cc) == *"$code"* ]]
}
check "testing/conformance/README.md shows counting_conformance_test.cc" shows_the_test

# A test that fails leaves its packets behind, and says where. It is no test of the lane.
left=$(mktemp -d)
trap 'rm -rf "$left"' EXIT
fails() {
  CI_TALLY=/dev/null bazel test //:wrong_test >"$left/log" 2>&1
  local status=$?
  echo "exit status $status"
  ((status == 3))  # built, and failed
}
check "wrong_test fails" fails
# Bazel keeps what tests leave behind, in a zip file unless it is told otherwise.
unpack() {
  cp -rL bazel-testlogs/wrong_test/test.outputs "$left/outputs" || return
  [[ ! -e $left/outputs/outputs.zip ]] ||
    python3 -m zipfile -e "$left/outputs/outputs.zip" "$left/outputs"
}
check "wrong_test leaves files behind" unpack
capture=WrongTest.ExpectsAnotherAnswer.pcapng
says_where() {
  grep -A 1 'WrongTest.ExpectsAnotherAnswer failed; its packets are in$' \
    bazel-testlogs/wrong_test/test.log | grep "/test.outputs/$capture$"
}
check "wrong_test says where its packets are" says_where
answers() {
  tshark -r "$left/outputs/$capture" -N n -o nameres.use_external_name_resolver:FALSE \
    -Y tcp.payload -T fields -e ip.src_host -e ip.dst_host -e tcp.payload
}
talk() {
  hex() { od -An -v -tx1 <<<"$1" | tr -d ' \n'; }
  diff <(answers) <(printf 'client\toracle\t%s\noracle\tclient\t%s\n' \
    "$(hex 'the weather?')" "$(hex rainy)")
}
check "tshark reads what was said" talk

# What the libraries and programs named define for others to link.
symbols() {
  nm --demangle --defined-only --extern-only "$@" 2>/dev/null |
    sed -nE 's/^[0-9a-f]+ [TDBR] (plumb::.*)/\1/p' | sort -u
}

libraries_of() {
  find "bazel-bin/external/plumb/$1" -name '*.a'
}

# tcp_client asks for one backend, so it must hold that one and nothing of the others.
# shellcheck disable=SC2046  # several files
holds() {
  comm -12 <(symbols bazel-bin/tcp_client) <(symbols $(libraries_of "$1")) | grep -c . >/dev/null
}
holds_none() {
  [[ $(symbols $(libraries_of "$1")) ]] && ! holds "$1"
}

backends=(tcp udp unix ip fake)
bazel build //:tcp_client "${backends[@]/#/@plumb//backends/}" @plumb//transport/fiber:runtime || exit
check "tcp_client holds tcp" holds backends/tcp
for backend in udp unix ip fake; do
  check "tcp_client holds nothing of $backend" holds_none "backends/$backend"
done

# It uses threads alone.
holds_no_context() {
  [[ $(nm bazel-bin/tcp_client | grep -c plumb) -gt 0 ]] && ! nm bazel-bin/tcp_client | grep fcontext
}
check "tcp_client holds no scheduler of fibers" holds_none transport/fiber
check "tcp_client holds nothing of Boost.Context" holds_no_context

# A program has protobuf when it links transport/message, and not with any backend.
protobuf_of() {
  bazel query --noimplicit_deps "filter('protobuf', deps($1))"
}
needs_no_protobuf() {
  local found
  found=$(protobuf_of "$1") && echo "$found" && [[ ! $found ]]
}
has_protobuf() { [[ $(protobuf_of "$1") ]]; }
check "transport/message needs protobuf" has_protobuf @plumb//transport/message
for backend in "${backends[@]}"; do
  check "$backend needs no protobuf" needs_no_protobuf "@plumb//backends/$backend"
done

# No backend needs another, nor the scheduler.
needs_none() {
  local paths
  paths=$(bazel query --noimplicit_deps "allpaths(@plumb//backends/$1, set(${*:2}))") && [[ ! $paths ]]
}
for backend in "${backends[@]}"; do
  others=(@plumb//transport/fiber:scheduler)
  for other in "${backends[@]}"; do
    [[ $other == "$backend" ]] || others+=("@plumb//backends/$other")
  done
  check "$backend needs no other backend and no scheduler" needs_none "$backend" "${others[@]}"
done
exit $status
