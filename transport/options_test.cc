#include "transport/options.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "transport/error.h"

namespace plumb {
namespace {

using Names = std::vector<std::string>;

struct Mode {
  static constexpr char kOptionName[] = "Mode";
  int bits = 0;
};
struct Owner {
  static constexpr char kOptionName[] = "Owner";
  std::string name;
};

TEST(OptionExtrasTest, FindsWhatWasSetByType) {
  OptionExtras extras;
  EXPECT_EQ(extras.Get<Mode>(), nullptr);
  EXPECT_EQ(extras.names(), Names());

  extras.Set(Owner{"root"});
  extras.Set(Mode{0600});
  ASSERT_NE(extras.Get<Mode>(), nullptr);
  EXPECT_EQ(extras.Get<Mode>()->bits, 0600);
  ASSERT_NE(extras.Get<Owner>(), nullptr);
  EXPECT_EQ(extras.Get<Owner>()->name, "root");
  EXPECT_EQ(extras.names(), Names({"Mode", "Owner"}));
}

TEST(OptionExtrasTest, TheLastSetWinsAndCopiesAreApart) {
  OptionExtras extras;
  extras.Set(Mode{0600});
  OptionExtras copy = extras;
  copy.Set(Mode{0666});
  EXPECT_EQ(extras.Get<Mode>()->bits, 0600);
  EXPECT_EQ(copy.Get<Mode>()->bits, 0666);
}

TEST(KeepAliveTest, DefaultsAreGos) {
  const KeepAlive keep_alive;
  EXPECT_TRUE(keep_alive.enable);
  EXPECT_EQ(keep_alive.idle, absl::Seconds(15));
  EXPECT_EQ(keep_alive.interval, absl::Seconds(15));
  EXPECT_EQ(keep_alive.count, 9);
}

TEST(DialOptionsTest, NamesWhatIsSet) {
  DialOptions options;
  EXPECT_EQ(options.SetNames(), Names());
  options.timeout = absl::Seconds(1);
  options.deadline = absl::Now();
  EXPECT_EQ(options.SetNames(), Names());

  options.extras.Set(Mode{});
  options.local_address = "127.0.0.1:0";
  options.no_delay = true;
  options.keep_alive = KeepAlive();
  options.send_buffer = 1;
  options.receive_buffer = 1;
  EXPECT_EQ(options.SetNames(),
            Names({"Mode", "local_address", "no_delay", "keep_alive",
                   "send_buffer", "receive_buffer"}));
}

TEST(ListenOptionsTest, NamesWhatIsSet) {
  ListenOptions options;
  EXPECT_EQ(options.SetNames(), Names());
  options.timeout = absl::Seconds(1);
  EXPECT_EQ(options.SetNames(), Names());

  options.extras.Set(Mode{});
  options.backlog = 1;
  options.reuse_port = false;
  options.no_delay = false;
  options.keep_alive = KeepAlive();
  options.send_buffer = 1;
  options.receive_buffer = 1;
  EXPECT_EQ(options.SetNames(),
            Names({"Mode", "backlog", "reuse_port", "no_delay", "keep_alive",
                   "send_buffer", "receive_buffer"}));
}

TEST(CheckOptionsTest, AcceptsWhatIsHonoured) {
  EXPECT_EQ(CheckOptions("dial", "udp", {}, {}), absl::OkStatus());
  EXPECT_EQ(CheckOptions("dial", "tcp", {"no_delay"}, {"backlog", "no_delay"}),
            absl::OkStatus());
}

TEST(CheckOptionsTest, NamesTheFirstThatIsNot) {
  const absl::Status status =
      CheckOptions("dial", "udp", {"send_buffer", "no_delay", "keep_alive"},
                   {"send_buffer"});
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(status.message(), "dial udp: option no_delay not supported");
  EXPECT_TRUE(IsUnsupported(status));
  EXPECT_EQ(GetErrorInfo(status)->detail, "no_delay");
}

}  // namespace
}  // namespace plumb
