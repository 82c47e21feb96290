# A second compiler's warnings; it checks the lock annotations, too.
check clang bazel build --config=clang --config=ci //...
# And what it makes starts: what a library lacks shows only then.
bazel test --config=clang --config=ci //backends/tcp:tcp_test //transport/fiber:runtime_test
