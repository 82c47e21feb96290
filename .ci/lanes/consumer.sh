# A workspace of its own that takes Plumb as a dependency, as a user's does.
cd examples/consumer || exit
bazel test //...
status=$?

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
