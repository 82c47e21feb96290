// Turns the overflow of a fiber's stack into a crash that says which fiber.
//
// For the scheduler.
#ifndef PLUMB_TRANSPORT_FIBER_STACK_OVERFLOW_H_
#define PLUMB_TRANSPORT_FIBER_STACK_OVERFLOW_H_

#include <cstddef>

namespace plumb {

struct StackOverflow {
  const char* name = nullptr;  // of the fiber; null for none
  size_t stack_size = 0;
};

// Installs a handler of SIGSEGV for the whole process, once. It asks `describe`
// whether the fault at `address` is an overflow on the calling thread, says so
// on stderr, and leaves the rest to the handler that was there before. The
// thread needs a SignalStack.
void CatchStackOverflow(bool (*describe)(const void* address,
                                         StackOverflow* overflow));

// A stack for the calling thread's signal handlers, while it lives; none when
// the thread has one already.
class SignalStack {
 public:
  SignalStack();
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;
  ~SignalStack();

 private:
  char* memory_ = nullptr;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_STACK_OVERFLOW_H_
