// Descriptors and peeks, where a fake network adds something of its own.

#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/fake/fake.h"
#include "backends/fake/fake_test_util.h"
#include "backends/fake/link_policy.h"
#include "gtest/gtest.h"
#include "transport/descriptor.h"
#include "transport/extensions.h"
#include "transport/handle_passing.h"
#include "transport/manual_clock.h"

namespace plumb {
namespace {

// A socket to pass, and its peer, which tells whether anybody still has it.
class Passed {
 public:
  Passed() {
    int fds[2] = {-1, -1};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    passed_ = Descriptor(fds[0]);
    kept_ = Descriptor(fds[1]);
  }

  void SendOver(Conn& conn, absl::string_view data) {
    const int handle = passed_.get();
    EXPECT_EQ(ErrorOf(Extension<HandlePassing>(conn)->WriteWithHandles(
                  data, absl::MakeConstSpan(&handle, 1))),
              "OK");
    passed_.Close();
  }
  bool Gone() const {
    char byte = 0;
    return recv(kept_.get(), &byte, 1, MSG_DONTWAIT) == 0;
  }

 private:
  Descriptor passed_;
  Descriptor kept_;
};

struct Got {
  std::string data;
  size_t handles = 0;
};
Got ReadHandles(Conn& conn, size_t size = 100) {
  std::string buffer(size, '\0');
  auto got = Extension<HandlePassing>(conn)->ReadWithHandles(
      absl::MakeSpan(&buffer[0], size));
  EXPECT_EQ(ErrorOf(got.status()), "OK");
  if (!got.ok()) return Got();
  return {buffer.substr(0, got->size), got->handles.size()};
}

Connected ConnectUnix(FakeNetwork& network, const char* kind) {
  const auto host = network.Host("web");
  const auto listener = Must(host->Listen(kind, "@x"));
  return Connect(*host, *listener, kind, "@x");
}

// unix(7): a read takes the bytes before them too, and ends with theirs.
TEST(FakeHandlesTest, AReadEndsWithTheBytesThatHadThem) {
  FakeNetwork network;
  const Connected both = ConnectUnix(network, "unix");
  Passed first, second;
  ASSERT_TRUE(both.client->Write("before ").ok());
  first.SendOver(*both.client, "first");
  ASSERT_TRUE(both.client->Write(" between ").ok());
  second.SendOver(*both.client, "second");
  const Got one = ReadHandles(*both.server);
  EXPECT_EQ(one.data, "before first");
  EXPECT_EQ(one.handles, 1u);
  std::string peeked(100, '\0');
  const auto size =
      Extension<Peeker>(*both.server)->Peek(absl::MakeSpan(&peeked[0], 100));
  EXPECT_EQ(peeked.substr(0, Must(size)), " between second");
  // A part of the bytes has them, and the rest is bytes like others.
  EXPECT_EQ(ReadHandles(*both.server, 9).handles, 0u);
  EXPECT_EQ(ReadHandles(*both.server, 2).handles, 1u);
  ASSERT_TRUE(both.client->Write(" after").ok());
  EXPECT_EQ(ReadSome(*both.server), "cond after");
  EXPECT_TRUE(first.Gone());
  EXPECT_TRUE(second.Gone());
}

// What waits in a buffer that no one has asked for goes with its stream.
TEST(FakeHandlesTest, TheReceiverOwnsWhatIsUnderWay) {
  for (const char* kind : {"unix", "unixpacket"}) {
    FakeNetwork network;
    Connected both = ConnectUnix(network, kind);
    Passed passed;
    passed.SendOver(*both.client, "x");
    both.client = nullptr;
    EXPECT_FALSE(passed.Gone());
    both.server = nullptr;
    EXPECT_TRUE(passed.Gone());
  }
}

TEST(FakeHandlesTest, TheyWaitForAccept) {
  FakeNetwork network;
  const auto host = network.Host("web");
  const auto listener = Must(host->Listen("unix", "@x"));
  const auto client = Must(host->Dial("unix", "@x"));
  Passed passed;
  passed.SendOver(*client, "x");
  EXPECT_FALSE(passed.Gone());
  ASSERT_TRUE(listener->Close().ok());
  EXPECT_TRUE(passed.Gone());
}

class Slow final : public LinkPolicy {
 public:
  Judgement AtSend(const Packet& packet, absl::Time) override {
    if (packet.payload == "lost") return Judgement::Reset("cut");
    if (packet.payload == "never") return Judgement::Drop("deaf");
    return Judgement::Pass(absl::Seconds(1));
  }
};

struct SlowNetwork {
  SlowNetwork() {
    FakeNetworkOptions options;
    options.clock = &clock;
    options.policy = std::make_shared<Slow>();
    network = std::make_unique<FakeNetwork>(options);
    both = ConnectUnix(*network, "unix");
  }
  ManualClock clock;
  std::unique_ptr<FakeNetwork> network;
  Connected both;
};

TEST(FakeHandlesTest, TheyArriveWithTheirBytes) {
  SlowNetwork slow;
  Passed first, second;
  first.SendOver(*slow.both.client, "first");
  std::thread reader([&] {
    const Got got = ReadHandles(*slow.both.server);
    EXPECT_EQ(got.data, "first");
    EXPECT_EQ(got.handles, 1u);
  });
  AwaitBlocked(*slow.both.server, Direction::kRead);
  slow.clock.Advance(absl::Seconds(1));
  reader.join();
  ASSERT_TRUE(slow.both.client->Write("plain ").ok());
  second.SendOver(*slow.both.client, "second");
  ASSERT_TRUE(slow.both.client->Write(" after").ok());
  slow.clock.Advance(absl::Seconds(1));
  const Got got = ReadHandles(*slow.both.server);
  EXPECT_EQ(got.data, "plain second");
  EXPECT_EQ(got.handles, 1u);
  EXPECT_EQ(ReadSome(*slow.both.server), " after");
}

TEST(FakeHandlesTest, AResetLosesThoseThatHaveNotArrived) {
  SlowNetwork slow;
  Passed arrives, lost;
  arrives.SendOver(*slow.both.client, "arrives");
  slow.clock.Advance(absl::Seconds(1));
  lost.SendOver(*slow.both.client, "lost");
  EXPECT_TRUE(lost.Gone());
  EXPECT_FALSE(arrives.Gone());
  EXPECT_EQ(ReadHandles(*slow.both.server).handles, 1u);
  EXPECT_EQ(ReadSome(*slow.both.server),
            "read unix @x->@: read: connection reset by peer");
}

TEST(FakeHandlesTest, WhatLandsAfterAResetIsDropped) {
  SlowNetwork slow;
  Passed late;
  late.SendOver(*slow.both.client, "late");
  ASSERT_TRUE(slow.both.client->Write("lost").ok());
  EXPECT_TRUE(late.Gone());
  slow.clock.Advance(absl::Seconds(1));
  EXPECT_EQ(ReadSome(*slow.both.server),
            "read unix @x->@: read: connection reset by peer");
  EXPECT_EQ(ReadSome(*slow.both.server), "EOF");
}

// The other end has not heard of it, and sends on.
TEST(FakeHandlesTest, WhoHasTimedOutGetsNone) {
  SlowNetwork slow;
  ASSERT_TRUE(slow.both.client->Write("never").ok());
  slow.clock.Advance(absl::Hours(1));
  Passed passed;
  passed.SendOver(*slow.both.server, "x");
  EXPECT_FALSE(passed.Gone());
  slow.clock.Advance(absl::Seconds(1));
  EXPECT_TRUE(passed.Gone());
  EXPECT_EQ(ReadSome(*slow.both.client),
            "read unix @->@x: read: connection timed out");
  EXPECT_EQ(ReadSome(*slow.both.client), "EOF");
}

}  // namespace
}  // namespace plumb
