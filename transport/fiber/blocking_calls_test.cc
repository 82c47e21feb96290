// What blocks its thread in the backends lets the other fibers of the worker
// run.
#include <netdb.h>
#include <netinet/in.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "backends/tcp/tcp.h"
#include "backends/udp/udp.h"
#include "gtest/gtest.h"
#include "testing/wait_until_blocked.h"
#include "transport/conn.h"
#include "transport/direction.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/fiber/dump_fibers.h"
#include "transport/fiber/fiber.h"
#include "transport/fiber/runtime.h"
#include "transport/fiber/workers_for_test.h"
#include "transport/io.h"
#include "transport/listener.h"
#include "transport/manual_clock.h"
#include "transport/options.h"
#include "transport/scope.h"
#include "transport/transport.h"

namespace {

struct NameServer {
  absl::Notification asked;
  absl::Notification answer;
};

NameServer* name_server = nullptr;

}  // namespace

// In place of the C library's, in this program: a name server that takes its
// time, and then knows nobody.
extern "C" int getaddrinfo(const char* /*node*/, const char* /*service*/,
                           const addrinfo* /*hints*/, addrinfo** result) {
  name_server->asked.Notify();
  name_server->answer.WaitForNotification();
  *result = nullptr;
  return EAI_NONAME;
}

namespace plumb {
namespace {

DialOptions FromSlowTest() {
  DialOptions options;
  options.local_address = "slow.test:0";
  return options;
}

// Each that looks up slow.test.
struct LookupCall {
  const char* name;
  const char* op;  // what its errors begin with
  absl::Status (*run)();
};

const LookupCall kLookupCalls[] = {
    {"Dial", "dial tcp",
     [] { return MakeTcp()->Dial("tcp", "slow.test:80").status(); }},
    {"DialFrom", "dial tcp",
     [] {
       return MakeTcp()->Dial("tcp", "127.0.0.1:80", FromSlowTest()).status();
     }},
    {"Listen", "listen tcp",
     [] { return MakeTcp()->Listen("tcp", "slow.test:80").status(); }},
    {"DialUdp", "dial udp",
     [] { return MakeUdp()->Dial("udp", "slow.test:80").status(); }},
    {"DialUdpFrom", "dial udp",
     [] {
       return MakeUdp()->Dial("udp", "127.0.0.1:80", FromSlowTest()).status();
     }},
    {"ListenUdp", "listen udp",
     [] { return MakeUdp()->Listen("udp", "slow.test:80").status(); }},
    {"ListenPacket", "listen udp",
     [] { return MakeUdp()->ListenPacket("udp", "slow.test:80").status(); }},
};

class LookupTest : public testing::TestWithParam<LookupCall> {
 protected:
  LookupTest() { name_server = &server_; }

  // On a fiber, until the name server is asked.
  void Start() {
    caller_ = runtime_.Go("caller", [this] {
      const DeadlineScope limit(absl::Hours(1), clock_);
      status_ = GetParam().run();
    });
    server_.asked.WaitForNotification();
  }

  // The others of its worker run.
  void ExpectThatItWaits() {
    std::string dump;
    runtime_.Go([&] { dump = DumpFibers(); }).Join();
    EXPECT_TRUE(absl::StrContains(dump, "in lookup slow.test\n")) << dump;
    EXPECT_FALSE(caller_.done());
  }

  void Answer() {
    server_.answer.Notify();
    caller_.Join();
  }

  // After "dial tcp: ".
  void ExpectError(absl::string_view text) const {
    EXPECT_EQ(status_.message(), absl::StrCat(GetParam().op, ": ", text));
  }

  NameServer server_;
  ManualClock clock_;
  absl::Status status_;
  Fiber caller_;
  Runtime runtime_{Workers(1)};
};

TEST_P(LookupTest, StopsNobodyElse) {
  Start();
  ExpectThatItWaits();
  Answer();
  ExpectError("lookup slow.test: no such host");
  EXPECT_TRUE(IsNoSuchHost(status_));
}

TEST_P(LookupTest, ACancelMeanwhileCountsAfterwards) {
  Start();
  caller_.Cancel();
  ExpectThatItWaits();
  Answer();
  ExpectError("lookup slow.test: operation was canceled");
  EXPECT_TRUE(IsCancelledCall(status_));
}

TEST_P(LookupTest, ADeadlineMeanwhileCountsAfterwards) {
  Start();
  clock_.Advance(absl::Hours(1));
  ExpectThatItWaits();
  Answer();
  ExpectError("lookup slow.test: i/o timeout");
  EXPECT_TRUE(IsTimeout(status_));
}

INSTANTIATE_TEST_SUITE_P(, LookupTest, testing::ValuesIn(kLookupCalls),
                         [](const auto& call) { return call.param.name; });

TEST(BlockingCallsTest, AThreadLooksUpInPlace) {
  NameServer server;
  server.answer.Notify();
  name_server = &server;
  EXPECT_TRUE(IsNoSuchHost(MakeTcp()->Dial("tcp", "slow.test:80").status()));
}

TEST(BlockingCallsTest, ACloseThatLingersStopsNobodyElse) {
  const std::shared_ptr<Transport> tcp = MakeTcp();
  auto listener = *tcp->Listen("tcp", "127.0.0.1:0");
  auto client = *tcp->Dial("tcp", listener->Address().ToString());
  auto server = *listener->Accept();
  ASSERT_TRUE(
      Extension<TcpControl>(*client)->SetLinger(absl::Seconds(100)).ok());
  Runtime runtime(Workers(1));
  absl::Status written;
  const Fiber writer =
      runtime.Go([&] { written = client->Write(std::string(64 << 20, 'x')); });
  ASSERT_TRUE(WaitUntilBlocked(*client, 1, Direction::kWrite));
  // The kernel has more than it can send: nobody reads.
  const Fiber closer =
      runtime.Go([&] { EXPECT_EQ(client->Close(), absl::OkStatus()); });
  writer.Join();
  EXPECT_TRUE(IsClosed(written)) << written;
  runtime
      .Go([&] {
        EXPECT_FALSE(closer.done());
        const absl::StatusOr<std::string> all = ReadAll(*server, 64 << 20);
        ASSERT_TRUE(all.ok()) << all.status();
        EXPECT_EQ(all->size(), BytesDone(written));
      })
      .Join();
  closer.Join();
}

}  // namespace
}  // namespace plumb
