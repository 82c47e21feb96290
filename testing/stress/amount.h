// How much a stress test does: enough for each change, and more when asked.
//
//   const int64_t operations = AmountFromEnv("PLUMB_OPERATIONS", 50000);
//
//   bazel test -c opt //testing/stress:wakeups_test --test_output=all
//       --test_timeout=3600 --test_env=PLUMB_OPERATIONS=10000000
#ifndef PLUMB_TESTING_STRESS_AMOUNT_H_
#define PLUMB_TESTING_STRESS_AMOUNT_H_

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace plumb {

enum class Sanitizer { kNone, kAddress, kThread };

constexpr Sanitizer kSanitizer =
#if defined(__SANITIZE_THREAD__)
    Sanitizer::kThread;
#elif defined(__SANITIZE_ADDRESS__)
    Sanitizer::kAddress;
#else
    Sanitizer::kNone;
#endif

inline int64_t AmountFromEnv(const char* variable, int64_t usual) {
  const char* const text = std::getenv(variable);
  const int64_t amount = text == nullptr ? usual : std::atoll(text);
  std::printf("%s=%lld\n", variable, static_cast<long long>(amount));
  return amount;
}

}  // namespace plumb

#endif  // PLUMB_TESTING_STRESS_AMOUNT_H_
