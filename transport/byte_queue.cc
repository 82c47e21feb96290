#include "transport/byte_queue.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace plumb {
namespace {

// The smallest ring, and the largest that an empty queue keeps.
constexpr size_t kSmallRing = 256;

}  // namespace

PieceCursor::PieceCursor(absl::Span<const absl::string_view> pieces)
    : pieces_(pieces) {
  for (absl::string_view piece : pieces) remaining_ += piece.size();
}

size_t PieceCursor::CopyTo(char* to, size_t size) {
  const size_t total = std::min(size, remaining_);
  size_t left = total;
  while (left > 0) {
    const absl::string_view piece = pieces_.front().substr(offset_);
    const size_t n = std::min(left, piece.size());
    if (n > 0) std::memcpy(to, piece.data(), n);
    to += n;
    left -= n;
    offset_ += n;
    if (n == piece.size()) {
      pieces_.remove_prefix(1);
      offset_ = 0;
    }
  }
  remaining_ -= total;
  done_ += total;
  return total;
}

void PieceCursor::SkipAll() {
  done_ += remaining_;
  remaining_ = 0;
}

size_t ByteQueue::Push(PieceCursor& from) {
  const size_t taken = PushTaker(from);
  if (from.remaining() == 0 || size_ >= capacity_) return taken;
  const size_t queued = std::min(from.remaining(), capacity_ - size_);
  PushRing(from, queued);
  return taken + queued;
}

void ByteQueue::Append(absl::string_view bytes) {
  PieceCursor from(absl::MakeConstSpan(&bytes, 1));
  PushTaker(from);
  if (from.remaining() > 0) PushRing(from, from.remaining());
}

size_t ByteQueue::PushTaker(PieceCursor& from) {
  if (taker_ == nullptr) return 0;
  const size_t taken = from.CopyTo(taker_->room.data(), taker_->room.size());
  // After this the reader may be gone.
  if (taken > 0) {
    std::exchange(taker_, nullptr)
        ->taken.store(taken, std::memory_order_release);
  }
  return taken;
}

size_t ByteQueue::Pop(absl::Span<char> to) {
  size_t moved = PopRing(to);
  if (lender_ != nullptr && moved < to.size()) {
    moved += lender_->CopyTo(to.data() + moved, to.size() - moved);
    if (lender_->remaining() == 0) lender_ = nullptr;
  }
  return moved;
}

size_t ByteQueue::Peek(absl::Span<char> to) const {
  const size_t copied = PeekRing(to);
  if (lender_ == nullptr) return copied;
  PieceCursor lent = *lender_;
  return copied + lent.CopyTo(to.data() + copied, to.size() - copied);
}

void ByteQueue::PutBack(absl::string_view bytes) {
  if (bytes.empty()) return;
  Reserve(size_ + bytes.size());
  begin_ = (begin_ - bytes.size()) & (ring_size_ - 1);
  const size_t first = std::min(bytes.size(), ring_size_ - begin_);
  std::memcpy(ring_.get() + begin_, bytes.data(), first);
  std::memcpy(ring_.get(), bytes.data() + first, bytes.size() - first);
  size_ += bytes.size();
}

void ByteQueue::Clear() {
  taker_ = nullptr;
  lender_ = nullptr;
  ring_.reset();
  ring_size_ = begin_ = size_ = 0;
}

void ByteQueue::Reserve(size_t size) {
  if (size <= ring_size_) return;
  size_t larger = std::max(ring_size_, kSmallRing);
  while (larger < size) larger *= 2;
  std::unique_ptr<char[]> ring(new char[larger]);
  const size_t kept = size_;
  PopRing(absl::MakeSpan(ring.get(), kept));
  ring_ = std::move(ring);
  ring_size_ = larger;
  begin_ = 0;
  size_ = kept;
}

void ByteQueue::PushRing(PieceCursor& from, size_t size) {
  Reserve(size_ + size);
  const size_t end = (begin_ + size_) & (ring_size_ - 1);
  const size_t first = std::min(size, ring_size_ - end);
  from.CopyTo(ring_.get() + end, first);
  if (first < size) from.CopyTo(ring_.get(), size - first);
  size_ += size;
}

size_t ByteQueue::PeekRing(absl::Span<char> to) const {
  const size_t total = std::min(to.size(), size_);
  if (total == 0) return 0;
  const size_t first = std::min(total, ring_size_ - begin_);
  std::memcpy(to.data(), ring_.get() + begin_, first);
  if (first < total) {
    std::memcpy(to.data() + first, ring_.get(), total - first);
  }
  return total;
}

size_t ByteQueue::PopRing(absl::Span<char> to) {
  const size_t total = PeekRing(to);
  if (total == 0) return 0;
  begin_ = (begin_ + total) & (ring_size_ - 1);
  size_ -= total;
  if (size_ == 0 && ring_size_ > kSmallRing) {
    ring_.reset();
    ring_size_ = begin_ = 0;
  }
  return total;
}

}  // namespace plumb
