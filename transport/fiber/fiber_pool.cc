#include "transport/fiber/fiber_pool.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>

namespace plumb {
namespace {

struct Pools {
  absl::Mutex mutex;
  std::map<size_t, FiberPool*> by_size ABSL_GUARDED_BY(mutex);
};

Pools& AllPools() {
  static Pools* const pools = new Pools;
  return *pools;
}

}  // namespace

FiberPool& FiberPool::ForStackSize(size_t stack_size) {
  Pools& pools = AllPools();
  absl::MutexLock lock(&pools.mutex);
  FiberPool*& pool = pools.by_size[stack_size];
  if (pool == nullptr) pool = new FiberPool(stack_size);
  return *pool;
}

void FiberPool::ForEach(absl::FunctionRef<void(FiberWaiter&)> visit) {
  std::vector<FiberPool*> all;
  {
    Pools& pools = AllPools();
    absl::MutexLock lock(&pools.mutex);
    for (const auto& [size, pool] : pools.by_size) all.push_back(pool);
  }
  for (FiberPool* pool : all) {
    std::vector<FiberWaiter*> fibers;
    {
      absl::MutexLock lock(&pool->mutex_);
      for (const auto& chunk : pool->chunks_) {
        const bool last = &chunk == &pool->chunks_.back();
        const size_t count = last ? pool->used_of_last_ : kChunk;
        for (size_t i = 0; i < count; ++i) fibers.push_back(&chunk[i]);
      }
    }
    for (FiberWaiter* fiber : fibers) visit(*fiber);
  }
}

FiberWaiter* FiberPool::New() {
  const Stack stack = arena_.New();
  if (stack.low == nullptr) {
    std::fputs(
        "plumb: no memory for the stack of another fiber; on kernels before "
        "Linux 6.13 raise vm.max_map_count, of which each takes two\n",
        stderr);
    std::abort();
  }
  if (used_of_last_ == kChunk) {
    chunks_.push_back(std::make_unique<FiberWaiter[]>(kChunk));
    used_of_last_ = 0;
  }
  FiberWaiter& fiber = chunks_.back()[used_of_last_++];
  fiber.stack_ = stack;
  return &fiber;
}

void FiberPool::Take(size_t count, std::vector<FiberWaiter*>& fibers) {
  absl::MutexLock lock(&mutex_);
  for (; count > 0; --count) {
    if (free_.empty()) {
      fibers.push_back(New());
    } else {
      fibers.push_back(free_.back());
      free_.pop_back();
    }
  }
  discarded_ = std::min(discarded_, free_.size());
  untouched_ = std::min(untouched_, free_.size());
}

void FiberPool::Give(size_t count, std::vector<FiberWaiter*>& fibers) {
  const auto end = fibers.begin() + static_cast<ptrdiff_t>(count);
  {
    absl::MutexLock lock(&mutex_);
    free_.insert(free_.end(), fibers.begin(), end);
    due_.store(next_look_, std::memory_order_relaxed);
  }
  fibers.erase(fibers.begin(), end);
}

void FiberPool::GiveBackIdle(MonotonicNanos now) {
  absl::MutexLock lock(&mutex_);
  if (now < next_look_) return;
  for (; discarded_ < untouched_; ++discarded_) {
    StackArena::Discard(free_[discarded_]->stack_);
  }
  untouched_ = free_.size();
  next_look_ = now + kIdleTime;
  due_.store(discarded_ == free_.size() ? kNever : next_look_,
             std::memory_order_relaxed);
}

void FiberPool::GiveBackAll() {
  absl::MutexLock lock(&mutex_);
  for (; discarded_ < free_.size(); ++discarded_) {
    StackArena::Discard(free_[discarded_]->stack_);
  }
}

}  // namespace plumb
