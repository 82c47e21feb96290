// The connections of a FaultTransport.
#ifndef PLUMB_TESTING_FAULT_FAULTY_CONN_H_
#define PLUMB_TESTING_FAULT_FAULTY_CONN_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "testing/fault/fault_calls.h"
#include "testing/fault/fault_context.h"
#include "testing/fault/fault_entry.h"
#include "testing/fault/fault_link.h"
#include "testing/fault/fault_probe.h"
#include "testing/fault/fault_receiver.h"
#include "testing/fault/fault_sender.h"
#include "testing/fault/fault_verdict.h"
#include "testing/fault/faults.h"
#include "transport/addr.h"
#include "transport/call.h"
#include "transport/conn.h"
#include "transport/direction.h"
#include "transport/extensions.h"

namespace plumb {

class FaultyConn final : public Conn, private BlockedProbe {
 public:
  // `ends` is the outgoing direction.
  FaultyConn(FaultContext context, FaultEnds ends, std::unique_ptr<Conn> inner);
  ~FaultyConn() override { Close().IgnoreError(); }

  using Conn::SetDeadline;
  using Conn::Write;
  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override;
  absl::Status Write(absl::Span<const absl::string_view> pieces) override;
  absl::Status WaitReadable() override;
  absl::Status CloseWrite() override;
  absl::Status Close() override;
  absl::Status SetDeadline(Direction direction, absl::Time when) override;
  Addr LocalAddr() const override { return inner_->LocalAddr(); }
  Addr RemoteAddr() const override { return inner_->RemoteAddr(); }
  void* Extension(absl::string_view name) override;

 private:
  int BlockedCalls(Direction direction) const override;

  absl::StatusOr<size_t> ReadPlain(Call& call, absl::Span<char> buffer);
  absl::StatusOr<size_t> ReadJudged(Call& call, absl::Span<char> buffer);
  absl::StatusOr<size_t> Deliver(FaultPiece piece, absl::Span<char> buffer);
  absl::Status ReadInner(size_t size, FaultPiece* piece);

  absl::Status WritePieces(Call& call,
                           absl::Span<const absl::string_view> pieces,
                           size_t size, uint64_t done);
  absl::Status WriteInner(Call& call,
                          absl::Span<const absl::string_view> pieces,
                          uint64_t done);
  FaultPiece Out(FaultSegment segment, uint64_t position, size_t size) const;
  // Of what a Write writes now: a message is counted before it is judged.
  uint64_t WritePosition() const { return stream_ ? sent_.load() : sent_ - 1; }
  FaultSender::Hooks SenderHooks();
  // Whether the end of the stream, or what is before it, is still to be sent.
  bool OwesPeer();
  absl::Status ShutInner();

  const FaultContext context_;
  const FaultEnds ends_;
  const bool stream_;
  const std::shared_ptr<Conn> inner_;
  const std::shared_ptr<FaultCalls> calls_;
  const std::shared_ptr<FaultLink> out_;
  const std::shared_ptr<FaultLink> in_;
  const std::shared_ptr<FaultSender> sender_;
  FaultReceiver receiver_;  // of who has the turn to read
  const uint64_t subscription_;
  FaultProbe probe_;

  FaultEntry entry_;
  uint64_t delivered_ = 0;         // bytes, of who has the turn to read
  uint64_t received_ = 0;          // bytes or messages, of the same
  std::atomic<uint64_t> sent_{0};  // bytes, or messages with the current one
  std::atomic<bool> shut_{false};
};

// The names in the errors of `inner`'s calls.
std::shared_ptr<const CallNames> NamesOf(Conn& inner);

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULTY_CONN_H_
