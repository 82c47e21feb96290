# The command with which README.md says Plumb is built and tested.
command=$(sed -n '/^third_party\/install\.sh && bazel test/{p;q}' README.md)
if [[ -z $command ]]; then
  echo "README.md shows no line 'third_party/install.sh && bazel test ...'."
  exit 1
fi
echo "$command"
CI_BAZEL_FLAGS=--config=ci bash -c "$command"
status=$?
# Of all the contract's ids, what these tests have asserted on which backend.
check "contract ids by backend" testing/conformance/ids_table.py bazel-testlogs
exit $status
