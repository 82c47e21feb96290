#!/bin/bash
# Installs the Debian packages that Plumb is built with, where they are missing.
#
#   third_party/install.sh        what `bazel test //...` needs
#   third_party/install.sh --ci   that, and what .ci/run needs on top
#
# Needs apt, and root or sudo; neither when everything is there already.
set -euo pipefail

packages=(
  # Bazel and the rule sets that it would download otherwise; it keeps what a test
  # leaves, such as the capture of one that fails, where there is zip.
  bazel-bootstrap bazel-platforms bazel-rules-java bazel-rules-proto bazel-skylib zip
  # The compiler.
  g++ pkg-config
  # Libraries.
  libabsl-dev libbenchmark-dev libboost-context-dev
  libgmock-dev libgtest-dev
  libprotobuf-dev protobuf-compiler
)
ci_packages=(
  binutils       # nm: what a consumer's binary holds
  chromium tshark  # look at captures
  clang          # a second opinion, and lock annotations
  clang-format libclang-rt-dev  # libFuzzer is in the latter
  dpkg-dev       # the source of Abseil, for ThreadSanitizer
  git            # the list of files to check
  iproute2       # addresses for captures of real sockets
  netcat-openbsd redis-tools socat  # other people's clients
  strace valgrind  # counts of system calls and instructions
)

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

case ${1-} in
  '') ;;
  --ci) packages+=("${ci_packages[@]}") ;;
  *) fail "unknown argument $1; there is only --ci" ;;
esac

is_installed() {
  [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

for tool in apt-get dpkg-query; do
  command -v "$tool" >/dev/null ||
    fail "no $tool here; install what third_party/README.md lists by other means"
done

missing=()
for package in "${packages[@]}"; do
  is_installed "$package" || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
  echo "install.sh: all ${#packages[@]} packages are installed."
  exit
fi

as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null ||
    fail "neither root nor sudo; as root: apt-get install ${missing[*]}"
  as_root=(sudo)
fi

apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" </dev/null
}

echo "install.sh: installing ${missing[*]}"
apt update || fail "apt-get update failed"
for package in "${missing[@]}"; do
  apt-cache show --no-all-versions "$package" >/dev/null 2>&1 ||
    fail "this system's package sources have no $package (Debian bookworm's have)"
done
apt install --yes --no-install-recommends "${missing[@]}" >/dev/null ||
  fail "apt-get install failed"
echo "install.sh: done."
