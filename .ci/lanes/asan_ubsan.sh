# Memory errors, leaks and undefined behaviour: in all tests, and in the example programs.
bazel test --config=asan --config=ubsan //...
status=$?
FLAGS='--config=asan --config=ubsan' examples/run_examples.sh | tee /dev/stderr |
  grep '^PASSED \|^FAILED ' >>"$CI_TALLY"
exit $((status | PIPESTATUS[0]))
