#include "testing/conformance/variant.h"

#include "testing/coop.h"
#include "testing/fiber_executor.h"

namespace plumb {

std::string Variant::name() const {
  const char* const kNames[] = {"Threads", "Coop", "Fibers", "Fibers3",
                                "MixedFibers"};
  return std::string(kNames[static_cast<int>(tasks)]) +
         (decorated ? "Decorated" : "");
}

std::unique_ptr<Executor> Variant::MakeExecutor() const {
  switch (tasks) {
    case Tasks::kCoop:
      return MakeCoopExecutor();
    case Tasks::kFibers:
      return MakeFiberExecutor(1);
    case Tasks::kFibers3:
      return MakeFiberExecutor(3);
    case Tasks::kMixedFibers:
      return MakeMixedExecutor(2);
    default:
      return MakeThreadExecutor();
  }
}

std::vector<Variant> AllVariants() {
  // A decorator has waits of its own, in its Gate; one kind of each of what
  // differs there, several threads and one, and fibers, is enough.
  return {
      {Variant::Tasks::kThreads, false},     {Variant::Tasks::kCoop, false},
      {Variant::Tasks::kFibers, false},      {Variant::Tasks::kFibers3, false},
      {Variant::Tasks::kMixedFibers, false}, {Variant::Tasks::kThreads, true},
      {Variant::Tasks::kCoop, true},         {Variant::Tasks::kFibers, true}};
}

}  // namespace plumb
