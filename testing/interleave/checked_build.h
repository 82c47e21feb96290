// Included before everything else in the files under test (-include): from here
// on std::atomic and SystemMutex are those of checked.h, and calls of epoll(7)
// are steps, in the library's own files. Whatever else they include comes
// before the names change.
#ifndef PLUMB_TESTING_INTERLEAVE_CHECKED_BUILD_H_
#define PLUMB_TESTING_INTERLEAVE_CHECKED_BUILD_H_

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/optimization.h"
#include "absl/base/thread_annotations.h"
#include "absl/container/inlined_vector.h"
#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "testing/interleave/checked.h"
#include "testing/interleave/explorer.h"
#include "transport/system_mutex.h"
#include "transport/waiter.h"

namespace std {
template <typename T>
using plumb_checked_atomic = ::plumb::interleave::CheckedAtomic<T>;
}  // namespace std

namespace plumb {
using CheckedSystemMutex = interleave::CheckedMutex;
using CheckedSystemMutexLock = interleave::CheckedMutexLock;

namespace interleave {
// What all system calls change.
inline constexpr char kKernel = 0;
inline void SystemCall(const char* name) {
  Step(&kKernel, Access::kWrite, name);
}
}  // namespace interleave
}  // namespace plumb

#define atomic plumb_checked_atomic
#define SystemMutex CheckedSystemMutex
#define SystemMutexLock CheckedSystemMutexLock
#define epoll_ctl(...) \
  (::plumb::interleave::SystemCall("epoll_ctl"), ::epoll_ctl(__VA_ARGS__))
#define epoll_wait(...) \
  (::plumb::interleave::SystemCall("epoll_wait"), ::epoll_wait(__VA_ARGS__))

#endif  // PLUMB_TESTING_INTERLEAVE_CHECKED_BUILD_H_
