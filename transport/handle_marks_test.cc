#include "transport/handle_marks.h"

#include <unistd.h>

#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace plumb {
namespace {

std::vector<Descriptor> Handles(int count) {
  std::vector<Descriptor> handles;
  for (int i = 0; i < count; ++i) handles.emplace_back(dup(0));
  return handles;
}

TEST(HandleMarks, GoWithTheirFirstByteAndEndARead) {
  HandleMarks marks;
  EXPECT_EQ(marks.Limit(100), 100u);
  marks.Add(10, 4, Handles(2));
  marks.Add(14, 1, Handles(1));
  EXPECT_EQ(marks.Limit(100), 14u);
  EXPECT_EQ(marks.Limit(12), 12u);
  EXPECT_TRUE(marks.Take(10).empty());
  EXPECT_EQ(marks.Limit(100), 4u);
  EXPECT_EQ(marks.Take(1).size(), 2u);
  // What is left of it is bytes like others.
  EXPECT_EQ(marks.Limit(100), 4u);
  EXPECT_EQ(marks.Take(4).size(), 1u);
  EXPECT_TRUE(marks.empty());
  EXPECT_EQ(marks.Limit(100), 100u);
}

TEST(HandleMarks, WhatIsPutBackComesBeforeThem) {
  HandleMarks marks;
  marks.Add(0, 1, Handles(1));
  marks.PutBack(5);
  EXPECT_EQ(marks.Limit(100), 6u);
  EXPECT_TRUE(marks.Take(5).empty());
  EXPECT_EQ(marks.Take(1).size(), 1u);
}

TEST(HandleMarks, ThoseThatNeverComeAreCutOff) {
  HandleMarks marks;
  EXPECT_TRUE(marks.Take(7).empty());
  marks.Add(0, 2, Handles(1));
  marks.Add(2, 2, Handles(2));
  marks.Add(4, 2, Handles(3));
  EXPECT_EQ(marks.CutAfter(2).size(), 5u);
  EXPECT_EQ(marks.Take(1).size(), 1u);
  EXPECT_TRUE(marks.CutAfter(0).empty());
}

}  // namespace
}  // namespace plumb
