// What a rate makes of packets.
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_link.h"
#include "testing/fault/fault_link_fixture.h"
#include "testing/fault/fault_verdict.h"
#include "testing/fault/faults.h"

namespace plumb {
namespace {

using FaultRateTest = FaultLinkTest;

TEST_F(FaultRateTest, ARateIsAPipeOfTheTwoHosts) {
  const auto faults = Load("rule { id: 'r' rate { bytes_per_second: 1000 } }");
  FaultLink link(faults, Ends("web", "db"));
  FaultLink back(faults, Reversed(Ends("web", "db")));
  FaultEnds other_ports = Ends("web", "db");
  other_ports.from.port = 4;
  FaultLink shared(faults, other_ports);
  EXPECT_EQ(Send(link, Datagram(0)).delay, absl::Milliseconds(100));
  EXPECT_EQ(Send(shared, Datagram(0)).delay, absl::Milliseconds(200));
  EXPECT_EQ(Send(back, Datagram(0)).delay, absl::Milliseconds(100));
  clock_.Advance(absl::Milliseconds(150));
  EXPECT_EQ(Send(link, Datagram(1)).delay, absl::Milliseconds(150));
}

// Ten bytes take a nanosecond: what one byte takes is not rounded away.
TEST_F(FaultRateTest, AFastRateIsExact) {
  const auto faults =
      Load("rule { id: 'r' rate { bytes_per_second: 10000000000 } }");
  FaultLink link(faults, Ends("web", "db"));
  absl::Duration delay;
  for (uint64_t i = 0; i < 1000; ++i) delay = Send(link, Datagram(i, 1)).delay;
  EXPECT_EQ(delay, absl::Nanoseconds(100));
  for (uint64_t i = 0; i < 1000; ++i) delay = Send(link, Datagram(i, 64)).delay;
  EXPECT_EQ(delay, absl::Nanoseconds(6500));
  // A pipe that was idle has nothing left over.
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Send(link, Datagram(0, 9)).delay, absl::ZeroDuration());
  EXPECT_EQ(Send(link, Datagram(0, 1)).delay, absl::Nanoseconds(1));
}

// An idle pipe is as one that was never used, so that it may be forgotten.
TEST_F(FaultRateTest, ARateForgetsNoPipeThatIsBusy) {
  const auto faults = Load("rule { id: 'r' rate { bytes_per_second: 1000 } }");
  FaultLink link(faults, Ends("web", "db"));
  EXPECT_EQ(Send(link, Datagram(0, 10000)).delay, absl::Seconds(10));
  clock_.Advance(absl::Seconds(1));
  for (int host = 0; host < 3000; ++host) {
    FaultLink other(faults, Ends("web", absl::StrCat("host", host)));
    EXPECT_EQ(Send(other, Datagram(0)).delay, absl::Milliseconds(100));
    clock_.Advance(absl::Milliseconds(1));
  }
  EXPECT_EQ(Send(link, Datagram(1, 0)).delay, absl::Seconds(6));
}

}  // namespace
}  // namespace plumb
