// How fault rules draw: a hash in place of random numbers, so that what a rule
// decides of a packet depends on the seed, the rule and the packet, and not on
// what was drawn before. The same on every machine and in every version.
//
// Threads: functions of their arguments.
#ifndef PLUMB_TESTING_FAULT_FAULT_HASH_H_
#define PLUMB_TESTING_FAULT_FAULT_HASH_H_

#include <cmath>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace plumb {

// The finalizer of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom
// Number Generators, 2014).
inline uint64_t FaultMix(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// Order matters.
inline uint64_t FaultMix(uint64_t a, uint64_t b) {
  return FaultMix(FaultMix(a) ^ b);
}

// What chance says of a place on a link; both are mixed already.
inline uint64_t FaultDraw(uint64_t rule, uint64_t place) {
  return FaultMix(rule ^ place);
}

// FNV-1a.
inline uint64_t FaultHash(absl::string_view text) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  }
  return hash;
}

// From 0 on and below 1.
inline double FaultFraction(uint64_t draw) {
  return static_cast<double>(draw >> 11) * 0x1.0p-53;
}

// What draws shifted to 53 bits are below as often as FaultFraction is below
// `probability`, to the last bit: the scale is a power of two.
inline uint64_t FaultThreshold(double probability) {
  return static_cast<uint64_t>(std::ceil(probability * 0x1.0p53));
}

// What draws, of 2^53, are always below.
constexpr uint64_t kCertain = uint64_t{1} << 53;

// Whether the draw of `place` is below a FaultThreshold.
inline bool IsBelow(uint64_t threshold, uint64_t key, uint64_t place) {
  return threshold == kCertain || FaultDraw(key, place) >> 11 < threshold;
}

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_HASH_H_
