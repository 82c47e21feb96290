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
  find "bazel-bin/external/plumb/backends/$1" -name '*.a'
}

# tcp_client asks for one backend, so it must hold that one and nothing of the others.
# shellcheck disable=SC2046  # several files
holds() {
  comm -12 <(symbols bazel-bin/tcp_client) <(symbols $(libraries_of "$1")) | grep -c . >/dev/null
}
holds_none() {
  [[ $(symbols $(libraries_of "$1")) ]] && ! holds "$1"
}

bazel build //:tcp_client @plumb//backends/{tcp,udp,unix,ip,fake} || exit
check "tcp_client holds tcp" holds tcp
for backend in udp unix ip fake; do
  check "tcp_client holds nothing of $backend" holds_none "$backend"
done
exit $status
