// The connections of a FaultTransport.
#ifndef PLUMB_TESTING_FAULT_FAULTY_CONN_H_
#define PLUMB_TESTING_FAULT_FAULTY_CONN_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "testing/fault/fault_calls.h"
#include "testing/fault/fault_context.h"
#include "testing/fault/fault_entry.h"
#include "testing/fault/fault_handles.h"
#include "testing/fault/fault_link.h"
#include "testing/fault/fault_probe.h"
#include "testing/fault/fault_queue.h"
#include "testing/fault/fault_receiver.h"
#include "testing/fault/fault_sender.h"
#include "testing/fault/fault_verdict.h"
#include "testing/fault/faults.h"
#include "transport/addr.h"
#include "transport/call.h"
#include "transport/conn.h"
#include "transport/direction.h"
#include "transport/extensions.h"
#include "transport/handle_passing.h"

namespace plumb {

class FaultyConn final : public Conn,
                         private BlockedProbe,
                         private Peeker,
                         private HandlePassing {
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
  // What WaitReadable and Peek take in from a stream at a time.
  static constexpr size_t kWaitRoom = 64 * 1024;

  // A Write, or a chunk of one.
  struct Outgoing {
    absl::Span<const absl::string_view> pieces;  // one where there are handles
    absl::Span<const int> handles;
    size_t size;
    uint64_t done;  // bytes of the Write before it
  };

  int BlockedCalls(Direction direction) const override;
  absl::StatusOr<size_t> Peek(absl::Span<char> buffer) override;
  absl::StatusOr<Incoming> ReadWithHandles(absl::Span<char> buffer,
                                           size_t max_handles) override;
  absl::Status WriteWithHandles(absl::string_view data,
                                absl::Span<const int> handles) override;

  // What `read` gives of the connection inside; nothing once there is something
  // to judge.
  template <typename T>
  std::optional<absl::StatusOr<T>> ReadPlain(
      Call& call, absl::FunctionRef<absl::StatusOr<T>()> read);
  void CountPlain(const absl::Status& status, size_t size);
  // What a Read is to deliver, and how much of its buffer it may use.
  absl::Status ReadJudged(Call& call, absl::Span<char>* buffer,
                          FaultPiece* piece);
  absl::Status AwaitDue(Call& call, size_t size);
  // As the kernel: pieces up to the end of one that has handles.
  absl::StatusOr<size_t> Deliver(FaultPiece piece, absl::Span<char> buffer,
                                 SharedHandles* handles);
  // How much of it there was: of a message more than fits, maybe.
  size_t Fill(FaultPiece piece, absl::Span<char> buffer);
  absl::StatusOr<size_t> PeekMessage(absl::Span<char> buffer) const;
  absl::StatusOr<size_t> PeekStream(Call& call, absl::Span<char> buffer);
  absl::Status CutError(size_t full_size) const;
  // As much as is to be read for it, one byte at least.
  absl::StatusOr<size_t> NextMessageSize();
  absl::Status ReadInner(size_t size, FaultPiece* piece);
  absl::StatusOr<size_t> ReadInnerWithHandles(FaultPiece* piece);

  absl::Status WriteAll(absl::Span<const absl::string_view> pieces,
                        absl::Span<const int> handles);
  // Whether it may be written at all, and in which chunks.
  absl::Status EnterWrite(Call& call, size_t size, int64_t* max_bytes);
  absl::Status WritePieces(Call& call, const Outgoing& out);
  // For what may wait; null when there are none.
  absl::StatusOr<SharedHandles> CopyOutgoing(const Outgoing& out) const;
  absl::Status WriteInner(Call& call, const Outgoing& out);
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
  Peeker* const inner_peeker_;          // null where there is none inside
  HandlePassing* const inner_handles_;  // the same
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
