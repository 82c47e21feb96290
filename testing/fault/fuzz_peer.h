// The connection inside a FuzzConn: its peer has sent what it sends and ended
// its direction, and takes a limited number of bytes. Nothing suspends.
//
// Threads, errors: as for every Conn.
#ifndef PLUMB_TESTING_FAULT_FUZZ_PEER_H_
#define PLUMB_TESTING_FAULT_FUZZ_PEER_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "transport/addr.h"
#include "transport/call.h"
#include "transport/conn.h"
#include "transport/direction.h"

namespace plumb {

class FuzzPeer final : public Conn {
 public:
  FuzzPeer(std::string data, size_t max_written);
  ~FuzzPeer() override { Close().IgnoreError(); }

  using Conn::SetDeadline;
  using Conn::Write;
  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override;
  absl::Status Write(absl::Span<const absl::string_view> pieces) override;
  absl::Status WaitReadable() override;
  absl::Status CloseWrite() override;
  absl::Status Close() override;
  absl::Status SetDeadline(Direction direction, absl::Time when) override;
  Addr LocalAddr() const override { return state_.names()->source; }
  Addr RemoteAddr() const override { return state_.names()->addr; }
  void* Extension(absl::string_view) override { return nullptr; }

 private:
  ErrorInfo Info(absl::string_view op) const {
    return NamedInfo(op, state_.names().get());
  }

  CallState state_;
  std::string data_;
  size_t read_ = 0;  // of data_; of who has the turn to read
  size_t room_;      // of who has the turn to write
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FUZZ_PEER_H_
