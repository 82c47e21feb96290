#include "transport/latch.h"

#include <cstdio>
#include <cstdlib>

namespace plumb {

Latch::Latch(size_t count) : count_(count) {
  if (count == 0) open_.Notify();
}

void Latch::CountDown(size_t by) {
  const size_t before = count_.fetch_sub(by, std::memory_order_acq_rel);
  if (before < by) {
    std::fprintf(stderr, "plumb::Latch: counted down by %zu from %zu\n", by,
                 before);
    std::abort();
  }
  if (before == by && by > 0) open_.Notify();
}

}  // namespace plumb
