// A test that links this has AddressSanitizer keep the frames of functions on a
// stack of its own, so that it sees a frame used after its function has
// returned. Each switch of stacks has to tell it which of these goes with which
// (__sanitizer_start_switch_fiber). Without AddressSanitizer this does nothing.
//
// Not for tests with death tests of the style "threadsafe", for which
// GoogleTest makes a process on a stack of its own.
extern "C" const char* __asan_default_options() {
  return "detect_stack_use_after_return=1";
}
