# What a message costs in system calls and instructions, against the figures that are kept.
bazel build -c opt //testing/benchmark:fixed_echo || exit
check exact testing/benchmark/exact.py

# The table and the picture that are shown are those of the figures that were measured.
cd testing/benchmark || exit
made=$(mktemp)
trap 'rm -f "$made"' EXIT
shown() {
  local table
  table=$(./plot.py results.csv --svg "$made") && cmp "$made" results.svg || return
  if [[ $(<README.md) != *$'\n\n'"$table"$'\n\n'* ]]; then
    echo "README.md does not have this table:"
    echo "$table"
    return 1
  fi
}
check "results as measured" shown
