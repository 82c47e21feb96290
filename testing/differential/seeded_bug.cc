#include "testing/differential/seeded_bug.h"

#include <atomic>

namespace plumb {
namespace {

std::atomic<int> current{0};

}  // namespace

void SetSeededBug(int number) { current.store(number); }

bool SeededBug(int number) { return current.load() == number; }

}  // namespace plumb
