// A Context is a suspended flow of control on a stack of its own. Switching to
// one suspends the caller into another.
//
// For the scheduler. The switch itself is our own where speed counts
// (jump_x86_64.h), and Boost.Context's elsewhere; what this adds is that errno
// and the state of exceptions stay with their flow, that sanitizers hear of
// each switch, and that the rest need not see Boost's headers, which cannot be
// compiled without exceptions.
//
// Threads: a Context belongs to the thread that started it.
#ifndef PLUMB_TRANSPORT_FIBER_CONTEXT_H_
#define PLUMB_TRANSPORT_FIBER_CONTEXT_H_

#include <cstddef>
#include <cstring>

#if defined(__SANITIZE_ADDRESS__)
#define PLUMB_FIBER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PLUMB_FIBER_ASAN 1
#endif
#endif

#if defined(__SANITIZE_THREAD__)
#define PLUMB_FIBER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PLUMB_FIBER_TSAN 1
#endif
#endif

// Boost knows what sanitizers, shadow stacks and other processors need.
#if defined(__x86_64__) && defined(__LP64__) && !defined(PLUMB_FIBER_ASAN) && \
    !defined(PLUMB_FIBER_TSAN) && (!defined(__CET__) || (__CET__ & 2) == 0)
#define PLUMB_FIBER_JUMPS 1
#endif

namespace boost {
namespace context {
class fiber;
}  // namespace context
}  // namespace boost

namespace plumb {

class ContextThread;
struct Suspended;

class Context {
 public:
  // What runs on the stack. It must not return, but end with SwitchForever. An
  // exception that leaves it terminates the program.
  using Entry = void (*)(void* argument);

  // None.
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // Makes this one that calls entry(argument) on the stack [low, low + size)
  // when it is switched to. It must be none, or have ended.
  void Start(ContextThread& thread, char* low, size_t size, Entry entry,
             void* argument);

  // Suspends the caller into `from` and goes on with `to`. In context_switch.h.
  static void Switch(ContextThread& thread, Context& from, Context& to);

  // The same for a flow that ends: it is never gone on with.
  [[noreturn]] static void SwitchForever(ContextThread& thread, Context& from,
                                         Context& to);

  // Makes this none after SwitchForever has left it.
  void Reset();

  // Where the registers of the suspended flow are: for prefetching alone.
  const void* frame() const {
#if defined(PLUMB_FIBER_JUMPS)
    return frame_;
#else
    const void* frame;
    std::memcpy(&frame, handle_, sizeof frame);
    return frame;
#endif
  }

 private:
  friend class ContextThread;

#if defined(PLUMB_FIBER_JUMPS)
  struct First;

  [[noreturn]] static void Enter(const First* first);

  const Suspended* frame_ = nullptr;
#else
  boost::context::fiber& handle();
  void set_handle(boost::context::fiber&& handle);

  // What sanitizers hear before and after a switch.
  static void Leave(ContextThread& thread, Context& from, Context& to,
                    bool ends);
  static void Arrive(ContextThread& thread, Context& here);

  // A boost::context::fiber; empty while it runs.
  alignas(void*) char handle_[sizeof(void*)] = {};
#endif
#if defined(PLUMB_FIBER_ASAN)
  void* fake_stack_ = nullptr;
  const void* low_ = nullptr;
  size_t size_ = 0;
#endif
#if defined(PLUMB_FIBER_TSAN)
  void* tsan_fiber_ = nullptr;
#endif
};

// A thread that switches, made on it. Its parts are looked up once, because a
// flow never changes its thread.
class ContextThread {
 public:
  // `own` will be the thread's own flow.
  explicit ContextThread(Context& own);
  ContextThread(const ContextThread&) = delete;
  ContextThread& operator=(const ContextThread&) = delete;

 private:
  friend class Context;

  // What the C++ runtime keeps for each thread, __cxa_eh_globals in the ABI.
  struct ExceptionState {
    void* caught;
    unsigned int uncaught;
  };

  int* const errno_;
  ExceptionState* const exceptions_;
#if !defined(PLUMB_FIBER_JUMPS)
  // Who is being left by the switch under way.
  Context* leaving_ = nullptr;
#endif
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_CONTEXT_H_
