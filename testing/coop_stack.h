// The stack of a task and the switch to it, with what the sanitizers want to
// know about it. A part of coop.cc.
#ifndef PLUMB_TESTING_COOP_STACK_H_
#define PLUMB_TESTING_COOP_STACK_H_

#include <ucontext.h>

#include <cstddef>
#include <memory>

namespace plumb {

class CoopStack {
 public:
  // Of the calling thread's own code.
  CoopStack();
  // Of a task that will run entry(arg), which must not return.
  CoopStack(void (*entry)(void*), void* arg);
  CoopStack(const CoopStack&) = delete;
  CoopStack& operator=(const CoopStack&) = delete;
  ~CoopStack();

  // Leaves this stack, which is the running one, for `to`; returns when
  // somebody switches back. `last` when nobody will.
  void SwitchTo(CoopStack& to, bool last = false);

 private:
  static void Start(unsigned int high, unsigned int low);
  void Arrived();

  ucontext_t context_;
  void (*entry_)(void*) = nullptr;
  void* arg_ = nullptr;
  std::unique_ptr<char[]> memory_;
  // Read only when there is a sanitizer to tell.
  [[maybe_unused]] const void* bottom_ = nullptr;
  [[maybe_unused]] size_t size_ = 0;
  [[maybe_unused]] void* fake_stack_ = nullptr;
  [[maybe_unused]] void* fiber_ = nullptr;
  CoopStack* came_from_ = nullptr;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_COOP_STACK_H_
