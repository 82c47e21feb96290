#include "transport/fiber/stack.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

namespace plumb {
namespace {

// MADV_GUARD_INSTALL, which older headers lack.
constexpr int kGuardInstall = 102;
constexpr size_t kStacksInPiece = 64;

size_t RoundUp(size_t size, size_t unit) {
  return (size + unit - 1) / unit * unit;
}

}  // namespace

StackArena::StackArena(size_t size, Guard guard)
    : size_(RoundUp(std::max(size, 2 * kGuardSize),
                    static_cast<size_t>(sysconf(_SC_PAGESIZE)))),
      guard_(guard) {}

StackArena::~StackArena() {
  for (const auto& [start, size] : pieces_) munmap(start, size);
}

Stack StackArena::New() {
  absl::MutexLock lock(&mutex_);
  if (next_ == end_ && !Grow()) return Stack();
  char* const low = next_;
  if (!MakeGuard(low)) return Stack();
  next_ += size_;
  return Stack{low + kGuardSize, size_ - kGuardSize};
}

bool StackArena::Grow() {
  const size_t size = size_ * kStacksInPiece;
  void* const start = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) return false;
  // A huge page would hold the whole of a stack that uses one page.
  madvise(start, size, MADV_NOHUGEPAGE);
  next_ = static_cast<char*>(start);
  end_ = next_ + size;
  pieces_.emplace_back(next_, size);
  return true;
}

bool StackArena::MakeGuard(char* low) const {
  if (guard_ == Guard::kBest && madvise(low, kGuardSize, kGuardInstall) == 0) {
    return true;
  }
  return mprotect(low, kGuardSize, PROT_NONE) == 0;
}

void StackArena::Discard(const Stack& stack) {
  madvise(stack.low, stack.size, MADV_DONTNEED);
}

bool StackArena::InGuard(const Stack& stack, const void* address) {
  // Addresses of unrelated objects compare by std::less alone.
  const std::less<const void*> before;
  return !before(address, stack.low - kGuardSize) && before(address, stack.low);
}

}  // namespace plumb
