// A queue of pcapng blocks of bounded size: when it is full, the oldest go.
//
//   BlockRing ring(1 << 20);
//   ring.Append(block, number);
//   for (const BlockRing::Block& block : ring.Blocks()) ...
//
// Memory is taken as it is needed, up to the bound. A block that is larger than
// the bound is dropped itself.
//
// Threads: one at a time.
#ifndef PLUMB_TESTING_CAPTURE_BLOCK_RING_H_
#define PLUMB_TESTING_CAPTURE_BLOCK_RING_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace plumb {

class BlockRing {
 public:
  explicit BlockRing(size_t max_bytes) : max_bytes_(max_bytes) {}

  struct Block {
    uint64_t number;
    std::string bytes;
  };

  // `block` is whole: its length is in its second word. The number is only
  // kept.
  void Append(absl::string_view block, uint64_t number);

  // In the order in which they were appended.
  std::vector<Block> Blocks() const;

  size_t bytes() const { return size_; }
  uint64_t appended() const { return appended_; }  // in all
  uint64_t dropped() const { return dropped_; }    // of them

 private:
  // True when there is room now.
  bool MakeRoom(size_t size);
  void Grow(size_t size);
  void DropOldest();
  size_t BlockSize(size_t offset) const;
  // `offset` counts from the oldest byte.
  void CopyOut(size_t offset, size_t size, char* to) const;
  void CopyIn(absl::string_view block);

  const size_t max_bytes_;
  std::vector<char> buffer_;
  std::deque<uint64_t> numbers_;
  size_t head_ = 0;  // of the oldest byte
  size_t size_ = 0;
  uint64_t appended_ = 0;
  uint64_t dropped_ = 0;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_BLOCK_RING_H_
