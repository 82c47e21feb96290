// A Reporter sends a program's figures to a Collector, in the background, at
// regular intervals.
//
//   ReporterOptions options;
//   options.source = "web-1";
//   options.address = "stats:4000";
//   Reporter reporter(transport, options);
//   reporter.Set("requests", 17);
//
// It dials when it has something to send and keeps the connection. A report
// that fails shows in status(), and the figures as they are then go out at the
// next interval, over a new connection.
//
// Threads: any method at any time. The destructor ends what the background
// thread is blocked in and waits for it.
#ifndef PLUMB_EXAMPLES_TELEMETRY_REPORTER_H_
#define PLUMB_EXAMPLES_TELEMETRY_REPORTER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "examples/telemetry/telemetry.pb.h"
#include "transport/clock.h"
#include "transport/conn.h"
#include "transport/message/message.h"
#include "transport/scope.h"
#include "transport/transport.h"

namespace examples {

struct ReporterOptions {
  std::string source;
  std::string network = "tcp";
  std::string address;
  absl::Duration interval = absl::Seconds(10);
  // For one report: the dial, sending it, and its receipt.
  absl::Duration timeout = absl::Seconds(5);
  plumb::MessageOptions message;
};

class Reporter {
 public:
  // `transport`, and `clock`, which is the transport's, outlive this.
  Reporter(plumb::Transport& transport, ReporterOptions options,
           plumb::Clock& clock = plumb::Clock::Real());
  ~Reporter();
  Reporter(const Reporter&) = delete;
  Reporter& operator=(const Reporter&) = delete;

  void Set(absl::string_view name, double value);

  // How the last report ended.
  absl::Status status() const;

  // Blocks the calling thread until `count` reports were tried.
  void AwaitTries(uint64_t count) const;

 private:
  void Run();
  absl::Status SendReport();
  Report NextReport() const;

  plumb::Transport& transport_;
  plumb::Clock& clock_;
  const ReporterOptions options_;
  plumb::CancelSource stop_;
  std::unique_ptr<plumb::Conn> conn_;  // null until there is one; Run's

  mutable absl::Mutex mutex_;
  Report figures_ ABSL_GUARDED_BY(mutex_);  // sequence: received so far
  uint64_t tries_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace examples

#endif  // PLUMB_EXAMPLES_TELEMETRY_REPORTER_H_
