#include "testing/capture/block_ring.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Bytes(const BlockRing& ring) {
  std::vector<std::string> all;
  for (const BlockRing::Block& block : ring.Blocks()) {
    all.push_back(block.bytes);
  }
  return all;
}
std::vector<uint64_t> Numbers(const BlockRing& ring) {
  std::vector<uint64_t> all;
  for (const BlockRing::Block& block : ring.Blocks()) {
    all.push_back(block.number);
  }
  return all;
}

// A block of `size` bytes, all of them `fill` but for the length.
std::string Block(uint32_t size, char fill) {
  std::string block(size, fill);
  std::memcpy(&block[4], &size, sizeof size);
  return block;
}

TEST(BlockRingTest, KeepsTheOrder) {
  BlockRing ring(1000);
  ring.Append(Block(12, 'a'), 7);
  ring.Append(Block(20, 'b'), 3);
  EXPECT_THAT(Bytes(ring), ElementsAre(Block(12, 'a'), Block(20, 'b')));
  EXPECT_THAT(Numbers(ring), ElementsAre(7, 3));
  EXPECT_EQ(ring.bytes(), 32);
  EXPECT_EQ(ring.appended(), 2);
  EXPECT_EQ(ring.dropped(), 0);
}

TEST(BlockRingTest, DropsTheOldestAndWrapsAround) {
  BlockRing ring(100);
  for (char fill = 'a'; fill <= 'z'; ++fill) {
    ring.Append(Block(28, fill), static_cast<uint64_t>(fill));
  }
  EXPECT_THAT(Bytes(ring),
              ElementsAre(Block(28, 'x'), Block(28, 'y'), Block(28, 'z')));
  EXPECT_THAT(Numbers(ring), ElementsAre('x', 'y', 'z'));
  EXPECT_EQ(ring.appended(), 26);
  EXPECT_EQ(ring.dropped(), 23);
}

TEST(BlockRingTest, OneLargeBlockTakesThePlaceOfSeveral) {
  BlockRing ring(100);
  ring.Append(Block(40, 'a'), 0);
  ring.Append(Block(40, 'b'), 0);
  ring.Append(Block(100, 'c'), 0);
  EXPECT_THAT(Bytes(ring), ElementsAre(Block(100, 'c')));
}

TEST(BlockRingTest, WhatIsTooLargeIsDroppedAlone) {
  BlockRing ring(100);
  ring.Append(Block(40, 'a'), 0);
  ring.Append(Block(104, 'b'), 0);
  EXPECT_THAT(Bytes(ring), ElementsAre(Block(40, 'a')));
  EXPECT_EQ(ring.dropped(), 1);
}

TEST(BlockRingTest, GrowsWithWhatItHolds) {
  BlockRing ring(1 << 20);
  for (int i = 0; i < 100; ++i) {
    ring.Append(Block(5000, static_cast<char>('0' + i % 10)), 0);
  }
  const std::vector<std::string> blocks = Bytes(ring);
  ASSERT_EQ(blocks.size(), 100);
  EXPECT_EQ(blocks.front(), Block(5000, '0'));
  EXPECT_EQ(blocks.back(), Block(5000, '9'));
  EXPECT_EQ(ring.dropped(), 0);
}

}  // namespace
}  // namespace plumb
