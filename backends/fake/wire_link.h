// The link of a stream whose network has a Wire: it cuts what is written into
// segments, sends again what was lost, and puts together what arrives.
//
// The sequence numbers, acknowledgments and windows of its packets are those of
// tcp. A sender knows by itself what there is room for; packets tell so too,
// and none carries what was not told before: when a Read has made room, that is
// told before what needs it.
//
// Threads: as StreamLink and Wire::Target have it.
#ifndef PLUMB_BACKENDS_FAKE_WIRE_LINK_H_
#define PLUMB_BACKENDS_FAKE_WIRE_LINK_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "backends/fake/packet.h"
#include "backends/fake/wire.h"
#include "transport/addr.h"
#include "transport/stream_link.h"

namespace plumb {

class WireLink final : public StreamLink,
                       public std::enable_shared_from_this<WireLink> {
 public:
  struct End {
    Addr addr;
    absl::string_view host;
    size_t receive_buffer = 0;  // what its SYN says
  };
  // `near` is the end that dialled, and side 0.
  WireLink(std::shared_ptr<Wire> wire, Packet::Protocol protocol, End near,
           End far);

  // What is on its way keeps it.
  const std::shared_ptr<const Wire::Flow>& flow() const { return flow_; }

  // The packets of the handshake: SYN, SYN-ACK of a far end with that receive
  // buffer, ACK.
  Packet Syn(int attempt) const;
  Packet SynAck(size_t receive_buffer);
  Packet HandshakeAck() const { return Make(0, Packet::kAck); }
  // What the far end says when nobody listens.
  Packet Refusal() const;

  void Attach(std::weak_ptr<StreamReceiver> receiver) override;
  void SendData(int side, std::string data) override;
  void SendEnd(int side) override;
  void SendReset(int side, int error) override;
  void Run() override { wire_->Run(); }

 private:
  // One direction, from `from`.
  class Lane final : public Wire::Target {
   public:
    Lane(std::weak_ptr<WireLink> link, std::shared_ptr<const Wire::Flow> flow,
         int from)
        : link_(std::move(link)), flow_(std::move(flow)), from_(from) {}

    bool Leave(Packet& packet) override;
    absl::string_view Land(const Packet& packet) override;
    void Lose(const Packet& packet, absl::string_view rule) override;
    void Reset(const Packet& packet, absl::string_view rule) override;

   private:
    const std::weak_ptr<WireLink> link_;
    const std::shared_ptr<const Wire::Flow> flow_;
    const int from_;
  };

  // What overtook the bytes before it.
  struct Early {
    std::string data;
    bool end;
  };

  struct Side {
    End end;
    uint32_t first_sequence = 0;
    // Of what it sends.
    std::atomic<uint64_t> offset{0};
    std::atomic<bool> ended{false};
    // Of what it receives; the Wire guards what is not atomic.
    std::atomic<uint64_t> received{0};  // bytes, in order
    std::atomic<bool> got_end{false};
    std::atomic<uint64_t> limit{0};  // of the other's bytes, as it has told
    std::map<uint64_t, Early> early;
    uint64_t acknowledged = 0;        // what its packets have told of `Taken`
    std::atomic<int> reset_error{0};  // of the RST that it sends
  };

  Packet Make(int from, uint8_t flags) const;
  // How much it has received in order, a FIN being one more.
  uint64_t Taken(int side) const;
  // What a packet of `side` says that acknowledges so much.
  uint32_t WindowAfter(int side, uint64_t acknowledged) const;
  // Takes into account what its reader has taken.
  void Widen(int side);
  // Whether it has sent more than the other has told that it has room for.
  bool NeedsRoom(int from) const;
  bool Leave(int from, Packet& packet);
  std::shared_ptr<Lane> LaneFrom(int side);
  absl::string_view Land(int from, const Packet& packet);
  void Take(int to, const Packet& packet, StreamReceiver& receiver);
  void Advance(int to, absl::string_view data, bool end,
               StreamReceiver& receiver);
  void Repeat(int from, const Packet& packet, absl::string_view rule);

  const std::shared_ptr<Wire> wire_;
  const Packet::Protocol protocol_;
  const std::shared_ptr<const Wire::Flow> flow_;
  const uint16_t mss_;
  const size_t segment_;
  std::array<Side, 2> sides_;
  std::weak_ptr<StreamReceiver> receiver_;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_WIRE_LINK_H_
