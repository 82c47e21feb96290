// Losses that come in bursts, after Gilbert and Elliott: a link is good or bad,
// and loses more when it is bad. Before each step a good one turns bad with one
// probability, and a bad one good with another (E. O. Elliott, Estimates of
// Error Rates for Codes on Burst-Noise Channels, 1963; tc-netem(8) gemodel).
//
// It has no memory that decides. One draw a step says what becomes of both: a
// small one has it bad and a large one good, whatever it was before, and with
// one in between it stays. So the state at a step is what the last draw before
// it has decided that was no one in between, and is found by going back: 1 / (p
// + r) steps on average, `step` of them at most, and not behind the step that
// was asked about before.
//
// Threads: one at a time.
#ifndef PLUMB_TESTING_FAULT_FAULT_BURST_H_
#define PLUMB_TESTING_FAULT_FAULT_BURST_H_

#include <cstdint>

#include "testing/fault/fault_spec.h"

namespace plumb {

class FaultBurst {
 public:
  // `key` is that of the rule, for FaultDraw.
  FaultBurst(const FaultSpec::Burst& burst, uint64_t key);

  // Whether what is sent at `step` of `chain` is lost. `chain` and `place`, of
  // which no two that are sent have the same, are mixed.
  bool Loses(uint64_t chain, uint64_t step, uint64_t place);

 private:
  bool IsBad(uint64_t chain, uint64_t step);

  const uint64_t key_;
  // Of 2^53, what draws must be below.
  const uint64_t turns_bad_;
  const uint64_t stays_bad_;
  const uint64_t lost_when_bad_;
  const uint64_t lost_when_good_;
  // What was found last, not to go back behind it.
  bool known_ = false;
  bool is_bad_ = false;
  uint64_t chain_ = 0;
  uint64_t step_ = 0;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_BURST_H_
