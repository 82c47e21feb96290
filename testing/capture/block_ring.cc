#include "testing/capture/block_ring.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace plumb {

void BlockRing::Append(absl::string_view block, uint64_t number) {
  ++appended_;
  if (!MakeRoom(block.size())) {
    ++dropped_;
    return;
  }
  CopyIn(block);
  numbers_.push_back(number);
}

std::vector<BlockRing::Block> BlockRing::Blocks() const {
  std::vector<Block> blocks;
  size_t offset = 0;
  for (const uint64_t number : numbers_) {
    std::string bytes(BlockSize(offset), '\0');
    CopyOut(offset, bytes.size(), &bytes[0]);
    offset += bytes.size();
    blocks.push_back({number, std::move(bytes)});
  }
  return blocks;
}

bool BlockRing::MakeRoom(size_t size) {
  if (size > max_bytes_) return false;
  if (size_ + size > buffer_.size()) Grow(size_ + size);
  while (size_ + size > buffer_.size()) DropOldest();
  return true;
}

void BlockRing::Grow(size_t size) {
  if (buffer_.size() == max_bytes_) return;
  const size_t doubled = std::max<size_t>(2 * buffer_.size(), 16 * 1024);
  std::vector<char> larger(std::min(max_bytes_, std::max(doubled, size)));
  CopyOut(0, size_, larger.data());
  buffer_ = std::move(larger);
  head_ = 0;
}

void BlockRing::DropOldest() {
  const size_t size = BlockSize(0);
  head_ = (head_ + size) % buffer_.size();
  size_ -= size;
  numbers_.pop_front();
  ++dropped_;
}

size_t BlockRing::BlockSize(size_t offset) const {
  char bytes[4];
  CopyOut(offset + 4, sizeof bytes, bytes);
  uint32_t size;
  std::memcpy(&size, bytes, sizeof size);
  return size;
}

void BlockRing::CopyOut(size_t offset, size_t size, char* to) const {
  if (size == 0) return;
  const size_t at = (head_ + offset) % buffer_.size();
  const size_t first = std::min(size, buffer_.size() - at);
  std::memcpy(to, buffer_.data() + at, first);
  std::memcpy(to + first, buffer_.data(), size - first);
}

void BlockRing::CopyIn(absl::string_view block) {
  const size_t at = (head_ + size_) % buffer_.size();
  const size_t first = std::min(block.size(), buffer_.size() - at);
  std::memcpy(buffer_.data() + at, block.data(), first);
  std::memcpy(buffer_.data(), block.data() + first, block.size() - first);
  size_ += block.size();
}

}  // namespace plumb
