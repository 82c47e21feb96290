#include "testing/interleave/explorer.h"

#include <memory>
#include <optional>
#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "testing/interleave/checked.h"

namespace plumb {
namespace interleave {
namespace {

TEST(ExplorerTest, WhatDoesNotInterfereHasOneOrder) {
  const Outcome outcome = Explore([](Flows& flows) {
    for (int i = 0; i < 4; ++i) {
      auto own = std::make_shared<CheckedAtomic<int>>();
      flows.Add("flow", [own] {
        for (int j = 0; j < 10; ++j) own->fetch_add(1);
      });
    }
  });
  EXPECT_EQ(outcome.failure, "");
  EXPECT_EQ(outcome.interleavings, 1);
}

TEST(ExplorerTest, ReadersDoNotInterfere) {
  const Outcome outcome = Explore([](Flows& flows) {
    auto shared = std::make_shared<CheckedAtomic<int>>();
    for (int i = 0; i < 3; ++i) {
      flows.Add("reader", [shared] { (void)shared->load(); });
    }
  });
  EXPECT_EQ(outcome.interleavings, 1);
}

// 6! / (2! 2! 2!).
TEST(ExplorerTest, WhatInterferesHasAllOrders) {
  const Outcome outcome = Explore([](Flows& flows) {
    auto shared = std::make_shared<CheckedAtomic<int>>();
    for (int i = 0; i < 3; ++i) {
      flows.Add("writer", [shared] {
        shared->fetch_add(1);
        shared->fetch_add(1);
      });
    }
  });
  EXPECT_EQ(outcome.failure, "");
  EXPECT_EQ(outcome.interleavings, 90);
}

TEST(ExplorerTest, FindsALostUpdate) {
  const Outcome outcome = Explore([](Flows& flows) {
    auto sum = std::make_shared<CheckedAtomic<int>>();
    for (const char* name : {"a", "b"}) {
      flows.Add(name, [sum] { sum->store(sum->load() + 1); });
    }
    flows.AtEnd([sum] {
      if (sum->load() != 2) Fail("lost");
    });
  });
  EXPECT_EQ(outcome.failure,
            "lost\n  a: load #0\n  b: load #0\n  a: store #0\n  b: store #0\n");
}

TEST(ExplorerTest, FindsADeadlock) {
  const Outcome outcome = Explore([](Flows& flows) {
    struct Locks {
      CheckedMutex first, second;
    };
    auto locks = std::make_shared<Locks>();
    flows.Add("forth", [locks] {
      CheckedMutexLock outer(&locks->first);
      CheckedMutexLock inner(&locks->second);
    });
    flows.Add("back", [locks] {
      CheckedMutexLock outer(&locks->second);
      CheckedMutexLock inner(&locks->first);
    });
  });
  EXPECT_TRUE(absl::StrContains(outcome.failure, "waits for ever in lock\n"))
      << outcome.failure;
}

TEST(ExplorerTest, FindsUseAfterTheEnd) {
  const Outcome outcome = Explore([](Flows& flows) {
    struct Shared {
      std::optional<CheckedAtomic<int>> object;
      CheckedAtomic<int> ended;
    };
    auto shared = std::make_shared<Shared>();
    CheckedAtomic<int>& object = shared->object.emplace();
    flows.Add("user", [shared, &object] {
      if (shared->ended.load() == 0) object.store(1);
    });
    flows.Add("owner", [shared] {
      shared->ended.store(1);
      shared->object.reset();
    });
  });
  EXPECT_TRUE(absl::StartsWith(outcome.failure, "after its end: store\n"))
      << outcome.failure;
}

TEST(ExplorerTest, ALoopWithoutEndIsAFailure) {
  const Outcome outcome = Explore([](Flows& flows) {
    auto shared = std::make_shared<CheckedAtomic<int>>();
    flows.Add("loop", [shared] {
      while (shared->load() == 0) {
      }
    });
  });
  EXPECT_TRUE(absl::StartsWith(outcome.failure, "it does not end\n"));
}

}  // namespace
}  // namespace interleave
}  // namespace plumb
