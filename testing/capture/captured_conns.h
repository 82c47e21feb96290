// The decorators of which CaptureTransport is made.
#ifndef PLUMB_TESTING_CAPTURE_CAPTURED_CONNS_H_
#define PLUMB_TESTING_CAPTURE_CAPTURED_CONNS_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "testing/capture/capture_state.h"
#include "testing/capture/conversation.h"
#include "testing/capture/packet_store.h"
#include "transport/conn.h"
#include "transport/listener.h"
#include "transport/packet_conn.h"

namespace plumb {

// Who sees, and what is known of the network.
struct CaptureContext {
  std::shared_ptr<CaptureState> state;
  HostId host = 0;
  std::optional<uint8_t> protocol;  // of a raw IP network
};

// `dial_time` is when the Dial began, 0 for an accepted Conn.
std::unique_ptr<Conn> CaptureConn(const CaptureContext& context,
                                  std::unique_ptr<Conn> conn, StreamEnd end,
                                  int64_t dial_time);
std::unique_ptr<Listener> CaptureListener(const CaptureContext& context,
                                          std::unique_ptr<Listener> listener);
std::unique_ptr<PacketConn> CapturePacketConn(
    const CaptureContext& context, std::unique_ptr<PacketConn> packets);

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_CAPTURED_CONNS_H_
