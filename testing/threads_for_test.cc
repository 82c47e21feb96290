#include "testing/threads_for_test.h"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>

namespace plumb {
namespace {

std::atomic<int> to_start{0};
std::atomic<int> to_fail{0};

}  // namespace

void FailThreadsAfter(int started, int failing) {
  to_start = started;
  to_fail = failing;
}

}  // namespace plumb

// In place of the C library's, which it calls.
extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attr,
                              void* (*function)(void*), void* arg) {
  using Create = decltype(&pthread_create);
  static const auto create =
      reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"));
  if (plumb::to_fail > 0 && plumb::to_start-- <= 0) {
    --plumb::to_fail;
    return EAGAIN;
  }
  return create(thread, attr, function, arg);
}
