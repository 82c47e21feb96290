#include "transport/byte_queue.h"

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"

namespace plumb {
namespace {

size_t Push(ByteQueue& queue, absl::string_view bytes) {
  PieceCursor cursor(absl::MakeConstSpan(&bytes, 1));
  return queue.Push(cursor);
}

std::string Pop(ByteQueue& queue, size_t size) {
  std::string bytes(size, '\0');
  bytes.resize(queue.Pop(absl::MakeSpan(&bytes[0], size)));
  return bytes;
}

TEST(PieceCursorTest, WalksOverPiecesAndSkipsEmptyOnes) {
  const absl::string_view pieces[] = {"", "ab", "", "cde"};
  PieceCursor cursor(pieces);
  char to[4] = {};
  EXPECT_EQ(cursor.CopyTo(to, 3), 3u);
  EXPECT_EQ(absl::string_view(to, 3), "abc");
  EXPECT_EQ(cursor.done(), 3u);
  EXPECT_EQ(cursor.CopyTo(to, 4), 2u);
  EXPECT_EQ(absl::string_view(to, 2), "de");
  EXPECT_EQ(cursor.remaining(), 0u);
  EXPECT_EQ(cursor.CopyTo(to, 4), 0u);
}

TEST(ByteQueueTest, HoldsItsCapacityAndNoMore) {
  ByteQueue queue(5);
  EXPECT_EQ(Push(queue, "abcdefg"), 5u);
  EXPECT_EQ(Push(queue, "h"), 0u);
  EXPECT_EQ(Pop(queue, 2), "ab");
  EXPECT_EQ(Push(queue, "hij"), 2u);
  EXPECT_EQ(Pop(queue, 10), "cdehi");
  EXPECT_TRUE(queue.empty());
}

TEST(ByteQueueTest, KeepsTheOrderAcrossWrapsAndGrowth) {
  ByteQueue queue(100000);
  std::string expected, got;
  char next = 0;
  for (size_t size = 1; size < 600; size += 7) {
    std::string bytes;
    for (size_t i = 0; i < size; ++i) bytes.push_back(next++);
    EXPECT_EQ(Push(queue, bytes), size);
    expected += bytes;
    got += Pop(queue, size / 2);
  }
  got += Pop(queue, expected.size());
  EXPECT_TRUE(got == expected);
}

TEST(ByteQueueTest, GivesToAWaitingReaderFirst) {
  ByteQueue queue(4);
  char room[3];
  ByteQueue::Taker taker;
  taker.room = absl::MakeSpan(room);
  queue.Wait(&taker);
  EXPECT_EQ(Push(queue, "abcdefghi"), 7u);
  EXPECT_EQ(taker.taken, 3u);
  EXPECT_EQ(absl::string_view(room, 3), "abc");
  EXPECT_EQ(Pop(queue, 10), "defg");
}

TEST(ByteQueueTest, AWithdrawnReaderGetsNothing) {
  ByteQueue queue(4);
  char room[3];
  ByteQueue::Taker taker;
  taker.room = absl::MakeSpan(room);
  queue.Wait(&taker);
  queue.Withdraw();
  EXPECT_EQ(Push(queue, "ab"), 2u);
  EXPECT_EQ(taker.taken, 0u);
  EXPECT_EQ(Pop(queue, 10), "ab");
}

TEST(ByteQueueTest, TakesFromALender) {
  ByteQueue queue(0);
  const absl::string_view bytes = "abcd";
  PieceCursor cursor(absl::MakeConstSpan(&bytes, 1));
  EXPECT_EQ(queue.Push(cursor), 0u);
  queue.Lend(&cursor);
  EXPECT_FALSE(queue.empty());
  EXPECT_EQ(Pop(queue, 3), "abc");
  EXPECT_EQ(cursor.done(), 3u);
  EXPECT_EQ(Pop(queue, 3), "d");
  EXPECT_TRUE(queue.empty());
}

TEST(ByteQueueTest, WhatIsPutBackComesFirst) {
  ByteQueue queue(4);
  const absl::string_view piece = "cdef";
  PieceCursor cursor(absl::MakeConstSpan(&piece, 1));
  EXPECT_EQ(queue.Push(cursor), 4u);
  queue.PutBack("ab");
  EXPECT_EQ(queue.size(), 6u);
  char buffer[8];
  EXPECT_EQ(queue.Pop(absl::MakeSpan(buffer)), 6u);
  EXPECT_EQ(absl::string_view(buffer, 6), "abcdef");
}

TEST(ByteQueueTest, HasRoomForTheBufferOfAReaderBesideItsOwn) {
  ByteQueue queue(10);
  EXPECT_EQ(queue.room(), 10u);
  char buffer[4];
  ByteQueue::Taker taker;
  taker.room = absl::MakeSpan(buffer);
  queue.Wait(&taker);
  EXPECT_EQ(queue.room(), 14u);
  queue.Append("12345");
  EXPECT_EQ(taker.taken.load(), 4u);
  EXPECT_EQ(queue.room(), 9u);
  queue.set_capacity(0);
  EXPECT_EQ(queue.room(), 0u);
}

}  // namespace
}  // namespace plumb
