#include "transport/fiber/context.h"

#include <cxxabi.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

#include "absl/base/attributes.h"
#include "transport/fiber/context_switch.h"

namespace plumb {
namespace {

#if !defined(PLUMB_FIBER_JUMPS)
// The stack belongs to whoever called Context::Start.
struct KeepStack {
  boost::context::stack_context allocate() { return {}; }
  void deallocate(boost::context::stack_context&) noexcept {}
};
#endif

// Tells unwinders that nothing called the function which this is part of.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline void EndOfStack() {
#if defined(__x86_64__)
  asm volatile(".cfi_undefined rip");
#elif defined(__aarch64__)
  asm volatile(".cfi_undefined x30");
#endif
}

// Exceptions stop here, and end the program with the stack still there to see.
ABSL_ATTRIBUTE_NOINLINE void Run(Context::Entry entry,
                                 void* argument) noexcept {
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

#if defined(PLUMB_FIBER_JUMPS)

// What the stack holds first.
struct Context::First {
  Suspended suspended;
  ContextThread* thread;
  Entry entry;
  void* argument;
};

void Context::Enter(const First* first) {
  first->thread->exceptions_->caught = nullptr;
  first->thread->exceptions_->uncaught = 0;
  Run(first->entry, first->argument);
  std::abort();
}

void Context::Start(ContextThread& thread, char* low, size_t size, Entry entry,
                    void* argument) {
  char* const top = low + size - (sizeof(First) + 15) / 16 * 16;
  // As if it had been called: an address to return to has made the stack
  // uneven.
  void** const sp = reinterpret_cast<void**>(top) - 1;
  *sp = nullptr;
  frame_ =
      &(new (top) First{{reinterpret_cast<void*>(&Context::Enter), nullptr, sp},
                        &thread,
                        entry,
                        argument})
           ->suspended;
}

void Context::SwitchForever(ContextThread&, Context& from, Context& to) {
  Jump(&from.frame_, to.frame_);
  std::abort();
}

void Context::Reset() { frame_ = nullptr; }

#else

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
  new (handle_) boost::context::fiber(
      std::allocator_arg,
      boost::context::preallocated(stack.sp, stack.size, stack), KeepStack(),
      [&thread, entry, argument, this](boost::context::fiber&& before) {
        thread.leaving_->set_handle(std::move(before));
        Arrive(thread, *this);
        thread.exceptions_->caught = nullptr;
        thread.exceptions_->uncaught = 0;
        Run(entry, argument);
        return boost::context::fiber();
      });
#if defined(PLUMB_FIBER_TSAN)
  __tsan_switch_to_fiber(caller, 0);
#endif
}

// Its own frame would be on the fake stack that Leave gives back.
ABSL_ATTRIBUTE_NO_SANITIZE_ADDRESS void Context::SwitchForever(
    ContextThread& thread, Context& from, Context& to) {
  Leave(thread, from, to, true);
  // What Boost keeps on this stack owns nothing, so that the stack can be used
  // again as it is.
  const boost::context::fiber never = std::move(to.handle()).resume();
  std::abort();
}

void Context::Reset() {
  new (handle_) boost::context::fiber();
#if defined(PLUMB_FIBER_TSAN)
  __tsan_destroy_fiber(tsan_fiber_);
  tsan_fiber_ = nullptr;
#endif
}

#endif  // PLUMB_FIBER_JUMPS

}  // namespace plumb
