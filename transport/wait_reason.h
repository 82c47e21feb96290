// What a caller waits for, in words, for those who ask why it is stuck
// (fiber/dump_fibers.h).
//
//   static constexpr OpReason kSleeping("sleep");
//   waiter.Park(deadline, &kSleeping);
//
// Making one must cost next to nothing, because every wait has one: the words
// are found when somebody asks.
//
// This is for those who write backends and blocking primitives.
#ifndef PLUMB_TRANSPORT_WAIT_REASON_H_
#define PLUMB_TRANSPORT_WAIT_REASON_H_

#include <string>

namespace plumb {

class WaitReason {
 public:
  // As in `read tcp 10.0.0.1:80->10.0.0.2:4242`. Called while its owner is
  // suspended, maybe on another thread, but never at the same time as the
  // owner runs.
  virtual std::string Describe() const = 0;

 protected:
  ~WaitReason() = default;
};

// The name of an operation and no more.
class OpReason final : public WaitReason {
 public:
  // `op` must outlive this.
  explicit constexpr OpReason(const char* op) : op_(op) {}
  std::string Describe() const override { return op_; }

 private:
  const char* const op_;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_WAIT_REASON_H_
