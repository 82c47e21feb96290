#include "testing/coop_stack.h"

#include <cerrno>
#include <cstdint>

#include "absl/base/config.h"

#ifdef ABSL_HAVE_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef ABSL_HAVE_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

namespace plumb {
namespace {

constexpr size_t kStackSize = 256 * 1024;

}  // namespace

CoopStack::CoopStack() {
#ifdef ABSL_HAVE_THREAD_SANITIZER
  fiber_ = __tsan_get_current_fiber();
#endif
}

CoopStack::CoopStack(void (*entry)(void*), void* arg)
    : entry_(entry),
      arg_(arg),
      memory_(new char[kStackSize]),
      bottom_(memory_.get()),
      size_(kStackSize) {
  getcontext(&context_);
  context_.uc_stack.ss_sp = memory_.get();
  context_.uc_stack.ss_size = kStackSize;
  context_.uc_link = nullptr;
  // makecontext(3) passes ints.
  const auto self = reinterpret_cast<uintptr_t>(this);
  makecontext(&context_, reinterpret_cast<void (*)()>(&CoopStack::Start), 2,
              static_cast<unsigned int>(self >> 32),
              static_cast<unsigned int>(self));
#ifdef ABSL_HAVE_THREAD_SANITIZER
  fiber_ = __tsan_create_fiber(0);
#endif
}

CoopStack::~CoopStack() {
  if (memory_ == nullptr) return;
#ifdef ABSL_HAVE_THREAD_SANITIZER
  __tsan_destroy_fiber(fiber_);
#endif
#ifdef ABSL_HAVE_ADDRESS_SANITIZER
  // The frames that never returned.
  __asan_unpoison_memory_region(memory_.get(), kStackSize);
#endif
}

void CoopStack::Start(unsigned int high, unsigned int low) {
  auto* const self = reinterpret_cast<CoopStack*>(
      (static_cast<uintptr_t>(high) << 32) | static_cast<uintptr_t>(low));
  self->Arrived();
  self->entry_(self->arg_);
}

void CoopStack::SwitchTo(CoopStack& to, bool last) {
  const int saved_errno = errno;
  to.came_from_ = this;
#ifdef ABSL_HAVE_ADDRESS_SANITIZER
  __sanitizer_start_switch_fiber(last ? nullptr : &fake_stack_, to.bottom_,
                                 to.size_);
#else
  (void)last;
#endif
#ifdef ABSL_HAVE_THREAD_SANITIZER
  __tsan_switch_to_fiber(to.fiber_, 0);
#endif
  swapcontext(&context_, &to.context_);
  Arrived();
  errno = saved_errno;
}

void CoopStack::Arrived() {
#ifdef ABSL_HAVE_ADDRESS_SANITIZER
  // The first switch away from the thread's own stack tells where that is.
  __sanitizer_finish_switch_fiber(fake_stack_, &came_from_->bottom_,
                                  &came_from_->size_);
#endif
}

}  // namespace plumb
