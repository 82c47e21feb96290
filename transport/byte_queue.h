// A ByteQueue is one direction of a stream in memory: a bounded ring of bytes,
// and past it the two who may be waiting at its ends. Bytes go straight into
// the buffer of a reader that waits, and straight out of what a writer lends.
//
// The ring is allocated on first use, grows by doubling, and is given back when
// it is empty and not small, so that an idle connection costs next to nothing.
//
// For those who write connections in memory (memory_stream.h).
//
// Threads: none of its own; its owner's mutex guards it, and with it the Taker
// (but for `taken`, which the reader may look at without) and the PieceCursor
// that are left with it.
#ifndef PLUMB_TRANSPORT_BYTE_QUEUE_H_
#define PLUMB_TRANSPORT_BYTE_QUEUE_H_

#include <atomic>
#include <cstddef>
#include <memory>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace plumb {

// Walks over the bytes of several pieces.
class PieceCursor {
 public:
  explicit PieceCursor(absl::Span<const absl::string_view> pieces);

  size_t remaining() const { return remaining_; }
  size_t done() const { return done_; }

  // Copies the next bytes, at most `size`, to `to`; returns how many.
  size_t CopyTo(char* to, size_t size);
  // Goes past all that is left.
  void SkipAll();

 private:
  absl::Span<const absl::string_view> pieces_;
  size_t offset_ = 0;  // in pieces_.front()
  size_t remaining_ = 0;
  size_t done_ = 0;
};

class ByteQueue {
 public:
  // The buffer of a reader that waits. When `taken` is not 0 the bytes are
  // there, and the queue has forgotten the Taker.
  struct Taker {
    absl::Span<char> room;
    std::atomic<size_t> taken{0};
  };

  // Holds at most `capacity` bytes; 0 is a rendezvous, through Taker and Lend
  // alone.
  explicit ByteQueue(size_t capacity) : capacity_(capacity) {}
  ByteQueue(const ByteQueue&) = delete;
  ByteQueue& operator=(const ByteQueue&) = delete;

  // No byte is in the ring, and none is lent.
  bool empty() const { return size_ == 0 && lender_ == nullptr; }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  // How much Push would take.
  size_t room() const {
    const size_t ring = size_ < capacity_ ? capacity_ - size_ : 0;
    return taker_ == nullptr ? ring : ring + taker_->room.size();
  }
  // What is queued stays, even when it is more.
  void set_capacity(size_t capacity) { capacity_ = capacity; }

  // Moves bytes from `from` to the waiting reader or else into the ring, as
  // many as there is room for; returns how many. A reader that got some is not
  // waiting any more.
  size_t Push(PieceCursor& from);
  // The same for all of `bytes`, even past the capacity.
  void Append(absl::string_view bytes);

  // Moves bytes from the ring, and then from a lender, to `to`; returns how
  // many. A lender of whom all was taken is not lending any more.
  size_t Pop(absl::Span<char> to);
  // The same without moving them.
  size_t Peek(absl::Span<char> to) const;

  // Leaves `taker` here until Push has put something there. Only when empty().
  void Wait(Taker* taker) { taker_ = taker; }
  void Withdraw() { taker_ = nullptr; }

  // Puts bytes that were taken back in front of all others, even past the
  // capacity.
  void PutBack(absl::string_view bytes);

  // Leaves what `from` still has here for Pop.
  void Lend(PieceCursor* from) { lender_ = from; }
  void TakeBack() { lender_ = nullptr; }

  // Drops what is here and forgets who waits.
  void Clear();

 private:
  // Makes the ring hold at least `size` bytes in all.
  void Reserve(size_t size);
  size_t PushTaker(PieceCursor& from);
  void PushRing(PieceCursor& from, size_t size);
  size_t PopRing(absl::Span<char> to);
  size_t PeekRing(absl::Span<char> to) const;

  size_t capacity_;
  std::unique_ptr<char[]> ring_;
  size_t ring_size_ = 0;  // a power of two, or 0
  size_t begin_ = 0;      // of the first byte in the ring
  size_t size_ = 0;
  Taker* taker_ = nullptr;
  PieceCursor* lender_ = nullptr;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_BYTE_QUEUE_H_
