#include "testing/differential/shrink.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace plumb {
namespace {

using Compare = absl::FunctionRef<std::optional<Difference>(const Script&)>;

class Shrinker {
 public:
  Shrinker(Compare compare, const Difference& difference)
      : compare_(compare), best_(difference) {}

  Difference Run() {
    // What comes after it has no part in it.
    Script script = best_.script;
    script.resize(best_.step + 1);
    Try(std::move(script));
    RemoveSteps();
    MakeNumbersSmaller();
    return best_;
  }

 private:
  // Whether it shows the difference, and is then the best.
  bool Try(Script script) {
    const std::optional<Difference> found = compare_(script);
    if (!found.has_value()) return false;
    if (found->script[found->step].verb != best_.script[best_.step].verb) {
      return false;
    }
    best_ = *found;
    return true;
  }

  // Half of it, a quarter and so on down to single steps, until none can go.
  void RemoveSteps() {
    size_t size = std::max<size_t>(best_.script.size() / 2, 1);
    for (;;) {
      const bool removed = RemoveRuns(size);
      if (size == 1 && !removed) return;
      size = std::max<size_t>(size / 2, 1);
    }
  }

  bool RemoveRuns(size_t size) {
    bool any = false;
    for (size_t at = 0; at < best_.script.size();) {
      Script script = best_.script;
      const size_t end = std::min(at + size, script.size());
      script.erase(script.begin() + static_cast<ptrdiff_t>(at),
                   script.begin() + static_cast<ptrdiff_t>(end));
      if (!script.empty() && Try(std::move(script))) {
        any = true;
      } else {
        at += size;
      }
    }
    return any;
  }

  void MakeNumbersSmaller() {
    for (size_t i = 0; i < best_.script.size(); ++i) {
      for (const int64_t number : {int64_t{1}, int64_t{10}}) {
        if (best_.script[i].number <= number) continue;
        Script script = best_.script;
        script[i].number = number;
        if (Try(std::move(script)) || i >= best_.script.size()) break;
      }
    }
  }

  const Compare compare_;
  Difference best_;
};

}  // namespace

Difference Shrink(Compare compare, const Difference& difference) {
  return Shrinker(compare, difference).Run();
}

}  // namespace plumb
