// A socket of unix datagrams on a host of a fake network.
#ifndef PLUMB_BACKENDS_FAKE_UNIXGRAM_SOCKET_H_
#define PLUMB_BACKENDS_FAKE_UNIXGRAM_SOCKET_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/strings/string_view.h"
#include "backends/fake/datagram_socket.h"
#include "backends/fake/network_state.h"
#include "backends/fake/wire.h"

namespace plumb {

class UnixgramSocket final : public DatagramSocket {
 public:
  // `local` has no value for a socket without a name; `target` is what a
  // connected one sends to, null for none.
  UnixgramSocket(std::shared_ptr<CallState> state, HostRef host,
                 const Addr& local, const Addr& peer,
                 std::shared_ptr<DatagramSink> target, Limits limits,
                 size_t send_buffer)
      : DatagramSocket(std::move(state), peer, limits),
        host_(std::move(host)),
        local_(local),
        target_(std::move(target)),
        send_buffer_(send_buffer),
        flow_(host_.network->wire != nullptr ? host_.network->wire->NewFlow()
                                             : nullptr) {}

  int Send(const Addr& to, Datagram& datagram) override;
  size_t MaxMessageSize() const override;
  bool PassesHandles() const override { return true; }
  void SetSendBuffer(size_t bytes) override { send_buffer_.store(bytes); }
  bool TakesFrom(const Addr& from, const CallState* sender) const override;

 private:
  void Disconnect();
  // What was sent and delivered.
  void Note(Wire& wire, const Addr& to, absl::string_view data);

  const HostRef host_;
  const Addr local_;
  const std::shared_ptr<DatagramSink> target_;
  std::atomic<size_t> send_buffer_;
  const std::shared_ptr<const Wire::Flow> flow_;  // null without a Wire
  std::atomic<uint64_t> sent_{0};
  std::atomic<bool> disconnected_{false};  // the peer closed, and it was told
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_UNIXGRAM_SOCKET_H_
