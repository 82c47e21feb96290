// The captures of a test's fake networks, which a gtest program has by linking
// testing/capture:fake (README.md):
//
//   StoreTest.Reconnects failed; its packets are in
//   /.../test.outputs/StoreTest.Reconnects.pcapng
//
// Each network that has no observer of its own gets a capture of 1 MiB, and as
// much again for what is on its way. A test may make any number of networks:
// while 32 live no further one is captured, and when one is made, of those that
// are gone only the newest 4 are kept.
//
// When a test has failed, those of its networks that carried anything are
// written, as by CaptureOnFailure, also networks that are still there. A file
// that cannot be written is told on stderr and changes nothing about the test.
// A test that ends its process leaves no file; one whose suite shares a network
// also has what earlier tests sent there.
//
// What is captured has segments, and a handshake: a Dial that finds a backlog
// full waits for the next repetition of its SYN, a second of the network's
// clock, and not just until there is room. A test whose ManualClock stands
// still while a Dial waits says FakeNetworkOptions::default_observer = false.
//
// Threads: any; one test at a time.
#ifndef PLUMB_TESTING_CAPTURE_FAKE_CAPTURES_H_
#define PLUMB_TESTING_CAPTURE_FAKE_CAPTURES_H_

#include <cstddef>
#include <deque>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "backends/fake/packet_observer.h"
#include "testing/capture/capture.h"

namespace plumb {

class FakeCaptures {
 public:
  static constexpr ptrdiff_t kMaxLiving = 32;
  static constexpr ptrdiff_t kMaxEnded = 4;
  static constexpr size_t kMaxBytes = size_t{1} << 20;

  // Null when there is no room.
  std::shared_ptr<PacketObserver> NewObserver();

  // In the order in which their networks were made.
  std::deque<std::shared_ptr<const Capture>> Captures() const;

  // Forgets those whose networks are gone.
  void DropEnded();

 private:
  struct Entry {
    std::shared_ptr<const Capture> capture;
    std::weak_ptr<PacketObserver> observer;  // gone with the network

    bool ended() const { return observer.expired(); }
  };

  ptrdiff_t CountEnded() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropOldestEnded(ptrdiff_t kept) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  std::deque<Entry> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_FAKE_CAPTURES_H_
