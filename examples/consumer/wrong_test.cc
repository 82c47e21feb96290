// Fails, to show what is left behind of a test that links testing/capture:fake.
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "ask.h"
#include "backends/fake/fake.h"
#include "gtest/gtest.h"
#include "transport/buffered_reader.h"

TEST(WrongTest, ExpectsAnotherAnswer) {
  plumb::FakeNetwork network;
  auto listener = network.Host("oracle")->Listen("tcp", "oracle:42");
  ASSERT_EQ(listener.status(), absl::OkStatus());
  std::thread oracle([&] {
    const auto conn = (*listener)->Accept();
    EXPECT_EQ(*plumb::BufferedReader(**conn).ReadLine(), "the weather?");
    EXPECT_EQ((*conn)->Write("rainy\n"), absl::OkStatus());
  });

  EXPECT_EQ(*Ask(*network.Host("client"), "oracle:42", "the weather?"),
            "sunny");
  oracle.join();
}
