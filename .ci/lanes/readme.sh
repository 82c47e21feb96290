# The two commands that README.md shows: the one that passes the tests and the main job.
# line_of START: README.md's first line that begins so.
line_of() { sed -n "\\|^third_party/install.sh \&\& bazel $1|{p;q}" README.md; }
export CI_BAZEL_FLAGS=--config=ci
tests=$(line_of test) demo=$(line_of run)
if [[ -z $tests || -z $demo ]]; then
  echo "README.md shows no line 'third_party/install.sh && bazel test ...', or 'run'."
  exit 1
fi
echo "$tests"
bash -c "$tests"
status=$?
# Of all the contract's ids, what these tests have asserted on which backend.
check "contract ids by backend" testing/conformance/ids_table.py bazel-testlogs

main_job() {
  local table network
  table=$(bash -c "$demo") || return
  echo "$table"
  for network in tcp udp unix fake; do
    grep -qE "^$network +[^ ]+ +20000 " <<<"$table" || return
  done
}
echo "$demo"
check "the main job" main_job

# Where no network is, Bazel finds all that it reads.
without_network() {
  local root status namespaces=-n
  # Who is not root becomes so in a namespace of users.
  ((EUID)) && namespaces=-rn
  root=$(mktemp -d)
  (cd "$1" && unshare "$namespaces" bazel --batch --output_user_root="$root" build --nobuild "${@:2}")
  status=$?
  chmod -R u+w "$root" && rm -rf "$root"
  return "$status"
}
check "no network is needed" without_network . //{transport,backends,testing,examples}/...
check "no network is needed by who depends on it" without_network examples/consumer //:all
exit $status
