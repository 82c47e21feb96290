# What a message costs in system calls and instructions, against the figures that are kept.
bazel build -c opt //testing/benchmark:fixed_echo &&
  check exact testing/benchmark/exact.py
