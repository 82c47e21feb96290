#!/bin/bash
# Fetches the source of the installed Abseil and prints the folder it is in, for
#
#   bazel test --config=tsan \
#     --override_repository=com_google_absl="$(third_party/tsan_abseil.sh)" //...
#
# ThreadSanitizer has to see inside absl::Mutex, or all it guards looks like a race.
# Debian's source package is upstream's tree with upstream's BUILD files. The folder
# is kept in the user's cache. Needs dpkg-dev; leaves the system's package lists alone.
set -euo pipefail

fail() {
  echo "tsan_abseil.sh: $*" >&2
  exit 1
}

version=$(dpkg-query --show --showformat='${source:Version}' libabsl-dev 2>/dev/null) ||
  fail "libabsl-dev is missing; third_party/install.sh installs it"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/plumb
source=$cache/abseil-$version
if [[ -d $source ]]; then
  echo "$source"
  exit
fi

mkdir -p "$cache"
work=$(mktemp -d "$cache/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The system's own package sources, asked for sources in place of binaries.
mkdir -p "$work/sources" "$work/lists/partial"
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
  [[ -f $file ]] && sed -n 's/^deb /deb-src /p' "$file" >"$work/sources/${file##*/}.list"
done
for file in /etc/apt/sources.list.d/*.sources; do
  [[ -f $file ]] && sed 's/^Types:.*/Types: deb-src/' "$file" >"$work/sources/${file##*/}"
done
apt=(
  apt-get -qq
  -o Dir::Etc::sourcelist=/dev/null
  -o Dir::Etc::sourceparts="$work/sources"
  -o Dir::Cache="$work"
  -o Dir::State::lists="$work/lists"
  -o APT::Sandbox::User=root
)
"${apt[@]}" update >&2 || fail "apt-get update failed"
(cd "$work" && "${apt[@]}" source --download-only "abseil=$version") >&2 ||
  fail "no source of abseil $version to be had"
dpkg-source --extract "$work"/abseil_*.dsc "$work/abseil" >&2 ||
  fail "dpkg-source failed"

# Abseil 20220623 tells ThreadSanitizer too little about waking a thread that waits
# for a Mutex, which then looks like a race. Newer ones do what this edit does.
mutex=$work/abseil/absl/synchronization/mutex.cc
grep -q 'so we need to ignore all' "$mutex" ||
  sed -i 's/^ *PerThreadSem::Post(w->thread_identity());/\
  ABSL_ANNOTATE_IGNORE_READS_AND_WRITES_BEGIN();\
&\
  ABSL_ANNOTATE_IGNORE_READS_AND_WRITES_END();/' "$mutex"

mv "$work/abseil" "$source"
echo "$source"
