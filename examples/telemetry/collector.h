// A Collector takes reports from many connections and keeps the latest of each
// source.
//
//   Collector collector;
//   plumb::Server server;
//   server.Serve(*listener, [&](plumb::Conn& conn) {
//     collector.Handle(conn).IgnoreError();
//   });
//
// Threads: any method at any time.
#ifndef PLUMB_EXAMPLES_TELEMETRY_COLLECTOR_H_
#define PLUMB_EXAMPLES_TELEMETRY_COLLECTOR_H_

#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "examples/telemetry/telemetry.pb.h"
#include "transport/conn.h"
#include "transport/message/message.h"

namespace examples {

class Collector {
 public:
  explicit Collector(plumb::MessageOptions options = plumb::MessageOptions())
      : options_(options) {}

  // Answers each report of `conn` with a receipt until the peer has finished,
  // which is success. A report over the limit, or anything that is not a
  // report, is an error; then the connection is of no further use.
  absl::Status Handle(plumb::Conn& conn);

  // By source.
  std::map<std::string, Report> Latest() const;

 private:
  void Keep(const Report& report);

  const plumb::MessageOptions options_;
  mutable absl::Mutex mutex_;
  std::map<std::string, Report> latest_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace examples

#endif  // PLUMB_EXAMPLES_TELEMETRY_COLLECTOR_H_
