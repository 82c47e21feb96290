#include "backends/udp/lead.h"

namespace plumb {

bool Lead::Take(Member& member) {
  SystemMutexLock lock(&mutex_);
  if (leader_ != nullptr && leader_ != &member) {
    if (!member.queued_) Append(member);
    return false;
  }
  if (member.queued_) Remove(member);
  leader_ = &member;
  return true;
}

void Lead::Leave(Member& member) {
  std::shared_ptr<const void> alive;
  CallState* state = nullptr;
  Direction direction = Direction::kRead;
  {
    SystemMutexLock lock(&mutex_);
    if (member.queued_) Remove(member);
    if (leader_ == &member) leader_ = nullptr;
    if (leader_ != nullptr || first_ == nullptr) return;
    // Once out of the queue it may leave, and its connection with it, before
    // the signal below.
    alive = first_->alive_;
    state = &first_->state_;
    direction = first_->direction_;
    Remove(*first_);
  }
  state->Signal(direction);
}

void Lead::Append(Member& member) {
  member.queued_ = true;
  member.previous_ = last_;
  member.next_ = nullptr;
  (last_ == nullptr ? first_ : last_->next_) = &member;
  last_ = &member;
}

void Lead::Remove(Member& member) {
  member.queued_ = false;
  (member.previous_ == nullptr ? first_ : member.previous_->next_) =
      member.next_;
  (member.next_ == nullptr ? last_ : member.next_->previous_) =
      member.previous_;
}

}  // namespace plumb
