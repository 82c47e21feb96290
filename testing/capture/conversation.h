// A Conversation is one stream as packets: told what went over it, it adds the
// packets that would have carried that to a PacketStore. TcpConversation makes
// IP packets, UserConversation those of user_packet.h.
//
// A packet is shown where it was sent, as outbound; when the sender is no host
// of the capture, where it arrived, as inbound. Times never go back within a
// conversation.
//
// Threads: one at a time.
#ifndef PLUMB_TESTING_CAPTURE_CONVERSATION_H_
#define PLUMB_TESTING_CAPTURE_CONVERSATION_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "testing/capture/data_cursor.h"
#include "testing/capture/packet_store.h"

namespace plumb {

enum class StreamEnd : uint8_t { kDialler = 0, kAcceptor = 1 };

inline StreamEnd OtherEnd(StreamEnd end) {
  return end == StreamEnd::kDialler ? StreamEnd::kAcceptor
                                    : StreamEnd::kDialler;
}

class Conversation {
 public:
  Conversation() = default;
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;
  virtual ~Conversation() = default;

  // From now on, that end is seen by the capture; one of them at least must be
  // before anything is told.
  void SetHost(StreamEnd end, HostId host) { hosts_[Index(end)] = host; }
  std::optional<HostId> host(StreamEnd end) const { return hosts_[Index(end)]; }

  // It came to be at `time`, having been asked for at `dial_time`.
  virtual void Open(int64_t dial_time, int64_t time,
                    absl::string_view comment) = 0;
  // `from` sent `size` bytes of `data`, which are the message when there are
  // messages.
  virtual void Data(StreamEnd from, DataCursor data, size_t size,
                    int64_t time) = 0;
  // `by` has read all of the first `offset` bytes or messages; and the end of
  // the stream, if `and_end`.
  virtual void Read(StreamEnd by, uint64_t offset, bool and_end,
                    int64_t time) = 0;
  // `from` will send no more.
  virtual void End(StreamEnd from, int64_t time) = 0;
  // `from` reset it. Nothing is told after that.
  virtual void Reset(StreamEnd from, int64_t time,
                     absl::string_view comment) = 0;

 protected:
  static size_t Index(StreamEnd end) { return static_cast<size_t>(end); }

  // Where a packet that `from` sent is shown.
  Sight SightOf(StreamEnd from, int64_t time, absl::string_view comment = {}) {
    last_time_ = std::max(last_time_, time);
    if (host(from).has_value()) {
      return {*host(from), PacketDirection::kOutbound, last_time_, comment};
    }
    return {host(OtherEnd(from)).value_or(0), PacketDirection::kInbound,
            last_time_, comment};
  }

 private:
  std::array<std::optional<HostId>, 2> hosts_;
  int64_t last_time_ = 0;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_CONVERSATION_H_
