// How what waits for a rule ends, what a FaultTransport refuses, and the names
// of hosts.
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "backends/fake/fake.h"
#include "backends/tcp/tcp.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/executor.h"
#include "testing/fake_host_for_test.h"
#include "testing/fault/fault_cell_fixture.h"
#include "testing/fault/fault_plan.h"
#include "testing/fault/fault_transport.h"
#include "testing/fiber_executor.h"
#include "testing/matchers.h"
#include "testing/wait_until_blocked.h"
#include "transport/clock.h"
#include "transport/error.h"
#include "transport/manual_clock.h"
#include "transport/scope.h"

namespace plumb {
namespace {

using ::testing::HasSubstr;

// What waits for a rule, on threads and on fibers.
class FaultWaitTest : public ::testing::TestWithParam<bool> {
 protected:
  std::unique_ptr<Executor> MakeExecutor() const {
    return GetParam() ? MakeFiberExecutor(1) : MakeThreadExecutor();
  }
};
std::string ExecutorName(const ::testing::TestParamInfo<bool>& info) {
  return info.param ? "Fibers" : "Threads";
}
INSTANTIATE_TEST_SUITE_P(Executors, FaultWaitTest, ::testing::Bool(),
                         ExecutorName);

TEST_P(FaultWaitTest, ReadEndsWithDeadlineScopeAndClose) {
  ManualClock clock;
  const std::shared_ptr<Transport> inner = MakeFakeHost(clock);
  const auto client = *MakeFaultTransport(
      inner, R"(rule { id: "stop" hold {} })", FaultTransportOptions(), clock);
  const auto listener = *inner->Listen("tcp", "127.0.0.1:0");
  std::unique_ptr<Executor> executor = MakeExecutor();
  executor->Run([&] {
    const std::string address = listener->Address().ToString();
    ASSERT_THAT(client->faults().Disable("stop"), IsOk());
    const auto near = *client->Dial("tcp", address);
    const auto far = *listener->Accept();
    ASSERT_THAT(client->faults().Enable("stop"), IsOk());
    ASSERT_THAT(far->Write("held"), IsOk());
    absl::Status status;

    near->SetReadDeadline(clock.TimeNow() + absl::Seconds(1)).IgnoreError();
    auto task = executor->Go([&] { status = ReadError(*near); });
    EXPECT_TRUE(WaitUntilBlocked(*near, 1));
    clock.Advance(absl::Seconds(1));
    task->Join();
    EXPECT_THAT(status, IsTimeout());
    near->SetReadDeadline(absl::InfiniteFuture()).IgnoreError();

    CancelSource source;
    task = executor->Go([&] {
      CancelScope scope(source);
      status = ReadError(*near);
    });
    EXPECT_TRUE(WaitUntilBlocked(*near, 1));
    source.Cancel();
    task->Join();
    EXPECT_THAT(status, IsCancelledCall());

    task = executor->Go([&] { status = ReadError(*near); });
    EXPECT_TRUE(WaitUntilBlocked(*near, 1));
    EXPECT_THAT(near->Close(), IsOk());
    task->Join();
    EXPECT_THAT(status, IsClosed());
    EXPECT_THAT(near->Close(), IsClosed());
  });
}

TEST(FaultTransportTest, WhatCannotBeHonouredIsRefusedAtLoad) {
  const std::pair<const char*, const char*> kCases[] = {
      {"match { network: \"tcp\" } loss {}", "not on tcp"},
      {"match { network: \"tcp\" } duplicate {}", "not on tcp"},
      {"match { network: \"tcp\" } reorder { by: \"1s\" }", "not on tcp"},
      {"match { network: \"unix\" } loss {}", "not on unix"},
      {"match { network: \"unix\" } duplicate {}", "not on unix"},
      {"match { network: \"unix\" } reorder { by: \"1s\" }", "not on unix"},
      {"match { network: \"udp\" } chunk { max_bytes: 1 }", "not on udp"},
      {"match { network: \"unixgram\" } chunk { max_bytes: 1 }",
       "not on unixgram"},
      {"match { network: \"unix\" } reset {}", "not on unix"},
      {"match { network: \"unixgram\" } reset {}", "not on unixgram"},
      {"match { network: \"unixpacket\" } reset {}", "not on unixpacket"},
      {"match { network: \"unixpacket\" } chunk { max_bytes: 1 }",
       "not on unixpacket"},
  };
  for (const auto& [rule, why] : kCases) {
    const absl::Status status =
        MakeFaultTransport(MakeTcp(Clock::Real()),
                           absl::StrCat("rule { id: \"x\" ", rule, " }"))
            .status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented) << rule;
    EXPECT_THAT(std::string(status.message()), HasSubstr("'x'"));
    EXPECT_THAT(std::string(status.message()), HasSubstr(why));
  }
}

TEST(FaultTransportTest, HostsAreKnownWhenTheyAreTold) {
  FaultTransportOptions options;
  const auto load = [&options](absl::string_view host) {
    return MakeFaultTransport(MakeTcp(Clock::Real()),
                              absl::StrCat("rule { id: 'x' match { to: '", host,
                                           "' } delay { min: '1s' } }"),
                              options)
        .status();
  };
  EXPECT_THAT(load("db.exmaple"), IsOk());
  options.hosts = {"db.example"};
  options.names = {{"127.0.0.2", "cache"}};
  EXPECT_EQ(load("db.exmaple").message(),
            "rule[0] 'x': match.to: unknown host \"db.exmaple\" (known: "
            "db.example, cache)");
  options.host = "web";
  for (const char* host : {"db.example", "web", "cache", "127.0.0.3"}) {
    EXPECT_THAT(load(host), IsOk());
  }
  EXPECT_EQ(load("db.exmaple").message(),
            "rule[0] 'x': match.to: unknown host \"db.exmaple\" (known: "
            "db.example, web, cache)");
}

// Who is given a Transport& decorates that; what it opened needs neither of the
// two.
TEST(FaultTransportTest, GoesAroundATransportThatSomebodyElseOwns) {
  ManualClock clock;
  FakeNetworkOptions options;
  options.clock = &clock;
  auto network = std::make_unique<FakeNetwork>(options);
  const auto listener = *network->Host("db")->Listen("tcp", ":80");
  std::shared_ptr<Transport> owner = network->Host("web");
  constexpr absl::string_view kPlan =
      R"(rule { id: "rot" match { nth: 1 } corrupt {} })";
  const FaultTransportOptions plain;
  auto by_text = *MakeFaultTransport(*owner, kPlan, plain, clock);
  auto by_plan =
      *MakeFaultTransport(*owner, *ParseFaultPlan(kPlan), plain, clock);
  const auto first = *by_text->Dial("tcp", "db:80");
  const auto second = *by_plan->Dial("tcp", "db:80");
  by_text = nullptr;
  by_plan = nullptr;
  owner = nullptr;
  network = nullptr;
  for (Conn* conn : {first.get(), second.get()}) {
    const auto far = *listener->Accept();
    ASSERT_THAT(conn->Write("0"), IsOk());
    EXPECT_NE(ReadSome(*far), "0");
    ASSERT_THAT(conn->Write("1"), IsOk());
    EXPECT_EQ(ReadSome(*far), "1");
  }
}

TEST(FaultTransportTest, HostsHaveTheNamesThatWereDialled) {
  ManualClock clock;
  FakeNetworkOptions options;
  options.clock = &clock;
  FakeNetwork network(options);
  const auto db = network.Host("db");
  const auto listener = *db->Listen("tcp", ":80");
  FaultTransportOptions names;
  names.host = "web";
  const auto client = *MakeFaultTransport(
      network.Host("web"),
      R"(rule { id: "no" match { from: "web" to: "db" port: 80 }
         fail_dial { how: REFUSED } })",
      names, clock);
  EXPECT_EQ(client->Dial("tcp", "db:80").status().message(),
            "dial tcp db:80: connect: connection refused");
  EXPECT_THAT(client->Dial("tcp", "10.0.0.1:80").status(), IsOk());
}

}  // namespace
}  // namespace plumb
