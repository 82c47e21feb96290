// Where a generator gets its choices from: a seed, or a fuzzer's bytes.
//
//   Choices seeded(42);
//   Choices fuzzed(absl::MakeConstSpan(data, size));
//   const bool closes = choices.Pick(10) == 0;
//
// Without bytes left every choice is the first.
//
// Threads: none of its own.
#ifndef PLUMB_TESTING_DIFFERENTIAL_CHOICES_H_
#define PLUMB_TESTING_DIFFERENTIAL_CHOICES_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <utility>

#include "absl/types/span.h"

namespace plumb {

class Choices {
 public:
  explicit Choices(uint64_t seed) : seed_(seed) {}
  explicit Choices(absl::Span<const uint8_t> bytes) : bytes_(bytes) {}

  // Of fuzzers: all bytes are used up.
  bool exhausted() const { return !seed_.has_value() && bytes_.empty(); }

  // Below `count`, which is at most 65536.
  uint32_t Pick(uint32_t count) {
    return seed_.has_value() ? static_cast<uint32_t>(Next() >> 33) % count
                             : Take(count > 256) % count;
  }
  bool OneIn(uint32_t count) { return Pick(count) == count - 1; }
  template <typename T>
  T Of(std::initializer_list<T> options) {
    return options.begin()[Pick(static_cast<uint32_t>(options.size()))];
  }

 private:
  // SplitMix64.
  uint64_t Next() {
    uint64_t z = (*seed_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  uint32_t Take(bool two) {
    uint32_t value = 0;
    for (int i = 0; i < (two ? 2 : 1) && !bytes_.empty(); ++i) {
      value = value << 8 | bytes_.front();
      bytes_.remove_prefix(1);
    }
    return value;
  }

  std::optional<uint64_t> seed_;
  absl::Span<const uint8_t> bytes_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_CHOICES_H_
