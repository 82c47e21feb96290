#!/bin/bash
# install.sh, with the tools that it calls replaced.
set -uo pipefail

stubs=$(mktemp -d)
trap 'rm -rf "$stubs"' EXIT
# For the user who is not root, too.
chmod a+rwx "$stubs"
script=$stubs/install.sh
cp "$(dirname "$0")/install.sh" "$script"
ln -s "$(command -v env)" "$stubs/env"
failed=0

# stub NAME TEXT: a program of these lines, which says in `calls` that it ran.
stub() {
  printf '#!/bin/bash\necho "%s $*" >>"%s/calls"\n%s\n' "$1" "$stubs" "$2" >"$stubs/$1"
  chmod +x "$stubs/$1"
}
# The tools of a system on which `valgrind` alone is missing until it is installed.
reset() {
  rm -f "$stubs"/{calls,installed,apt-get,apt-cache,dpkg-query,sudo}
  stub dpkg-query '[[ ${!#} == valgrind && ! -e '"$stubs"'/installed ]] || echo -n installed'
  stub apt-get '[[ " $* " != *" install "* ]] || : >'"$stubs/installed"
  stub apt-cache ''
  stub sudo 'exec "$@"'
}
# run [AS...] -- ARG...: what it prints is in `output`, its exit status in `status`.
run() {
  local as=()
  while [[ $1 != -- ]]; do
    as+=("$1")
    shift
  done
  shift
  output=$("${as[@]}" env PATH="$stubs" /bin/bash "$script" "$@" 2>&1)
  status=$?
}
# Of the tools, without the questions to dpkg.
calls() { grep -v '^dpkg-query' "$stubs/calls" 2>/dev/null; }
# expect WHAT ACTUAL EXPECTED
expect() {
  [[ $2 == "$3" ]] && return
  printf 'FAILED: %s\n  actual: %s\nexpected: %s\n' "$@"
  failed=1
}
expect_failure() {
  expect "$1: status" "$status" 1
  expect "$1: last line" "${output##*$'\n'}" "install.sh: $2"
}
# A user who is not root; a user namespace would not do in a chroot, unshare(2).
as_nobody=()
((EUID)) || as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)

reset
run -- --ci
expect 'first run: status' "$status" 0
expect 'first run: output' "$output" $'install.sh: installing valgrind\ninstall.sh: done.'
expect 'first run: installs' "$(calls | grep -c 'apt-get -qq install --yes --no-install-recommends valgrind$')" 1
rm "$stubs/calls"
run -- --ci
expect 'second run: status' "$status" 0
expect 'second run: output' "${output/[0-9][0-9]/N}" 'install.sh: all N packages are installed.'
expect 'second run: calls' "$(calls)" ''

reset
run -- # valgrind is for CI alone
expect 'without --ci: calls' "$(calls)" ''

run -- --cj
expect_failure 'an unknown argument' 'unknown argument --cj; there is only --ci'

reset
rm "$stubs/apt-get"
run -- --ci
expect_failure 'no apt' 'no apt-get here; install what third_party/README.md lists by other means'

reset
stub apt-get '[[ $2 != update ]]'
run -- --ci
expect_failure 'apt-get update' 'apt-get update failed'

reset
stub apt-cache 'exit 100'
run -- --ci
expect_failure 'an old system' "this system's package sources have no valgrind (Debian bookworm's have)"
expect 'an old system: installs' "$(calls | grep -c install)" 0

reset
stub apt-get '[[ $2 != install ]]'
run -- --ci
expect_failure 'apt-get install' 'apt-get install failed'

reset
run "${as_nobody[@]}" -- --ci
expect 'as a user: status' "$status" 0
expect 'as a user: by sudo' "$(calls | grep -c '^sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq ')" 2

reset
rm "$stubs/sudo"
run "${as_nobody[@]}" -- --ci
expect_failure 'as a user without sudo' 'neither root nor sudo; as root: apt-get install valgrind'

exit "$failed"
