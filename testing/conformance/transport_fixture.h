// The base of the fixtures that open things through a Transport;
// transport_backend.h says how to run their suites.
#ifndef PLUMB_TESTING_CONFORMANCE_TRANSPORT_FIXTURE_H_
#define PLUMB_TESTING_CONFORMANCE_TRANSPORT_FIXTURE_H_

#include <cstddef>
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
#include "testing/conformance/jumping_clock.h"
#include "testing/conformance/transport_backend.h"
#include "testing/executor.h"
#include "transport/addr.h"
#include "transport/clock.h"
#include "transport/conn.h"
#include "transport/listener.h"
#include "transport/manual_clock.h"
#include "transport/options.h"
#include "transport/packet_conn.h"
#include "transport/transport.h"

namespace plumb {

class TransportFixture : public ::testing::TestWithParam<TransportParam> {
 protected:
  // A time that has passed, on every clock.
  static absl::Time LongAgo() { return absl::FromUnixSeconds(233431200); }

  // The two ends of a connection.
  struct Ends {
    std::unique_ptr<Conn> client;
    std::unique_ptr<Conn> server;
  };

  TransportFixture();

  // Runs `body` as the executor's first task, between SetUpCase and
  // TearDownCase.
  void RunCase(absl::FunctionRef<void()> body);
  // Opens what each case of the suite needs, on the real clock.
  virtual void SetUpCase() {}
  // Closes what is open.
  virtual void TearDownCase() {}

  const TransportBackend& backend() const { return *GetParam().backend; }
  const std::string& network() const { return backend().network; }
  // Whether Close waits until all calls have left, as that of a decorator.
  bool close_waits() const {
    return GetParam().variant.decorated || backend().close_waits;
  }
  Executor& executor() { return *executor_; }
  ManualClock& manual_clock() { return manual_clock_; }
  // The manual clock, with a calendar of its own.
  JumpingClock& jumping_clock() { return jumping_clock_; }

  // On the real clock, until UseManualClock; decorated when the variant is.
  Transport& transport() { return *transport_; }
  void UseClock(Clock& clock) { transport_ = MakeTransport(clock); }
  void UseManualClock() { UseClock(manual_clock_); }
  void DropTransport() { transport_ = nullptr; }

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

  // At a free address. They fail the test when that fails, and then return
  // null.
  std::unique_ptr<Listener> Listen(
      const ListenOptions& options = ListenOptions());
  std::unique_ptr<PacketConn> ListenPacket(
      const ListenOptions& options = ListenOptions());

  // A Conn that `listener` can accept.
  absl::StatusOr<std::unique_ptr<Conn>> DialTo(const Listener& listener);
  // The same, and it is accepted. What was written for that has been read.
  absl::StatusOr<Ends> Connect(Listener& listener);
  // A few bytes there and back.
  ::testing::AssertionResult Works(Conn& client, Conn& server);

  // One Read, of at most `size` bytes.
  static absl::StatusOr<std::string> ReadSome(Conn& conn, size_t size = 65536);

  // Whether `status` is what error.h promises for a failed `op` ("accept"):
  // code, text and parts.
  ::testing::AssertionResult HasError(const absl::Status& status,
                                      absl::StatusCode code,
                                      absl::string_view op, const Addr& source,
                                      const Addr& addr,
                                      absl::string_view cause) const;
  // For what concerns one address, which is the `addr` of Listeners.
  ::testing::AssertionResult IsTimeoutOf(absl::string_view op, const Addr& addr,
                                         const absl::Status& status) const {
    return HasError(status, absl::StatusCode::kDeadlineExceeded, op, Addr(),
                    addr, "i/o timeout");
  }
  ::testing::AssertionResult IsClosedOf(absl::string_view op, const Addr& addr,
                                        const absl::Status& status) const {
    return HasError(status, absl::StatusCode::kCancelled, op, Addr(), addr,
                    "use of closed network connection");
  }
  ::testing::AssertionResult IsCancelOf(absl::string_view op, const Addr& addr,
                                        const absl::Status& status) const {
    return HasError(status, absl::StatusCode::kCancelled, op, Addr(), addr,
                    "operation was canceled");
  }

 private:
  std::shared_ptr<Transport> MakeTransport(Clock& clock) const;

  const std::unique_ptr<Executor> executor_;
  ManualClock manual_clock_;
  JumpingClock jumping_clock_{manual_clock_};
  std::shared_ptr<Transport> transport_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_CONFORMANCE_TRANSPORT_FIXTURE_H_
