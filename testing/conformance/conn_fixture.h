// The fixture of the cases for Conn; conn_backend.h says how to run them.
#ifndef PLUMB_TESTING_CONFORMANCE_CONN_FIXTURE_H_
#define PLUMB_TESTING_CONFORMANCE_CONN_FIXTURE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "testing/conformance/conn_backend.h"
#include "testing/executor.h"
#include "testing/wait_until_blocked.h"
#include "transport/clock.h"
#include "transport/conn.h"
#include "transport/direction.h"
#include "transport/manual_clock.h"

namespace plumb {

// A time that has passed, on every clock.
inline absl::Time LongAgo() { return absl::FromUnixSeconds(233431200); }

// `size` bytes that differ from those of other seeds and from each other's
// neighbours.
std::string TestBytes(size_t size, uint32_t seed = 1);

class ConnConformance : public ::testing::TestWithParam<ConnParam> {
 protected:
  ConnConformance();

  // The cases; CONFORMANCE_CASE (case.h) says what this is for.
  template <typename Name>
  void Case();
  // Runs `body`, with a pair on the real clock, as the executor's first task.
  void RunCase(absl::FunctionRef<void()> body);

  // Makes the pair again, on `clock`.
  void Connect(Clock& clock);
  // Makes it again, on manual_clock().
  void ConnectOnManualClock() { Connect(manual_clock_); }

  // One more pair, decorated as the first.
  absl::StatusOr<ConnPair> MakePair(Clock& clock = Clock::Real());

  const ConnBackend& backend() const { return *GetParam().backend; }
  const ConnAbilities& abilities() const { return backend().abilities; }
  // `full` in the run on threads, and `less` where time counts for more: in
  // the others, which differ in what waits and not in what is carried.
  int Amount(int full, int less) const {
    return GetParam().variant.name() == "Threads" ? full : less;
  }
  Executor& executor() { return *executor_; }
  ManualClock& manual_clock() { return manual_clock_; }
  Conn& near() { return *pair_.near; }
  Conn& far() { return *pair_.far; }
  std::unique_ptr<Conn> TakeNear() { return std::move(pair_.near); }
  std::unique_ptr<Conn> TakeFar() { return std::move(pair_.far); }

  // The running case asserts `ids`.
  void Covers(std::initializer_list<const char*> ids);
  // It asserts that the backend has nothing of what they are about.
  void CoversLack(std::initializer_list<const char*> ids);
  // The one where the backend has it, the other where it has not.
  void CoversIf(bool has, std::initializer_list<const char*> ids) {
    has ? Covers(ids) : CoversLack(ids);
  }

  std::unique_ptr<Task> Go(std::function<void()> body) {
    return executor_->Go(std::move(body));
  }

  // Lets others run, in a loop that writes; where too much would be lost,
  // slowly.
  void Breathe();

  // One Read, of at most `size` bytes.
  static absl::StatusOr<std::string> ReadSome(Conn& conn, size_t size = 65536);
  // Reads until there are `size` bytes.
  absl::StatusOr<std::string> ReadBytes(Conn& conn, size_t size) const;
  // The same with more room than there is data, as far as a message or a stream
  // gives it.
  static absl::StatusOr<std::string> ReadShorts(Conn& conn, size_t size);
  // Reads until an error, which is left in `status`.
  static std::string ReadUntilError(Conn& conn, absl::Status* status);
  // What can be read before the deadline of `conn`, in bytes.
  static uint64_t CountUntilError(Conn& conn, absl::Status* status);

  // One round trip of a few bytes: the connection works.
  ::testing::AssertionResult Works();

  // Whether a Read of `conn` waits for something to come: nobody tells it of an
  // end.
  ::testing::AssertionResult ReadWaits(Conn& conn);

  // Makes a Read of `conn` wait for what `peer` writes then.
  void ReadShortAfterAWait(Conn& conn, Conn& peer);
  // The same for `data`, which fills its buffer exactly.
  void ReadFullAfterAWait(Conn& conn, Conn& peer, const std::string& data);
  // Lets others notice what has come, some more and some less in each round.
  void LetOthersLookAround(int round);

  // A task that writes until that fails. It lets others run in between.
  struct Writer {
    absl::Status status;  // of the Write that failed
    // By all, the failed one included.
    std::atomic<uint64_t> written{0};
    std::unique_ptr<Task> task;
  };
  std::unique_ptr<Writer> StartWriter(Conn& conn);
  // The same, until it is blocked; only where there is backpressure.
  ::testing::AssertionResult StartBlockedWriter(
      Conn& conn, std::unique_ptr<Writer>* writer);

  // Whether `status` is what conn.h promises for a failed `op` ("read") of
  // `conn`: code, text and parts.
  ::testing::AssertionResult HasError(const absl::Status& status,
                                      absl::StatusCode code,
                                      absl::string_view op, const Conn& conn,
                                      absl::string_view cause) const;
  ::testing::AssertionResult IsTimeoutOf(absl::string_view op, const Conn& conn,
                                         const absl::Status& status) const {
    return HasError(status, absl::StatusCode::kDeadlineExceeded, op, conn,
                    "i/o timeout");
  }
  ::testing::AssertionResult IsClosedOf(absl::string_view op, const Conn& conn,
                                        const absl::Status& status) const {
    return HasError(status, absl::StatusCode::kCancelled, op, conn,
                    "use of closed network connection");
  }
  ::testing::AssertionResult IsCancelOf(absl::string_view op, const Conn& conn,
                                        const absl::Status& status) const {
    return HasError(status, absl::StatusCode::kCancelled, op, conn,
                    "operation was canceled");
  }

 private:
  const std::unique_ptr<Executor> executor_;
  ManualClock manual_clock_;
  ConnPair pair_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_CONFORMANCE_CONN_FIXTURE_H_
