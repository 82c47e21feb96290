// A thread of the system, of which one can be told that there is none to be
// had, where std::thread throws.
//
//   absl::StatusOr<Thread> thread = Thread::Start([] { ... });
//   if (!thread.ok()) return thread.status();
//   ...
//   thread->Join();
//
// For backends and what is inside the library.
//
// Threads: one at a time.
#ifndef PLUMB_TRANSPORT_THREAD_H_
#define PLUMB_TRANSPORT_THREAD_H_

#include <cassert>
#include <optional>
#include <thread>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

namespace plumb {

class Thread {
 public:
  // Runs `function` on a new thread. ResourceExhausted when there is none, as
  // pthread_create(3) says; `function` is destroyed then.
  static absl::StatusOr<Thread> Start(absl::AnyInvocable<void()> function);
  // The same, but ends the program in the name of `owner` when there is none.
  static Thread StartOrDie(const char* owner,
                           absl::AnyInvocable<void()> function);

  // None.
  Thread() = default;
  Thread(Thread&& other) : id_(std::exchange(other.id_, std::nullopt)) {}
  Thread& operator=(Thread&& other) {
    assert(!joinable());
    id_ = std::exchange(other.id_, std::nullopt);
    return *this;
  }
  ~Thread() { assert(!joinable()); }

  // Whether there is one that was neither joined nor detached, as has to happen
  // before this goes or gets another.
  bool joinable() const { return id_.has_value(); }
  bool is_current() const;

  // Waits for its end.
  void Join();
  // Nobody waits for its end.
  void Detach();

 private:
  // pthread_t.
  using Id = std::thread::native_handle_type;

  explicit Thread(Id id) : id_(id) {}

  std::optional<Id> id_;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_THREAD_H_
