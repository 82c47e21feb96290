# A second compiler's warnings, and the lock annotations, which g++ does not check;
# without exceptions and RTTI, as README.md says that it can be built. Not the tests: they
# are half of all there is to compile, have few locks of their own, and have seen g++'s
# warnings and ThreadSanitizer.
mapfile -t targets < <(bazel query \
  'kind("cc_(library|binary)", //...) except attr(tags, manual, //...)')
((${#targets[@]})) || exit 1
check clang bazel build --config=clang --config=bare --config=ci "${targets[@]}"
# And what it makes works: what a library lacks shows only then.
bazel test --config=clang --config=bare --config=ci \
  //backends/tcp:tcp_test //transport/fiber:runtime_test \
  //transport/fiber:runtime_shutdown_test //transport/fiber:runtime_worker_test
