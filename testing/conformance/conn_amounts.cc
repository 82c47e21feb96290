// Large amounts: of bytes, in pieces of all sizes, and of connections.
#include <sys/resource.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "testing/conformance/case.h"
#include "testing/conformance/conn_fixture.h"
#include "testing/matchers.h"

namespace plumb {

namespace {

// Sizes from 1 to `most` that keep to no step; small ones are as frequent as
// large ones.
class RaggedSizes {
 public:
  explicit RaggedSizes(uint32_t most, uint32_t seed = 1)
      : most_(most), random_(seed) {}

  size_t Next() {
    const uint32_t bits =
        std::uniform_int_distribution<uint32_t>(1, 17)(random_);
    return 1 + random_() % std::min(most_, uint32_t{1} << bits);
  }

 private:
  const uint32_t most_;
  std::minstd_rand random_;
};

// While it lives the process may have as many descriptors as the system allows
// it.
class ManyDescriptors {
 public:
  ManyDescriptors() {
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
    rlimit all = before_;
    all.rlim_cur = all.rlim_max;
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &all), 0);
  }
  ManyDescriptors(const ManyDescriptors&) = delete;
  ManyDescriptors& operator=(const ManyDescriptors&) = delete;
  ~ManyDescriptors() { EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before_), 0); }

  // `wanted`, or as many pairs of descriptors as there are for them; then it
  // says so.
  int PairsOf(int wanted) const {
    constexpr rlim_t kOthers = 100;
    const rlim_t most = std::max(before_.rlim_max, kOthers + 2);
    const auto possible = static_cast<int>(
        std::min((most - kOthers) / 2, static_cast<rlim_t>(wanted)));
    if (possible < wanted) {
      std::printf(
          "WARNING: %d connections and not %d, because RLIMIT_NOFILE is %lld\n",
          possible, wanted, static_cast<long long>(before_.rlim_max));
    }
    return possible;
  }

 private:
  rlimit before_ = {};
};

}  // namespace

CONFORMANCE_CASE(ConnConformance, BasicIo) {
  Covers({"N-01", "C-ST-01"});
  CoversIf(abilities().end_of_stream, {"S-CL-10", "S-EOF-02"});
  const int mebibytes = abilities().messages ? 0 : Amount(8, 1);
  const std::string data =
      TestBytes(mebibytes == 0 ? 200 * 1024 : size_t{1048576} * mebibytes);
  auto writer = Go([&] {
    char ack[1];
    RaggedSizes sizes(abilities().messages ? 1024 : 70000);
    for (size_t i = 0, size = 0; i < data.size(); i += size) {
      size = sizes.Next();
      ASSERT_THAT(near().Write(absl::string_view(data).substr(i, size)),
                  IsOk());
      if (abilities().reliable) continue;
      { ASSERT_THAT(near().Read(absl::MakeSpan(ack)), IsOk()); }
    }
    if (abilities().end_of_stream) {
      ASSERT_THAT(near().Close(), IsOk());
    }
  });
  std::string got;
  RaggedSizes sizes(70000, 2);
  while (got.size() < data.size()) {
    absl::StatusOr<std::string> some =
        ReadSome(far(), abilities().messages ? 1024 : sizes.Next());
    ASSERT_THAT(some, IsOk());
    got += *some;
    if (!abilities().reliable) {
      ASSERT_THAT(far().Write("a"), IsOk());
    }
  }
  EXPECT_TRUE(got == data);
  if (abilities().end_of_stream) {
    EXPECT_THAT(ReadSome(far()), IsEof());
  }
  writer->Join();
  EXPECT_THAT(far().Close(), IsOk());
}

CONFORMANCE_CASE(ConnConformance, ManyConnectionsAtOnce) {
  Covers({"C-ST-08"});
  const ManyDescriptors descriptors;
  const int count =
      abilities().isolated ? descriptors.PairsOf(Amount(1000, 100)) : 1;
  std::vector<ConnPair> pairs;
  for (int i = 0; i < count; ++i) {
    PLUMB_ASSERT_OK_AND_ASSIGN(ConnPair pair, MakePair());
    pairs.push_back(std::move(pair));
  }
  for (int i = 0; i < count; ++i) {
    ASSERT_THAT(pairs[i].near->Write(std::to_string(i)), IsOk());
  }
  for (int i = count - 1; i >= 0; --i) {
    EXPECT_THAT(ReadSome(*pairs[i].far), IsOkAndHolds(std::to_string(i)));
    // Unread data resets it, where there is such a thing; an end would keep its
    // port from others for a minute (TIME_WAIT).
    ASSERT_THAT(pairs[i].far->Write("unread"), IsOk());
  }
}

}  // namespace plumb
