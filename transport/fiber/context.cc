#include "transport/fiber/context.h"

#include <cxxabi.h>

#include <boost/context/fiber.hpp>
#include <boost/context/preallocated.hpp>
#include <boost/context/stack_context.hpp>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

#if defined(PLUMB_FIBER_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(PLUMB_FIBER_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

namespace plumb {
namespace {

using BoostFiber = boost::context::fiber;

static_assert(sizeof(BoostFiber) == sizeof(void*),
              "Context has room for a pointer");

BoostFiber& Handle(char* storage) {
  return *std::launder(reinterpret_cast<BoostFiber*>(storage));
}

// The stack belongs to whoever called Context::Start.
struct KeepStack {
  boost::context::stack_context allocate() { return {}; }
  void deallocate(boost::context::stack_context&) noexcept {}
};

// Tells unwinders that nothing called this function.
inline void EndOfStack() {
#if defined(__x86_64__)
  asm volatile(".cfi_undefined rip");
#elif defined(__aarch64__)
  asm volatile(".cfi_undefined x30");
#endif
}

// Exceptions stop here, and end the program with the stack still there to see.
void Run(Context::Entry entry, void* argument) noexcept {
  EndOfStack();
  entry(argument);
  std::abort();
}

}  // namespace

ContextThread::ContextThread(Context& own)
    : errno_(&errno),
      exceptions_(reinterpret_cast<ExceptionState*>(abi::__cxa_get_globals())) {
#if defined(PLUMB_FIBER_TSAN)
  own.tsan_fiber_ = __tsan_get_current_fiber();
#endif
  (void)own;
}

inline void Context::Leave(ContextThread& thread, Context& from, Context& to,
                           bool ends) {
  thread.leaving_ = &from;
#if defined(PLUMB_FIBER_ASAN)
  __sanitizer_start_switch_fiber(ends ? nullptr : &from.fake_stack_, to.low_,
                                 to.size_);
#endif
#if defined(PLUMB_FIBER_TSAN)
  __tsan_switch_to_fiber(to.tsan_fiber_, 0);
#endif
  (void)to;
  (void)ends;
}

inline void Context::Arrive(ContextThread& thread, Context& here) {
#if defined(PLUMB_FIBER_ASAN)
  // The thread's own stack is learnt when it is first left.
  __sanitizer_finish_switch_fiber(here.fake_stack_, &thread.leaving_->low_,
                                  &thread.leaving_->size_);
#endif
  (void)thread;
  (void)here;
}

void Context::Start(ContextThread& thread, char* low, size_t size, Entry entry,
                    void* argument) {
#if defined(PLUMB_FIBER_ASAN)
  // Frames that never returned have left their red zones.
  ASAN_UNPOISON_MEMORY_REGION(low, size);
  low_ = low;
  size_ = size;
  fake_stack_ = nullptr;
#endif
#if defined(PLUMB_FIBER_TSAN)
  tsan_fiber_ = __tsan_create_fiber(0);
  void* const caller = __tsan_get_current_fiber();
  // Boost enters the new stack once already while it makes it.
  __tsan_switch_to_fiber(tsan_fiber_, 0);
#endif
  boost::context::stack_context stack;
  stack.sp = low + size;
  stack.size = size;
  new (handle_) BoostFiber(
      std::allocator_arg,
      boost::context::preallocated(stack.sp, stack.size, stack), KeepStack(),
      [&thread, entry, argument, this](BoostFiber&& before) {
        new (thread.leaving_->handle_) BoostFiber(std::move(before));
        Arrive(thread, *this);
        thread.exceptions_->caught = nullptr;
        thread.exceptions_->uncaught = 0;
        Run(entry, argument);
        return BoostFiber();
      });
#if defined(PLUMB_FIBER_TSAN)
  __tsan_switch_to_fiber(caller, 0);
#endif
}

void Context::Switch(ContextThread& thread, Context& from, Context& to) {
  const int saved_errno = *thread.errno_;
  const ContextThread::ExceptionState exceptions = *thread.exceptions_;
  Leave(thread, from, to, false);
  BoostFiber before = std::move(Handle(to.handle_)).resume();
  new (thread.leaving_->handle_) BoostFiber(std::move(before));
  Arrive(thread, from);
  *thread.exceptions_ = exceptions;
  *thread.errno_ = saved_errno;
}

void Context::SwitchForever(ContextThread& thread, Context& from, Context& to) {
  Leave(thread, from, to, true);
  // What Boost keeps on this stack owns nothing, so that the stack can be used
  // again as it is.
  const BoostFiber never = std::move(Handle(to.handle_)).resume();
  std::abort();
}

void Context::Reset() {
  new (handle_) BoostFiber();
#if defined(PLUMB_FIBER_TSAN)
  __tsan_destroy_fiber(tsan_fiber_);
  tsan_fiber_ = nullptr;
#endif
}

}  // namespace plumb
