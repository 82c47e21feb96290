// A test that links this has AddressSanitizer keep its frames where it sees
// them used after they are gone; that is what a switch of stacks tells it about
// (__sanitizer_start_switch_fiber). Without AddressSanitizer it does nothing.
//
// Not for tests with death tests of the style "threadsafe", for which
// GoogleTest makes a process on a stack of its own.
extern "C" const char* __asan_default_options() {
  return "detect_stack_use_after_return=1";
}
