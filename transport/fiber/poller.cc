#include "transport/fiber/poller.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "transport/descriptor_closing.h"
#include "transport/lock_table.h"
#include "transport/system_mutex.h"

// One direction of a descriptor is one word: kIdle, kReady (an edge came while
// nobody waited), or the Waiter of who waits. Who waits turns kReady into kIdle
// and tries again, or publishes itself; the poller takes the Waiter out and
// wakes it, or leaves kReady.
//
// A call that Close has ended may still be on its way through ParkOn. It was
// woken before DescriptorClosing was called, and a registration looks for that
// under the lock of the entry that DescriptorClosing takes: so none is left
// behind that the table knows of and close(2) removed.

namespace plumb {
namespace {

constexpr uintptr_t kIdle = 0;
constexpr uintptr_t kReady = 1;

constexpr uint32_t kReadEvents = EPOLLIN | EPOLLRDHUP | EPOLLPRI | EPOLLET;
// After any of these a short read does not mean that there is nothing more.
constexpr uint32_t kLastingEvents = EPOLLRDHUP | EPOLLPRI | EPOLLHUP | EPOLLERR;

constexpr uint64_t kWakeTag = ~uint64_t{0};
// How long one waits whom no event will tell.
constexpr MonotonicNanos kSlice = 10 * 1000 * 1000;

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::abort();
}

void Signal(Poller::Slot& slot) {
  uintptr_t seen = slot.load(std::memory_order_relaxed);
  uintptr_t next;
  do {
    next = seen > kReady ? kIdle : kReady;
  } while (!slot.compare_exchange_weak(seen, next, std::memory_order_acq_rel,
                                       std::memory_order_relaxed));
  if (seen > kReady) reinterpret_cast<Waiter*>(seen)->Wake();
}

}  // namespace

struct Poller::Entry {
  enum Registered : uint8_t { kNothing, kWriteOnce, kRead, kReadAndWrite };

  Slot& slot(Direction direction) {
    return slots[direction == Direction::kRead ? 0 : 1];
  }

  Slot slots[2] = {{kIdle}, {kIdle}};
  // Written with LockFor(this).
  std::atomic<Poller*> poller{nullptr};
  std::atomic<uint32_t> generation{0};
  std::atomic<Registered> registered{kNothing};
  std::atomic<bool> lasting{false};
};

class Poller::Table {
 public:
  // Null when there is none and never was.
  static Entry* Find(int descriptor) {
    const auto index = static_cast<size_t>(descriptor);
    if (index >= kChunks * kChunkSize) return nullptr;
    Entry* const chunk =
        chunks_[index / kChunkSize].load(std::memory_order_acquire);
    return chunk == nullptr ? nullptr : &chunk[index % kChunkSize];
  }

  static Entry& FindOrMake(int descriptor) {
    Entry* const found = Find(descriptor);
    return ABSL_PREDICT_TRUE(found != nullptr) ? *found : Make(descriptor);
  }

  // Those of `poller` are nobody's any more.
  static void Abandon(const Poller* poller) {
    for (std::atomic<Entry*>& slot : chunks_) {
      Entry* const chunk = slot.load(std::memory_order_acquire);
      if (chunk == nullptr) continue;
      for (size_t i = 0; i < kChunkSize; ++i) {
        SystemMutexLock lock(&LockFor(&chunk[i]));
        if (chunk[i].poller.load() != poller) continue;
        chunk[i].poller.store(nullptr);
        chunk[i].registered.store(Entry::kNothing);
        // Those of other workers that relied on it register anew.
        for (Slot& direction : chunk[i].slots) {
          Signal(direction);
        }
      }
    }
  }

 private:
  static ABSL_ATTRIBUTE_NOINLINE Entry& Make(int descriptor) {
    const auto index = static_cast<size_t>(descriptor);
    if (index >= kChunks * kChunkSize) Die("plumb: descriptor number");
    auto* const made = new Entry[kChunkSize];
    Entry* none = nullptr;
    if (!chunks_[index / kChunkSize].compare_exchange_strong(
            none, made, std::memory_order_acq_rel)) {
      delete[] made;
    }
    return *Find(descriptor);
  }

  static constexpr size_t kChunkSize = 1024;
  // Linux has no process with more than a million or so.
  static constexpr size_t kChunks = 4096;

  static inline std::atomic<Entry*> chunks_[kChunks];
};

Poller::Poller()
    : epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (epoll_ < 0 || wake_ < 0) Die("plumb::Runtime: epoll");
  // Edge-triggered: it is written to and never read.
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLET;
  event.data.u64 = kWakeTag;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) != 0) {
    Die("plumb::Runtime: epoll_ctl");
  }
  SetDescriptorClosingHook(&Poller::Forget);
}

Poller::~Poller() {
  Table::Abandon(this);
  close(wake_);
  close(epoll_);
}

void Poller::Interrupt() {
  const uint64_t one = 1;
  (void)!write(wake_, &one, sizeof one);
}

void Poller::Wait(MonotonicNanos timeout) {
  constexpr int kEvents = 128;
  constexpr int kAhead = 4;
  epoll_event events[kEvents];
  int count;
  if (timeout == 0 || timeout == kNever) {
    count = epoll_wait(epoll_, events, kEvents, timeout == 0 ? 0 : -1);
  } else {
    timespec left;
    left.tv_sec = static_cast<time_t>(timeout / 1000000000);
    left.tv_nsec = static_cast<long>(timeout % 1000000000);
    count = static_cast<int>(syscall(SYS_epoll_pwait2, epoll_, events, kEvents,
                                     &left, nullptr, size_t{0}));
    if (count < 0 && errno == ENOSYS) {  // before Linux 5.11
      const MonotonicNanos millis = (timeout + 999999) / 1000000;
      count = epoll_wait(epoll_, events, kEvents,
                         static_cast<int>(std::min<MonotonicNanos>(
                             millis, 24 * 60 * 60 * 1000)));
    }
  }
  for (int i = 0; i < count; ++i) {
    __builtin_prefetch(Table::Find(static_cast<int>(events[i].data.u64)));
  }
  for (int i = 0; i < count; ++i) {
    if (i + kAhead < count) PrefetchReader(events[i + kAhead].data.u64);
    if (events[i].data.u64 != kWakeTag) {
      Dispatch(events[i].data.u64, events[i].events);
    }
  }
}

void Poller::PrefetchReader(uint64_t tag) {
  if (tag == kWakeTag) return;
  __builtin_prefetch(reinterpret_cast<const void*>(
      Table::Find(static_cast<int>(tag & 0xffffffff))
          ->slot(Direction::kRead)
          .load(std::memory_order_relaxed)));
}

void Poller::Dispatch(uint64_t tag, uint32_t events) {
  Entry& entry = *Table::Find(static_cast<int>(tag & 0xffffffff));
  if (entry.generation.load(std::memory_order_acquire) != tag >> 32) return;
  if ((events & kLastingEvents) != 0) {
    entry.lasting.store(true, std::memory_order_release);
  }
  if ((events & (EPOLLIN | kLastingEvents)) != 0) {
    Signal(entry.slot(Direction::kRead));
  }
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
    Signal(entry.slot(Direction::kWrite));
  }
}

Poller::Slot* Poller::Enlist(Waiter& waiter, const Op& op,
                             MonotonicNanos& deadline,
                             absl::FunctionRef<bool()> woken) {
  Entry& entry = Table::FindOrMake(op.descriptor());
  if (op.waits_first() && entry.lasting.load(std::memory_order_acquire)) {
    return nullptr;
  }
  Slot& slot = entry.slot(op.direction());
  uintptr_t seen = kIdle;
  if (ABSL_PREDICT_TRUE(IsRegistered(entry, op.direction()) ||
                        Register(entry, op, woken))) {
    if (slot.compare_exchange_strong(seen, reinterpret_cast<uintptr_t>(&waiter),
                                     std::memory_order_acq_rel)) {
      return &slot;
    }
    if (seen == kReady) {
      slot.compare_exchange_strong(seen, kIdle, std::memory_order_acq_rel);
      return nullptr;
    }
    // Another object with the same descriptor has somebody here.
  }
  deadline = std::min(deadline, Clock::Real().MonotonicNow() + kSlice);
  return &slot;
}

void Poller::Withdraw(Waiter& waiter, Slot& slot) {
  const auto mine = reinterpret_cast<uintptr_t>(&waiter);
  // Who has woken it by an event has taken it out, too.
  uintptr_t seen = slot.load(std::memory_order_relaxed);
  if (ABSL_PREDICT_FALSE(seen == mine)) {
    slot.compare_exchange_strong(seen, kIdle, std::memory_order_acq_rel);
  }
}

bool Poller::IsRegistered(const Entry& entry, Direction direction) const {
  const Entry::Registered registered =
      entry.registered.load(std::memory_order_acquire);
  return direction == Direction::kRead
             ? registered >= Entry::kRead &&
                   entry.poller.load(std::memory_order_acquire) == this
             : registered == Entry::kReadAndWrite;
}

bool Poller::Register(Entry& entry, const Op& op,
                      absl::FunctionRef<bool()> woken) {
  SystemMutexLock lock(&LockFor(&entry));
  if (woken()) return true;
  return op.direction() == Direction::kRead
             ? RegisterForReading(entry, op.descriptor())
             : RegisterForWriting(entry, op.descriptor());
}

bool Poller::RegisterForReading(Entry& entry, int descriptor) {
  Poller* const before = entry.poller.load();
  const Entry::Registered registered = entry.registered.load();
  if (before != nullptr && before != this) {
    epoll_ctl(before->epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
  }
  const bool write = registered == Entry::kReadAndWrite ||
                     entry.slot(Direction::kWrite).load() > kReady;
  const uint32_t events = kReadEvents | (write ? uint32_t{EPOLLOUT} : 0);
  if (!Control(entry, descriptor, events, before == this)) {
    // Who waits to write relied on it.
    entry.poller.store(nullptr);
    entry.registered.store(Entry::kNothing);
    Signal(entry.slot(Direction::kWrite));
    return false;
  }
  entry.poller.store(this);
  entry.registered.store(write ? Entry::kReadAndWrite : Entry::kRead);
  return true;
}

bool Poller::RegisterForWriting(Entry& entry, int descriptor) {
  Poller* const before = entry.poller.load();
  switch (entry.registered.load()) {
    case Entry::kReadAndWrite:
      return true;
    case Entry::kRead:
      if (!before->Control(entry, descriptor, kReadEvents | EPOLLOUT, true)) {
        return false;
      }
      entry.registered.store(Entry::kReadAndWrite);
      return true;
    default:
      break;
  }
  // Nobody reads yet: mostly a connect, after which OUT would only be noise.
  Poller& poller = before != nullptr ? *before : *this;
  if (!poller.Control(entry, descriptor, EPOLLOUT | EPOLLONESHOT,
                      before != nullptr)) {
    return false;
  }
  entry.poller.store(&poller);
  entry.registered.store(Entry::kWriteOnce);
  return true;
}

bool Poller::Control(Entry& entry, int descriptor, uint32_t events,
                     bool known) {
  epoll_event event = {};
  event.events = events;
  event.data.u64 = uint64_t{entry.generation.load()} << 32 |
                   static_cast<uint32_t>(descriptor);
  const int first = known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (epoll_ctl(epoll_, first, descriptor, &event) == 0) return true;
  // Somebody closed the number behind our back, or passed it on.
  if (errno != ENOENT && errno != EEXIST) return false;
  const int second = errno == ENOENT ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  return epoll_ctl(epoll_, second, descriptor, &event) == 0;
}

// close(2) takes the registration away unless the socket has another descriptor
// by then (passed to another process, or NativeHandle's duplicated): an edge of
// that one wakes the worker for nothing, as its tag has the old generation.
// Asking the kernel to forget it would be a system call for each connection.
void Poller::Forget(int descriptor) {
  Entry* const entry = Table::Find(descriptor);
  if (entry == nullptr) return;
  Waiter* waiters[2] = {};
  {
    SystemMutexLock lock(&LockFor(entry));
    entry->generation.fetch_add(1, std::memory_order_acq_rel);
    entry->poller.store(nullptr);
    entry->registered.store(Entry::kNothing);
    entry->lasting.store(false);
    for (int i = 0; i < 2; ++i) {
      const uintptr_t seen = entry->slots[i].exchange(kIdle);
      if (seen > kReady) waiters[i] = reinterpret_cast<Waiter*>(seen);
    }
  }
  for (Waiter* waiter : waiters) {
    if (waiter != nullptr) waiter->Wake();
  }
}

}  // namespace plumb
