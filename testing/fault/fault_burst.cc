#include "testing/fault/fault_burst.h"

#include "testing/fault/fault_hash.h"

namespace plumb {

FaultBurst::FaultBurst(const FaultSpec::Burst& burst, uint64_t key)
    : key_(key),
      turns_bad_(FaultThreshold(burst.p)),
      stays_bad_(FaultThreshold(1 - burst.r)),
      lost_when_bad_(FaultThreshold(burst.bad_loss)),
      lost_when_good_(FaultThreshold(burst.good_loss)) {}

bool FaultBurst::IsBad(uint64_t chain, uint64_t step) {
  bool is_bad = false;  // before the first
  for (uint64_t at = step + 1; at-- > 0;) {
    if (known_ && chain == chain_ && at == step_) {
      is_bad = is_bad_;
      break;
    }
    const uint64_t draw = FaultDraw(key_, FaultMix(chain, at)) >> 11;
    is_bad = draw < turns_bad_;
    if (is_bad || draw >= stays_bad_) break;
  }
  known_ = true;
  is_bad_ = is_bad;
  chain_ = chain;
  step_ = step;
  return is_bad;
}

bool FaultBurst::Loses(uint64_t chain, uint64_t step, uint64_t place) {
  const uint64_t lost = IsBad(chain, step) ? lost_when_bad_ : lost_when_good_;
  return lost != 0 && IsBelow(lost, key_, FaultMix(place, 1));
}

}  // namespace plumb
