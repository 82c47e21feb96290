// What a decorator keeps of one direction until it may go on: pieces of a
// stream, or datagrams, that fault rules delay or hold.
//
// A stream loses nothing: what a partition would lose waits until it is over,
// as it does when a kernel sends it again. Datagrams are lost.
//
// Threads: one at a time.
#ifndef PLUMB_TESTING_FAULT_FAULT_QUEUE_H_
#define PLUMB_TESTING_FAULT_FAULT_QUEUE_H_

#include <cstddef>
#include <list>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "testing/fault/fault_handles.h"
#include "testing/fault/fault_link.h"
#include "testing/fault/fault_verdict.h"
#include "testing/fault/faults.h"
#include "transport/addr.h"

namespace plumb {

struct FaultPiece {
  std::shared_ptr<FaultLink> link;
  FaultPacket packet;
  std::string data;
  SharedHandles handles;  // go along with the first byte; null for none
  size_t cut = 0;         // bytes of a datagram that are not in `data`
  Addr addr;              // of a datagram: to whom, or from whom
  absl::Status end;       // what is read in place of data
  absl::Time due;         // when it goes on, unless it is held
  std::string held_by;    // the rule; empty when it is under way
};

class FaultQueue {
 public:
  // What a queue drops it gives to its owner, who holds a lock maybe, under
  // which no descriptor is to be closed.
  using Pieces = std::list<FaultPiece>;

  FaultQueue(std::shared_ptr<const Faults> faults, bool stream)
      : faults_(std::move(faults)), stream_(stream) {}

  bool empty() const { return pieces_.empty(); }
  size_t bytes() const { return bytes_; }
  // What is limited: bytes, and something for each piece, which may have none.
  size_t cost() const { return bytes_ + 256 * pieces_.size(); }

  // Takes in what `verdict` (not kReset) was said about, with its copies. A
  // piece that is lost it leaves alone.
  void Add(FaultPiece&& piece, const FaultVerdict& verdict, absl::Time now);
  // Puts back in front what was taken and is not used up.
  void PutBack(FaultPiece piece);

  // Asks about each piece again. Returns the rule that resets, or nothing, and
  // adds to `lost` what is dropped.
  std::string Judge(absl::Time now, Pieces* lost);

  // The end of the stream is here, and it or what is before it is held or not
  // due yet.
  bool KeepsEnd(absl::Time now) const;
  bool HasDue(absl::Time now) const { return Due(now) != pieces_.end(); }
  // Only when HasDue.
  FaultPiece TakeDue(absl::Time now);
  // The same, which stays.
  const FaultPiece& ShowDue(absl::Time now) const { return *Due(now); }
  // Into `buffer` what TakeDue gives of a stream, as far as it goes or up to
  // the end of a piece that has handles.
  size_t CopyDue(absl::Time now, absl::Span<char> buffer) const;

  // When to look again, if nothing is said before.
  absl::Time NextChange(absl::Time now) const;

  // All there was.
  Pieces Clear();

 private:
  // Whether it is kept although a rule loses it.
  bool IsKept(const FaultPiece& piece) const;
  void Insert(FaultPiece piece);
  Pieces::const_iterator Due(absl::Time now) const;

  const std::shared_ptr<const Faults> faults_;
  const bool stream_;
  Pieces
      pieces_;  // of a stream in its order, else as they are due; the end last
  size_t bytes_ = 0;
};

// The end of what one end sends, which nothing gets behind; not an error that
// is read like a datagram.
bool IsEnd(const FaultPiece& piece);

// Changes the bytes as a rule for corruption says.
void ApplyChanges(const FaultVerdict& verdict, std::string* data);

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_QUEUE_H_
