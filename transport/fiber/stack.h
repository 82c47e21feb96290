// Stacks for fibers, cut from large pieces of address space.
//
// Below each stack is a guard, so that overflow is a fault and never damage.
// Where the kernel can (Linux 6.13) it is a mark in the page table; elsewhere
// an mprotect(2), which splits the mapping and so ends at vm.max_map_count,
// some 32,000 stacks: then New has none left.
//
// A stack costs what of it has been touched. It is kept for good; Discard gives
// its memory back.
//
// Threads: any method at any time.
#ifndef PLUMB_TRANSPORT_FIBER_STACK_H_
#define PLUMB_TRANSPORT_FIBER_STACK_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace plumb {

// [low, low + size), with kGuardSize bytes below that may not be touched.
struct Stack {
  char* low = nullptr;
  size_t size = 0;

  char* high() const { return low + size; }
};

class StackArena {
 public:
  // Enough for most frames that would step over one page.
  static constexpr size_t kGuardSize = 16 * 1024;

  enum class Guard {
    kBest,     // marked where the kernel can, else protected
    kProtect,  // mprotect(2)
  };

  // Of stacks of `size` bytes, guard included, rounded up to whole pages.
  explicit StackArena(size_t size, Guard guard = Guard::kBest);
  StackArena(const StackArena&) = delete;
  StackArena& operator=(const StackArena&) = delete;
  // The stacks go with it.
  ~StackArena();

  // A stack that nobody has used; low is null when there is no memory.
  Stack New();

  // Gives the memory of `stack`, which nobody uses, back to the system. It
  // reads as zero then.
  static void Discard(const Stack& stack);

  // Whether an access to `address` hit the guard of `stack`.
  static bool InGuard(const Stack& stack, const void* address);

 private:
  bool MakeGuard(char* low) const;
  bool Grow() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t size_;
  const Guard guard_;
  absl::Mutex mutex_;
  // The part of the last piece that is not cut yet.
  char* next_ ABSL_GUARDED_BY(mutex_) = nullptr;
  char* end_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::vector<std::pair<char*, size_t>> pieces_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_STACK_H_
