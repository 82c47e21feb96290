#include "transport/fiber/park_state.h"

#include "gtest/gtest.h"

namespace plumb {
namespace {

TEST(ParkStateTest, AWakeOfItsWorkerEndsThePark) {
  ParkState state;
  state.Open();
  EXPECT_TRUE(state.BeginPark());
  EXPECT_TRUE(state.parked());
  EXPECT_TRUE(state.Wake());
  EXPECT_FALSE(state.parked());
}

TEST(ParkStateTest, AWakeBeforeThePark) {
  ParkState state;
  state.Open();
  EXPECT_FALSE(state.Wake());
  EXPECT_FALSE(state.Wake());
  EXPECT_TRUE(state.woken());
  EXPECT_FALSE(state.BeginPark());
  EXPECT_TRUE(state.BeginPark());
}

TEST(ParkStateTest, IsPostedOnceUntilItHasArrived) {
  ParkState state;
  state.Open();
  EXPECT_TRUE(state.BeginPark());
  EXPECT_TRUE(state.Post());
  EXPECT_FALSE(state.Post());
  state.Posted();
  EXPECT_FALSE(state.Post());
  EXPECT_TRUE(state.posted());
  EXPECT_TRUE(state.woken());
  state.Arrive();
  EXPECT_TRUE(state.Wake());
  EXPECT_TRUE(state.Post());
  state.Posted();
}

TEST(ParkStateTest, DoesNotEndWhileItIsPosted) {
  ParkState state;
  state.Open();
  EXPECT_TRUE(state.Post());
  EXPECT_FALSE(state.Shut());
  state.Arrive();
  EXPECT_FALSE(state.Shut());
  state.Posted();
  EXPECT_TRUE(state.Shut());
}

TEST(ParkStateTest, ManyPostAtTheSameTime) {
  constexpr int kPosting = 62;
  ParkState state;
  state.Open();
  for (int i = 0; i < kPosting; ++i) {
    EXPECT_TRUE(state.Post());
    state.Arrive();
  }
  for (int i = 0; i < kPosting; ++i) {
    EXPECT_FALSE(state.Shut());
    state.Posted();
  }
  EXPECT_TRUE(state.Shut());
}

TEST(ParkStateTest, AWakeBeforeTheStartIsKeptForIt) {
  ParkState state;
  EXPECT_FALSE(state.Post());
  state.Open();
  EXPECT_FALSE(state.BeginPark());
  EXPECT_TRUE(state.Shut());
  EXPECT_FALSE(state.Post());
  state.Reset();
  state.Open();
  EXPECT_TRUE(state.BeginPark());
}

}  // namespace
}  // namespace plumb
