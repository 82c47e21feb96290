// A StreamLink is what the bytes of a stream in memory go through, when
// something stands between its two ends: a network that delays and loses, or
// one who looks on. Without one the ends hand bytes over directly.
//
// The end that sends calls SendData, SendEnd and SendReset; what arrives the
// link hands to the StreamReceiver, in order, then or later.
//
// Threads: Send* are called one at a time, with a lock of the stream held, so
// that they must call nothing of it; Run without.
#ifndef PLUMB_TRANSPORT_STREAM_LINK_H_
#define PLUMB_TRANSPORT_STREAM_LINK_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace plumb {

// Both ends; `side` is the one at which something arrives. Not to be called
// under a lock.
class StreamReceiver {
 public:
  virtual ~StreamReceiver() = default;

  virtual void LandData(int side, absl::string_view data) = 0;
  virtual void LandEnd(int side) = 0;
  // `error` is told once, 0 is not; `rule` is who injected it, or empty.
  virtual void LandReset(int side, int error, absl::string_view rule) = 0;

  // How many more bytes than have arrived `side` has room for.
  virtual size_t Window(int side) = 0;
};

class StreamLink {
 public:
  virtual ~StreamLink() = default;

  // Once, before anything is sent. The link outlives the stream if it likes.
  virtual void Attach(std::weak_ptr<StreamReceiver> receiver) = 0;

  // `side` sends.
  virtual void SendData(int side, std::string data) = 0;
  virtual void SendEnd(int side) = 0;
  virtual void SendReset(int side, int error) = 0;

  // Lets go what was sent.
  virtual void Run() = 0;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_STREAM_LINK_H_
