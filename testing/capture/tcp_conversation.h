// A stream as the packets of a TCP connection: handshake, segments of at most
// the MSS, acknowledgements, FIN, RST.
//
// An end acknowledges what its program has read, so that a capture shows when
// that was. Of an end that the capture does not see this is unknown: it is
// taken to acknowledge everything with what it sends, and by itself after each
// 256 KiB. The window is 64 MiB and never changes: what the kernel's was cannot
// be seen from here.
//
// Threads: one at a time. The store outlives it.
#ifndef PLUMB_TESTING_CAPTURE_TCP_CONVERSATION_H_
#define PLUMB_TESTING_CAPTURE_TCP_CONVERSATION_H_

#include <array>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "testing/capture/conversation.h"
#include "testing/capture/ip_packet.h"
#include "testing/capture/packet_store.h"
#include "transport/addr.h"

namespace plumb {

class TcpConversation final : public Conversation {
 public:
  // `mss` is IPv4's. `number` makes the first sequence numbers.
  TcpConversation(PacketStore& store, const IpPort& dialler,
                  const IpPort& acceptor, size_t mss, uint32_t number);

  void Open(int64_t dial_time, int64_t time,
            absl::string_view comment) override;
  void Data(StreamEnd from, DataCursor data, size_t size,
            int64_t time) override;
  void Read(StreamEnd by, uint64_t offset, bool and_end, int64_t time) override;
  void End(StreamEnd from, int64_t time) override;
  void Reset(StreamEnd from, int64_t time, absl::string_view comment) override;

  // Only the beginning of a dial that came to nothing.
  void OpenUnanswered(int64_t time, absl::string_view comment);
  void OpenRefused(int64_t dial_time, int64_t time, absl::string_view comment);

 private:
  // Offsets count bytes of data, and one for the FIN.
  struct Side {
    IpPort addr;
    uint32_t first_seq = 0;
    uint64_t sent = 0;
    bool ended = false;
    uint64_t acked = 0;      // of what the other one sent
    uint64_t announced = 0;  // of that, in packets
  };

  Side& side(StreamEnd end) { return sides_[Index(end)]; }
  uint64_t SentBy(StreamEnd end) { return side(end).sent + side(end).ended; }
  void Acknowledge(StreamEnd by, uint64_t offset);
  // With a packet of its own, if there is something to acknowledge.
  void SendAck(StreamEnd by, int64_t time);
  void AssumeAcks(StreamEnd from, int64_t time);
  void Syn(StreamEnd from, int64_t time, absl::string_view comment);
  void Send(StreamEnd from, uint8_t flags, absl::string_view payload,
            const Sight& sight);

  PacketStore& store_;
  const size_t mss_;
  std::array<Side, 2> sides_;
  std::string packet_, scratch_;  // kept for their memory
};

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_TCP_CONVERSATION_H_
