// The switch itself, inline: a function between a wait and the switch would
// cost as much again.
//
// For the scheduler. Whoever includes this needs exceptions, for Boost.
#ifndef PLUMB_TRANSPORT_FIBER_CONTEXT_SWITCH_H_
#define PLUMB_TRANSPORT_FIBER_CONTEXT_SWITCH_H_

#include "absl/base/attributes.h"
#include "transport/fiber/context.h"

#if defined(PLUMB_FIBER_JUMPS)
#include "transport/fiber/jump_x86_64.h"
#else
#include <boost/context/fiber.hpp>
#include <new>
#include <utility>
#endif

#if defined(PLUMB_FIBER_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(PLUMB_FIBER_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

namespace plumb {

#if defined(PLUMB_FIBER_JUMPS)

ABSL_ATTRIBUTE_ALWAYS_INLINE inline void Context::Switch(ContextThread& thread,
                                                         Context& from,
                                                         Context& to) {
  const int saved_errno = *thread.errno_;
  const ContextThread::ExceptionState exceptions = *thread.exceptions_;
  const FloatControl control;
  Jump(&from.frame_, to.frame_);
  control.Restore();
  *thread.exceptions_ = exceptions;
  *thread.errno_ = saved_errno;
}

#else

static_assert(sizeof(boost::context::fiber) == sizeof(void*),
              "Context has room for a pointer");

inline boost::context::fiber& Context::handle() {
  return *std::launder(reinterpret_cast<boost::context::fiber*>(handle_));
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline void Context::set_handle(
    boost::context::fiber&& handle) {
  // What is there is none, and needs no destructor.
  new (handle_) boost::context::fiber(std::move(handle));
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline void Context::Leave(ContextThread& thread,
                                                        Context& from,
                                                        Context& to,
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

ABSL_ATTRIBUTE_ALWAYS_INLINE inline void Context::Arrive(ContextThread& thread,
                                                         Context& here) {
#if defined(PLUMB_FIBER_ASAN)
  // The thread's own stack is learnt when it is first left.
  __sanitizer_finish_switch_fiber(here.fake_stack_, &thread.leaving_->low_,
                                  &thread.leaving_->size_);
#endif
  (void)thread;
  (void)here;
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline void Context::Switch(ContextThread& thread,
                                                         Context& from,
                                                         Context& to) {
  const int saved_errno = *thread.errno_;
  const ContextThread::ExceptionState exceptions = *thread.exceptions_;
  Leave(thread, from, to, false);
  boost::context::fiber before = std::move(to.handle()).resume();
  // Another than before: whoever has switched back here.
  thread.leaving_->set_handle(std::move(before));
  Arrive(thread, from);
  *thread.exceptions_ = exceptions;
  *thread.errno_ = saved_errno;
}

#endif  // PLUMB_FIBER_JUMPS

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_CONTEXT_SWITCH_H_
