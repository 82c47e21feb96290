# Memory errors, leaks and undefined behaviour: in all tests, and in the example programs.
bazel test --config=asan --config=ubsan //...
status=$?
BAZEL_FLAGS='--config=asan --config=ubsan' examples/run_examples.sh |
  awk -v tally="$CI_TALLY" '{ print; fflush() } /^(PASSED|FAILED) / { print >>tally }'
exit $((status | PIPESTATUS[0]))
