// What an idle connection takes: both of its ends, with their addresses.
#include <malloc.h>

#include <cstddef>
#include <string>
#include <vector>

#include "backends/fake/fake.h"
#include "backends/fake/fake_test_util.h"
#include "gtest/gtest.h"

namespace plumb {
namespace {

constexpr size_t kConnections = 10000;

// What is allocated, with malloc's own words.
size_t BytesInUse() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// Of each of many connections of `client` to `address`, where `server` listens.
size_t BytesOfEach(FakeHost& client, FakeHost& server, const char* network,
                   const std::string& address) {
  const auto listener = Must(server.Listen(network, address));
  std::vector<Connected> idle;
  idle.reserve(kConnections);
  const size_t before = BytesInUse();
  for (size_t i = 0; i < kConnections; ++i) {
    idle.push_back(Connect(client, *listener, network, address));
  }
  return (BytesInUse() - before) / kConnections;
}

TEST(FakeMemoryTest, AnIdleConnectionTakesAKibibyteAtMost) {
  FakeNetwork network;
  const auto db = network.Host("db");
  const auto web = network.Host("web");
  const size_t tcp4 = BytesOfEach(*web, *db, "tcp4", "db:80");
  const size_t tcp6 = BytesOfEach(*web, *db, "tcp6", "db:80");
  const size_t of_unix = BytesOfEach(*db, *db, "unix", "/run/db");
  for (const size_t bytes : {tcp4, tcp6, of_unix}) {
    EXPECT_GT(bytes, 0u);
    EXPECT_LE(bytes, 1024u);
  }
  RecordProperty("tcp4", static_cast<int>(tcp4));
  RecordProperty("tcp6", static_cast<int>(tcp6));
  RecordProperty("unix", static_cast<int>(of_unix));
}

}  // namespace
}  // namespace plumb
