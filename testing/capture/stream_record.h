// One stream in a capture, of which either end or both may be seen. Each byte
// is written down once, by whoever comes first: usually the end that wrote it;
// the end that read it, when the other is not seen or has not yet returned from
// its Write.
//
// Threads: one at a time.
#ifndef PLUMB_TESTING_CAPTURE_STREAM_RECORD_H_
#define PLUMB_TESTING_CAPTURE_STREAM_RECORD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "testing/capture/conversation.h"
#include "testing/capture/packet_store.h"

namespace plumb {

class StreamRecord {
 public:
  struct Options {
    bool messages = false;         // offsets count messages and not bytes
    bool reset_on_unread = false;  // as TCP does
    bool to_itself = false;        // both ends are one Conn
  };

  StreamRecord(std::unique_ptr<Conversation> conversation, Options options)
      : conversation_(std::move(conversation)), options_(options) {}

  // That end is seen from now on.
  void Join(StreamEnd end, HostId host);
  bool joined(StreamEnd end) const { return state(end).joined; }
  // Every end that is seen has been closed.
  bool closed() const;

  Conversation& conversation() { return *conversation_; }

  // `end` has written the first `size` bytes of `pieces`.
  void Wrote(StreamEnd end, absl::Span<const absl::string_view> pieces,
             size_t size, int64_t time);
  // `end` has read `data`; the end of the stream.
  void Got(StreamEnd end, absl::string_view data, int64_t time);
  void GotEnd(StreamEnd end, int64_t time);
  // `end` did CloseWrite, or Close.
  void EndedWrites(StreamEnd end, int64_t time);
  void Closed(StreamEnd end, int64_t time);
  // `end` was told that the other one has reset the stream.
  void WasReset(StreamEnd end, int64_t time, absl::string_view comment);

 private:
  // What flows from one end to the other, in bytes or messages.
  struct Flow {
    uint64_t recorded = 0;  // written down
    uint64_t written = 0;   // by its writer
    uint64_t read = 0;      // by its reader
    bool ended = false;
  };
  struct End {
    bool joined = false;
    bool closed = false;
  };

  static size_t Index(StreamEnd end) { return static_cast<size_t>(end); }
  const End& state(StreamEnd end) const { return ends_[Index(end)]; }
  Flow& FlowFrom(StreamEnd end) { return flows_[Index(end)]; }
  StreamEnd ReadsFrom(StreamEnd end) const {
    return options_.to_itself ? end : OtherEnd(end);
  }
  // Writes down the part of `size` bytes at `at` that nobody has yet.
  void Record(StreamEnd from, uint64_t at, DataCursor data, size_t size,
              int64_t time);
  void Reset(StreamEnd from, int64_t time, absl::string_view comment);

  const std::unique_ptr<Conversation> conversation_;
  const Options options_;
  std::array<Flow, 2> flows_;
  std::array<End, 2> ends_;
  bool reset_ = false;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_STREAM_RECORD_H_
