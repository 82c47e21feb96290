# What a message costs in system calls and instructions, against the figures that are kept.
bazel build -c opt //testing/benchmark:fixed_echo &&
  check exact testing/benchmark/exact.py

# The table and the picture that are shown are those of the figures that were measured.
cd testing/benchmark || exit
made=$(mktemp)
trap 'rm -f "$made"' EXIT
shown() {
  local table row
  table=$(./plot.py results.csv --svg "$made") && cmp "$made" results.svg || return
  while read -r row; do
    grep -qxF -e "$row" README.md || { echo "README.md has no row '$row'" && return 1; }
  done <<<"$table"
}
check "results as measured" shown
