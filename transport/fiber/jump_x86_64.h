// Our own switch between stacks, for x86-64: it jumps, where a function would
// return. The processor foresees a return by the call that it remembers, and
// after a switch that is a call on another stack; but the fibers that switch
// most are all at the same place in the same code, so that without a call and a
// return of its own the switch leaves it remembering what is true. As part of
// its caller it also saves no register but those that the caller still needs.
//
// For context_switch.h.
//
// Source: System V ABI for x86-64, 3.2.1 (registers) and 3.2.2 (the stack).
#ifndef PLUMB_TRANSPORT_FIBER_JUMP_X86_64_H_
#define PLUMB_TRANSPORT_FIBER_JUMP_X86_64_H_

#include <cstdint>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"

// Where an indirect branch may end, when the processor is to check that.
#if defined(__CET__)
#define PLUMB_BRANCH_TARGET "endbr64\n"
#else
#define PLUMB_BRANCH_TARGET ""
#endif

#if defined(__AVX512F__)
#define PLUMB_AVX512_REGISTERS                                                \
  , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23",   \
      "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31", \
      "k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define PLUMB_AVX512_REGISTERS
#endif

namespace plumb {

// Where a flow goes on; on its own stack.
struct Suspended {
  const void* pc;
  const void* bp;
  const void* sp;
};

// Suspends the caller into `*from` and goes on at `to`, which has itself as its
// first argument if it is the start of a function.
//
// Nothing is pushed: the stack is at each instruction what the debugger's
// tables say, and what a function without calls keeps below it stays.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline void Jump(const Suspended** from,
                                              const Suspended* to) {
  Suspended place;
  Suspended* here = &place;
  asm volatile(
      "movq %[here], (%[from])\n"
      "leaq 1f(%%rip), %%rax\n"
      "movq %%rax, (%[here])\n"
      "movq %%rbp, 8(%[here])\n"
      "movq %%rsp, 16(%[here])\n"
      "movq 8(%[to]), %%rbp\n"
      "movq 16(%[to]), %%rsp\n"
      "jmpq *(%[to])\n"
      "1:\n" PLUMB_BRANCH_TARGET
      : [here] "+S"(here), [from] "+d"(from), [to] "+D"(to)
      :
      : "rax", "rbx", "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
        "r15", "cc", "memory", "st", "st(1)", "st(2)", "st(3)", "st(4)",
        "st(5)", "st(6)", "st(7)", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",
        "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
        "xmm13", "xmm14", "xmm15" PLUMB_AVX512_REGISTERS);
}

// How the caller computes with floating point: rounding, traps, precision.
class FloatControl {
 public:
  ABSL_ATTRIBUTE_ALWAYS_INLINE FloatControl() {
    asm volatile("stmxcsr %0\nfnstcw %1" : "=m"(sse_), "=m"(x87_));
  }

  // Makes it so again. To set it is slow, to look is not.
  ABSL_ATTRIBUTE_ALWAYS_INLINE void Restore() const {
    const FloatControl now;
    if (ABSL_PREDICT_FALSE(((now.sse_ ^ sse_) & ~kSseFlags) != 0 ||
                           now.x87_ != x87_)) {
      asm volatile("ldmxcsr %0\nfldcw %1" : : "m"(sse_), "m"(x87_));
    }
  }

 private:
  // What has happened, and not how to compute.
  static constexpr uint32_t kSseFlags = 0x3f;

  uint32_t sse_;
  uint16_t x87_;
};

}  // namespace plumb

#undef PLUMB_BRANCH_TARGET
#undef PLUMB_AVX512_REGISTERS

#endif  // PLUMB_TRANSPORT_FIBER_JUMP_X86_64_H_
