#include "transport/held_mutex.h"

#ifndef NDEBUG

#include <cstdio>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/debugging/stacktrace.h"
#include "absl/debugging/symbolize.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"

namespace plumb {
namespace {

using Place = std::vector<void*>;

// So many places are told of, and no more.
constexpr size_t kPlaces = 64;
constexpr int kFrames = 16;

// Whether `place` has not been told of.
bool IsNew(const Place& place) {
  struct Places {
    absl::Mutex mutex;
    std::set<Place> told ABSL_GUARDED_BY(mutex);
  };
  static Places* const places = new Places;
  absl::MutexLock lock(&places->mutex);
  return places->told.size() < kPlaces && places->told.insert(place).second;
}

std::string Describe(const Place& place) {
  std::string text;
  for (void* const frame : place) {
    char symbol[256];
    // A return address may be that of the next function already.
    const bool known =
        absl::Symbolize(static_cast<char*>(frame) - 1, symbol, sizeof symbol);
    absl::StrAppendFormat(&text, "    %p %s\n", frame,
                          known ? symbol : "(unknown)");
  }
  return text;
}

}  // namespace

void CountHeldMutexes(int change) {
  Waiter::Current().CountHeldMutexes(change);
}

void ReportHeldMutex(const Waiter& waiter) {
  if (waiter.held_mutexes() <= 0) return;
  Place place(kFrames);
  const int count = absl::GetStackTrace(place.data(), kFrames, 1);
  place.resize(static_cast<size_t>(count));
  if (!IsNew(place)) return;
  const char* const name = waiter.name();
  const std::string text = absl::StrCat(
      "plumb::Mutex: ",
      name == nullptr ? "somebody" : absl::StrCat("fiber \"", name, "\""),
      " is suspended while it holds ", waiter.held_mutexes(), ":\n",
      Describe(place));
  std::fputs(text.c_str(), stderr);
}

}  // namespace plumb

#endif  // NDEBUG
