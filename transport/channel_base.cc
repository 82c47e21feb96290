#include "transport/channel_base.h"

#include "transport/selection.h"

// While one who receives waits, and can still be claimed, the buffer is empty;
// while one who sends does, it is full.

namespace plumb {

void ChannelBase::Close() {
  LinkedList<QueuedCase> ended;
  {
    SystemMutexLock lock(&mutex_);
    closed_ = true;
    while (QueuedCase* queued = ClaimFirst(receivers_)) ended.PushBack(*queued);
    while (QueuedCase* queued = ClaimFirst(senders_)) ended.PushBack(*queued);
  }
  while (QueuedCase* const queued = ended.PopFront()) {
    queued->selection.Finish(/*closed=*/true);
  }
}

bool ChannelBase::closed() const {
  SystemMutexLock lock(&mutex_);
  return closed_;
}

size_t ChannelBase::size() const {
  SystemMutexLock lock(&mutex_);
  return size_;
}

size_t ChannelBase::waiting() const {
  SystemMutexLock lock(&mutex_);
  size_t count = 0;
  for (const LinkedList<QueuedCase>* queue : {&senders_, &receivers_}) {
    for (const QueuedCase* one = queue->front(); one != nullptr;
         one = queue->Next(*one)) {
      ++count;
    }
  }
  return count;
}

ChannelBase::Outcome ChannelBase::TrySend(void* value, Met& met) {
  if (closed_) return Outcome::kClosed;
  if (QueuedCase* const receiver = ClaimFirst(receivers_)) {
    met = {&receiver->selection, value, receiver->what.value};
    return Outcome::kDone;
  }
  if (size_ == capacity_) return Outcome::kWouldBlock;
  PushValue(value);
  ++size_;
  return Outcome::kDone;
}

ChannelBase::Outcome ChannelBase::TryReceive(void* into, Met& met) {
  if (size_ > 0) {
    PopValue(into);
    --size_;
    if (QueuedCase* const sender = ClaimFirst(senders_)) {
      PushValue(sender->what.value);
      ++size_;
      met.peer = &sender->selection;
    }
    return Outcome::kDone;
  }
  if (QueuedCase* const sender = ClaimFirst(senders_)) {
    met = {&sender->selection, sender->what.value, into};
    return Outcome::kDone;
  }
  return closed_ ? Outcome::kClosed : Outcome::kWouldBlock;
}

void ChannelBase::Enqueue(QueuedCase& queued) {
  queued.queued = true;
  (queued.what.sends ? senders_ : receivers_).PushBack(queued);
}

void ChannelBase::Dequeue(QueuedCase& queued) {
  SystemMutexLock lock(&mutex_);
  if (!queued.queued) return;
  (queued.what.sends ? senders_ : receivers_).Remove(queued);
  queued.queued = false;
}

QueuedCase* ChannelBase::ClaimFirst(LinkedList<QueuedCase>& queue) {
  while (QueuedCase* const first = queue.PopFront()) {
    first->queued = false;
    if (first->selection.Claim(first->index)) return first;
  }
  return nullptr;
}

}  // namespace plumb
