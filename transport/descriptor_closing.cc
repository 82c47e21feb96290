#include "transport/descriptor_closing.h"

#include <atomic>

namespace plumb {
namespace {

std::atomic<void (*)(int)> hook{nullptr};

}  // namespace

void DescriptorClosing(int descriptor) {
  if (void (*const call)(int) = hook.load(std::memory_order_acquire)) {
    call(descriptor);
  }
}

void SetDescriptorClosingHook(void (*new_hook)(int descriptor)) {
  hook.store(new_hook, std::memory_order_release);
}

}  // namespace plumb
