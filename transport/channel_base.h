// What channels of all types have in common; channel.h is for users.
//
// Threads: any method at any time.
#ifndef PLUMB_TRANSPORT_CHANNEL_BASE_H_
#define PLUMB_TRANSPORT_CHANNEL_BASE_H_

#include <cstddef>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "transport/clock.h"
#include "transport/linked_list.h"
#include "transport/select.h"
#include "transport/system_mutex.h"

namespace plumb {

class Selection;
struct QueuedCase;

class ChannelBase {
 public:
  ChannelBase(const ChannelBase&) = delete;
  ChannelBase& operator=(const ChannelBase&) = delete;

  // Nothing can be sent any more; what was sent can still be received. Ends the
  // sends and receives that wait. Again is not an error.
  void Close();
  bool closed() const;

  // How many values it holds at most, and now.
  size_t capacity() const { return capacity_; }
  size_t size() const;
  // How many sends and receives wait, for tests and diagnostics.
  size_t waiting() const;

 protected:
  explicit ChannelBase(size_t capacity) : capacity_(capacity) {}
  ~ChannelBase() = default;

  // One send or receive.
  static absl::Status Do(const SelectCase& what);
  static absl::Status DoUntil(const SelectCase& what, absl::Time deadline,
                              Clock& clock);
  static absl::Status Try(const SelectCase& what);

 private:
  friend class Selection;

  enum class Outcome { kWouldBlock, kDone, kClosed };

  // One of the other side who waited and has been claimed, and, if a value is
  // still to be moved, where from and where to.
  struct Met {
    Selection* peer = nullptr;
    void* from = nullptr;
    void* to = nullptr;
  };

  Outcome TrySend(void* value, Met& met) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Outcome TryReceive(void* into, Met& met)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Enqueue(QueuedCase& queued) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Dequeue(QueuedCase& queued);
  // The first that could be claimed, out of the queue; null for none.
  static QueuedCase* ClaimFirst(LinkedList<QueuedCase>& queue);

  // A value is a T, a place for it a std::optional<T>.
  virtual void ClearPlace(void* into) const = 0;
  virtual void Move(void* from, void* into) const = 0;
  // To and from the buffer, with the lock.
  virtual void PushValue(void* from) = 0;
  virtual void PopValue(void* into) = 0;

  const size_t capacity_;
  mutable SystemMutex mutex_;
  size_t size_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  LinkedList<QueuedCase> senders_ ABSL_GUARDED_BY(mutex_);
  LinkedList<QueuedCase> receivers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_CHANNEL_BASE_H_
