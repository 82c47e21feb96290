#include "testing/capture/stream_record.h"

#include <algorithm>

namespace plumb {

void StreamRecord::Join(StreamEnd end, HostId host) {
  ends_[Index(end)].joined = true;
  conversation_->SetHost(end, host);
}

bool StreamRecord::closed() const {
  return std::all_of(ends_.begin(), ends_.end(),
                     [](const End& end) { return !end.joined || end.closed; });
}

void StreamRecord::Wrote(StreamEnd end,
                         absl::Span<const absl::string_view> pieces,
                         size_t size, int64_t time) {
  Flow& flow = FlowFrom(end);
  Record(end, flow.written, DataCursor(pieces), size, time);
  flow.written += options_.messages ? 1 : size;
}

void StreamRecord::Got(StreamEnd end, absl::string_view data, int64_t time) {
  const StreamEnd from = ReadsFrom(end);
  Flow& flow = FlowFrom(from);
  Record(from, flow.read, DataCursor(absl::MakeConstSpan(&data, 1)),
         data.size(), time);
  flow.read += options_.messages ? 1 : data.size();
  if (!reset_) conversation_->Read(OtherEnd(from), flow.read, false, time);
}

void StreamRecord::GotEnd(StreamEnd end, int64_t time) {
  const StreamEnd from = ReadsFrom(end);
  EndedWrites(from, time);
  if (!reset_) {
    conversation_->Read(OtherEnd(from), FlowFrom(from).read, true, time);
  }
}

void StreamRecord::EndedWrites(StreamEnd end, int64_t time) {
  if (reset_ || std::exchange(FlowFrom(end).ended, true)) return;
  conversation_->End(end, time);
}

void StreamRecord::Closed(StreamEnd end, int64_t time) {
  ends_[Index(end)].closed = true;
  const Flow& incoming = FlowFrom(ReadsFrom(end));
  if (options_.reset_on_unread && incoming.read < incoming.recorded) {
    Reset(end, time, "closed with unread data");
  } else {
    EndedWrites(end, time);
  }
  if (options_.to_itself) ends_[Index(OtherEnd(end))].closed = true;
}

void StreamRecord::WasReset(StreamEnd end, int64_t time,
                            absl::string_view comment) {
  Reset(OtherEnd(end), time, comment);
}

void StreamRecord::Record(StreamEnd from, uint64_t at, DataCursor data,
                          size_t size, int64_t time) {
  Flow& flow = FlowFrom(from);
  const uint64_t known = flow.recorded - std::min(at, flow.recorded);
  if (options_.messages) {
    if (known > 0) return;
    flow.recorded = at + 1;
  } else {
    if (known >= size) return;
    data.Skip(known);
    size -= known;
    flow.recorded = at + known + size;
  }
  // What a Write that was cut by a Close had written comes after the end.
  if (reset_ || flow.ended) return;
  conversation_->Data(from, data, size, time);
}

void StreamRecord::Reset(StreamEnd from, int64_t time,
                         absl::string_view comment) {
  if (std::exchange(reset_, true)) return;
  conversation_->Reset(from, time, comment);
}

}  // namespace plumb
