#include "ask.h"

#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "backends/fake/fake.h"
#include "gtest/gtest.h"
#include "transport/buffered_reader.h"
#include "transport/error.h"
#include "transport/registry_for_test.h"

namespace {

class AskTest : public ::testing::Test {
 protected:
  AskTest() : registry_(plumb::RegistryForTest()) {
    EXPECT_EQ(network_.Host("client")->RegisterAll(registry_),
              absl::OkStatus());
  }

  plumb::FakeNetwork network_;
  plumb::Registry registry_;
};

TEST_F(AskTest, GetsTheAnswer) {
  auto listener = network_.Host("oracle")->Listen("tcp", "oracle:42");
  ASSERT_EQ(listener.status(), absl::OkStatus());
  std::string question;
  std::thread oracle([&] {
    const auto conn = (*listener)->Accept();
    question = *plumb::BufferedReader(**conn).ReadLine();
    EXPECT_EQ((*conn)->Write("sunny\n"), absl::OkStatus());
  });

  EXPECT_EQ(*Ask(registry_, "oracle:42", "the weather?"), "sunny");
  oracle.join();
  EXPECT_EQ(question, "the weather?");
}

TEST_F(AskTest, NobodyListens) {
  network_.Host("oracle");
  EXPECT_TRUE(plumb::IsRefused(Ask(registry_, "oracle:42", "hello?").status()));
}

}  // namespace
