// The streams of a capture, by the addresses of their ends, so that the two
// Conns of one stream find each other.
//
// They find each other when both addresses say who it is: IP addresses, and
// unix sockets that have names. An unnamed unix socket can be anybody's; its
// two ends are two conversations, and the first packet of each says so in its
// comment.
//
// Who dials from the same address again begins a new stream.
//
// Threads: one at a time. The store outlives it and its records.
#ifndef PLUMB_TESTING_CAPTURE_STREAM_TABLE_H_
#define PLUMB_TESTING_CAPTURE_STREAM_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <utility>

#include "testing/capture/conversation.h"
#include "testing/capture/packet_store.h"
#include "testing/capture/stream_record.h"
#include "transport/addr.h"

namespace plumb {

struct StreamOpening {
  Addr dialler;
  Addr acceptor;
  StreamEnd end = StreamEnd::kDialler;  // the one that is seen
  HostId host = 0;
  bool messages = false;
  int64_t dial_time = 0;
  int64_t time = 0;
};

class StreamTable {
 public:
  StreamTable(PacketStore& store, size_t mss) : store_(store), mss_(mss) {}

  // The stream of which that end was just opened.
  std::shared_ptr<StreamRecord> Open(const StreamOpening& opening);
  // That end of it was just closed.
  void Closed(const std::shared_ptr<StreamRecord>& record,
              const StreamOpening& opening);

  // For conversations that are in no table.
  uint32_t NextNumber() { return ++last_number_; }
  size_t mss() const { return mss_; }

 private:
  using Key = std::pair<Addr, Addr>;

  std::shared_ptr<StreamRecord> Make(const StreamOpening& opening);

  PacketStore& store_;
  const size_t mss_;
  uint32_t last_number_ = 0;
  std::map<Key, std::shared_ptr<StreamRecord>> records_;
  // Those of which one end was seen, and is closed, in order: the other end may
  // still be accepted. Bounded.
  std::deque<std::pair<Key, std::weak_ptr<StreamRecord>>> lingering_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_STREAM_TABLE_H_
