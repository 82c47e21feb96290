// Protobuf messages over a Conn, with a limit on their size.
//
//   RETURN_IF_ERROR(plumb::WriteMessage(*conn, request));
//   Reply reply;
//   RETURN_IF_ERROR(plumb::ReadMessage(*conn, &reply));
//
// On the wire a message is its length in 4 bytes, most significant first, and
// then its bytes. That is so on every network. Where a Conn has messages itself
// (MessageTraits: udp, unixgram, unixpacket) each datagram holds exactly one,
// length included; so an empty message is never taken for the end of a stream,
// and a mangled datagram is noticed. A decorator around such a Conn must let
// MessageTraits through.
//
// Threads: WriteMessage is one Write, so that messages of many threads never
// mix. ReadMessage takes two Reads of a stream: one reader at a time.
//
// Errors: the Conn's own, and
//   ResourceExhausted  longer than the limit; the text names size and limit.
//                      Nothing was written, or nothing of that size allocated
//   InvalidArgument    the bytes are no message of this type, or a required
//                      field is not set
//   IsEof              the stream ended between two messages
//   DataLoss           the stream ended inside a message
// After a failed ReadMessage with BytesDone(status) of 0 the stream stands
// between two messages: a call that timed out may be made again. So it does
// after InvalidArgument. After any other failure it stands inside one, and all
// that is left is to close it. A datagram is consumed whatever its contents.
#ifndef PLUMB_TRANSPORT_MESSAGE_MESSAGE_H_
#define PLUMB_TRANSPORT_MESSAGE_MESSAGE_H_

#include <cstddef>

#include "absl/status/status.h"
#include "google/protobuf/message_lite.h"
#include "transport/conn.h"

namespace plumb {

struct MessageOptions {
  // The longest message, in bytes, without its length; at most the 2 GiB of
  // protobuf itself.
  size_t max_bytes = size_t{1} << 20;
};

absl::Status WriteMessage(Conn& conn,
                          const google::protobuf::MessageLite& message,
                          const MessageOptions& options = MessageOptions());

// Suspends until there is a whole message. `message` is cleared first, and
// holds nothing of use after an error. The peer decides how much is allocated,
// up to the limit.
absl::Status ReadMessage(Conn& conn, google::protobuf::MessageLite* message,
                         const MessageOptions& options = MessageOptions());

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_MESSAGE_MESSAGE_H_
