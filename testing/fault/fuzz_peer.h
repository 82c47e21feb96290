// The connection inside a FuzzConn: its peer has sent what it sends, does then
// what its FuzzEnd says, and takes a limited number of bytes. Nothing waits for
// anything; where others would wait, a fiber may let others run.
//
// Threads, errors: as for every Conn. Extensions: Peeker.
#ifndef PLUMB_TESTING_FAULT_FUZZ_PEER_H_
#define PLUMB_TESTING_FAULT_FUZZ_PEER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "transport/addr.h"
#include "transport/call.h"
#include "transport/conn.h"
#include "transport/direction.h"
#include "transport/extensions.h"

namespace plumb {

// What a peer does when a Read, a Peek or WaitReadable has found that nothing
// is left of what it sent; one that found data, however little, has not.
enum class FuzzEnd : uint8_t {
  kHalfClose,  // ends its direction, and reads on
  kClose,      // closes: reads give the end, and then writes a broken pipe
  kReset,      // reads give ECONNRESET once, then the end; writes a broken pipe
  kSilent,     // sends no more, and reads on: the read deadline passes
  kStuck,      // nor does it read, from the start: both deadlines pass
};
constexpr int kFuzzEnds = 5;

// For people, behind "then the peer": "resets".
const char* FuzzEndText(FuzzEnd end);

class FuzzPeer final : public Conn, private Peeker {
 public:
  FuzzPeer(std::string data, FuzzEnd end, size_t max_written);
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
  void* Extension(absl::string_view name) override {
    return name == Peeker::kExtensionName ? static_cast<Peeker*>(this)
                                          : nullptr;
  }

  // `expire` has the deadline of a direction pass, in place of waiting for it.
  // Needed, before the first call.
  void SetExpire(std::function<void(Direction)> expire) {
    expire_ = std::move(expire);
  }

 private:
  absl::StatusOr<size_t> Peek(absl::Span<char> buffer) override;
  // What a Read gives, which can be read again.
  absl::StatusOr<size_t> Show(Call& call, absl::Span<char> buffer);
  // Has the peer end; an error when the call ends instead.
  absl::Status AwaitEnd(Call& call);
  // The same, and what a Read then gives.
  absl::Status AtEnd(Call& call);
  // Of a call that would wait for ever.
  absl::Status Expire(Call& call, Direction direction, ErrorInfo info);
  ErrorInfo Info(absl::string_view op) const {
    return NamedInfo(op, state_.names().get());
  }

  CallState state_;
  const FuzzEnd end_;
  std::function<void(Direction)> expire_;
  std::string data_;
  size_t read_ = 0;                // of data_; of who has the turn to read
  std::atomic<bool> gone_{false};  // Writes are broken pipes
  bool told_ = false;              // of a reset; of who has the turn to read
  size_t room_;                    // of who has the turn to write
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FUZZ_PEER_H_
