// The main of tests that run in a network of their own, in place of
// GoogleTest's gtest_main.

#include <cstdio>

#include "backends/ip/private_network_for_test.h"
#include "gtest/gtest.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (!plumb::EnterPrivateNetwork()) {
    std::perror("no network of one's own");
    return 1;
  }
  return RUN_ALL_TESTS();
}
