#include "transport/fiber/run_blocking.h"

#include "transport/wait_reason.h"
#include "transport/waiter.h"

namespace plumb {
namespace {

constexpr OpReason kReason("RunBlocking");

}  // namespace

void CallBlocking(absl::FunctionRef<void()> function) {
  Waiter::Current().RunBlocking(function, kReason);
}

}  // namespace plumb
