// A stream as packets of user_packet.h: unix, unixpacket, and networks whose
// addresses are names.
//
// Threads: one at a time. The store outlives it.
#ifndef PLUMB_TESTING_CAPTURE_USER_CONVERSATION_H_
#define PLUMB_TESTING_CAPTURE_USER_CONVERSATION_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "testing/capture/conversation.h"
#include "testing/capture/packet_store.h"
#include "testing/capture/user_packet.h"
#include "transport/addr.h"

namespace plumb {

class UserConversation final : public Conversation {
 public:
  // With `messages`, each Data is one.
  UserConversation(PacketStore& store, const Addr& dialler,
                   const Addr& acceptor, bool messages, uint32_t number);

  void Open(int64_t dial_time, int64_t time,
            absl::string_view comment) override;
  void Data(StreamEnd from, DataCursor data, size_t size,
            int64_t time) override;
  // Nothing goes over a unix socket when something is read.
  void Read(StreamEnd by, uint64_t offset, bool and_end,
            int64_t time) override {}
  void End(StreamEnd from, int64_t time) override;
  void Reset(StreamEnd from, int64_t time, absl::string_view comment) override;

 private:
  void Send(StreamEnd from, UserPacketKind kind, absl::string_view data,
            const Sight& sight);

  PacketStore& store_;
  const std::string network_;
  const std::array<std::string, 2> names_;
  const bool messages_;
  const uint32_t number_;
  std::array<uint64_t, 2> sent_ = {};
  std::string packet_, scratch_;  // kept for their memory
};

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_USER_CONVERSATION_H_
