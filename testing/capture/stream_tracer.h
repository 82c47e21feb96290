// Tells a Capture what one end of a stream does. It takes the lock and the
// time, and sorts out the statuses; StreamRecord has the rest.
//
// Threads: any method at any time.
#ifndef PLUMB_TESTING_CAPTURE_STREAM_TRACER_H_
#define PLUMB_TESTING_CAPTURE_STREAM_TRACER_H_

#include <cstddef>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "testing/capture/capture_state.h"
#include "testing/capture/stream_record.h"
#include "testing/capture/stream_table.h"

namespace plumb {

class StreamTracer {
 public:
  // `opening` is complete but for its time.
  StreamTracer(std::shared_ptr<CaptureState> state, StreamOpening opening);

  // Around a Write, so that a Close at the same time is told after it.
  void BeginWrite();
  // `written` of `pieces` went, and this is how it ended.
  void EndWrite(absl::Span<const absl::string_view> pieces, size_t written,
                const absl::Status& status);
  // `data` was read.
  void Read(absl::string_view data);
  void ReadFailed(const absl::Status& status);
  void ClosedWrite();
  void Closed();

 private:
  // What an error of a call tells about the stream.
  void Failed(const absl::Status& status, int64_t time)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_->mutex);
  void Finish(int64_t time) ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_->mutex);

  const std::shared_ptr<CaptureState> state_;
  StreamOpening opening_;
  std::shared_ptr<StreamRecord> record_ ABSL_GUARDED_BY(state_->mutex);
  int writes_inside_ ABSL_GUARDED_BY(state_->mutex) = 0;
  bool closing_ ABSL_GUARDED_BY(state_->mutex) = false;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_STREAM_TRACER_H_
