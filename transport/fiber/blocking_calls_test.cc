// What blocks its thread in the backends lets the other fibers of the worker
// run.
#include <netdb.h>
#include <netinet/in.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "backends/tcp/tcp.h"
#include "gtest/gtest.h"
#include "testing/wait_until_blocked.h"
#include "transport/conn.h"
#include "transport/direction.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/fiber/dump_fibers.h"
#include "transport/fiber/runtime.h"
#include "transport/io.h"
#include "transport/listener.h"
#include "transport/transport.h"

namespace {

// What the resolver below waits for.
absl::Notification* name_server_answers = nullptr;

}  // namespace

// In place of the C library's, in this program: a name server that takes its
// time, and then knows nobody.
extern "C" int getaddrinfo(const char* /*node*/, const char* /*service*/,
                           const addrinfo* /*hints*/, addrinfo** result) {
  name_server_answers->WaitForNotification();
  *result = nullptr;
  return EAI_NONAME;
}

namespace plumb {
namespace {

RuntimeOptions OneWorker() {
  RuntimeOptions options;
  options.workers = 1;
  return options;
}

TEST(BlockingCallsTest, ALookupStopsNobodyElse) {
  absl::Notification answer;
  name_server_answers = &answer;
  const std::shared_ptr<Transport> tcp = MakeTcp();
  Runtime runtime(OneWorker());
  absl::Status status;
  const Fiber dialer = runtime.Go(
      "dialer", [&] { status = tcp->Dial("tcp", "slow.test:80").status(); });
  std::string dump;
  runtime.Go([&] { dump = DumpFibers(); }).Join();
  EXPECT_TRUE(absl::StrContains(dump, "in lookup slow.test\n")) << dump;
  EXPECT_FALSE(dialer.done());
  answer.Notify();
  dialer.Join();
  EXPECT_EQ(status.message(), "dial tcp: lookup slow.test: no such host");
}

TEST(BlockingCallsTest, AListenLooksUpTheSameWay) {
  absl::Notification answer;
  name_server_answers = &answer;
  const std::shared_ptr<Transport> tcp = MakeTcp();
  Runtime runtime(OneWorker());
  absl::Status status;
  const Fiber listener =
      runtime.Go([&] { status = tcp->Listen("tcp", "slow.test:80").status(); });
  runtime.Go([] {}).Join();
  EXPECT_FALSE(listener.done());
  answer.Notify();
  listener.Join();
  EXPECT_EQ(status.message(), "listen tcp: lookup slow.test: no such host");
}

TEST(BlockingCallsTest, AThreadLooksUpInPlace) {
  absl::Notification answer;
  answer.Notify();
  name_server_answers = &answer;
  EXPECT_TRUE(IsNoSuchHost(MakeTcp()->Dial("tcp", "slow.test:80").status()));
}

TEST(BlockingCallsTest, ACloseThatLingersStopsNobodyElse) {
  const std::shared_ptr<Transport> tcp = MakeTcp();
  auto listener = *tcp->Listen("tcp", "127.0.0.1:0");
  auto client = *tcp->Dial("tcp", listener->Address().ToString());
  auto server = *listener->Accept();
  ASSERT_TRUE(
      Extension<TcpControl>(*client)->SetLinger(absl::Seconds(100)).ok());
  Runtime runtime(OneWorker());
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
