#include "transport/thread.h"

#include <pthread.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "transport/errno_text.h"

namespace plumb {
namespace {

using Function = absl::AnyInvocable<void()>;

void* Main(void* function) {
  (*std::unique_ptr<Function>(static_cast<Function*>(function)))();
  return nullptr;
}

}  // namespace

absl::StatusOr<Thread> Thread::Start(Function function) {
  auto owned = std::make_unique<Function>(std::move(function));
  pthread_t id;
  const int error = pthread_create(&id, nullptr, &Main, owned.get());
  if (error != 0) {
    return absl::ResourceExhaustedError(
        absl::StrCat("start thread: ", ErrnoText(error)));
  }
  (void)owned.release();
  return Thread(id);
}

Thread Thread::StartOrDie(const char* owner, Function function) {
  absl::StatusOr<Thread> thread = Start(std::move(function));
  if (!thread.ok()) {
    const std::string why(thread.status().message());
    std::fprintf(stderr, "plumb::%s: %s\n", owner, why.c_str());
    std::abort();
  }
  return *std::move(thread);
}

bool Thread::is_current() const {
  return id_.has_value() && pthread_equal(*id_, pthread_self()) != 0;
}

void Thread::Join() {
  pthread_join(*id_, nullptr);
  id_.reset();
}

void Thread::Detach() { pthread_detach(*std::exchange(id_, std::nullopt)); }

}  // namespace plumb
