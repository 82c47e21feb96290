#include "transport/linked_list.h"

#include <vector>

#include "gtest/gtest.h"

namespace plumb {
namespace {

struct Number : LinkedList<Number>::Node {
  explicit Number(int v) : value(v) {}

  int value;
};

std::vector<int> Values(const LinkedList<Number>& list) {
  std::vector<int> values;
  for (Number* n = list.front(); n != nullptr; n = list.Next(*n)) {
    values.push_back(n->value);
  }
  return values;
}

class LinkedListTest : public testing::Test {
 protected:
  LinkedListTest() {
    list_.PushBack(one_);
    list_.PushBack(two_);
    list_.PushBack(three_);
  }

  Number one_{1}, two_{2}, three_{3};
  LinkedList<Number> list_;
};

TEST_F(LinkedListTest, IsFirstInFirstOut) {
  EXPECT_EQ(list_.PopFront(), &one_);
  EXPECT_EQ(list_.PopFront(), &two_);
  EXPECT_FALSE(list_.empty());
  EXPECT_EQ(list_.PopFront(), &three_);
  EXPECT_TRUE(list_.empty());
  EXPECT_EQ(list_.PopFront(), nullptr);
}

TEST_F(LinkedListTest, AnyElementCanBeTakenOut) {
  list_.Remove(two_);
  EXPECT_EQ(Values(list_), (std::vector<int>{1, 3}));
  list_.Remove(three_);
  EXPECT_EQ(Values(list_), (std::vector<int>{1}));
  list_.PushBack(two_);
  EXPECT_EQ(Values(list_), (std::vector<int>{1, 2}));
  list_.Remove(one_);
  EXPECT_EQ(Values(list_), (std::vector<int>{2}));
  list_.Remove(two_);
  EXPECT_TRUE(list_.empty());
}

TEST_F(LinkedListTest, ACopyIsInNoList) {
  Number copy = two_;
  list_.PushBack(copy);
  EXPECT_EQ(Values(list_), (std::vector<int>{1, 2, 3, 2}));
}

}  // namespace
}  // namespace plumb
