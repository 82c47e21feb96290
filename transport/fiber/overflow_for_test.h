// Fills a stack, for tests of what happens then.
#ifndef PLUMB_TRANSPORT_FIBER_OVERFLOW_FOR_TEST_H_
#define PLUMB_TRANSPORT_FIBER_OVERFLOW_FOR_TEST_H_

namespace plumb {

// Takes more than 1 KiB of the stack for each of `depth`.
inline int Recurse(int depth) {
  volatile char frame[1024];
  frame[0] = static_cast<char>(depth);
  return depth > 0 ? Recurse(depth - 1) + frame[0] : 0;
}
inline void OverflowTheStack() { Recurse(1000000); }

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_OVERFLOW_FOR_TEST_H_
