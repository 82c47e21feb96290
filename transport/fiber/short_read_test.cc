// A Read of a stream that got less than it had room for has emptied the socket,
// and the next one waits without a try. Here it got less for another reason.
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/tcp/tcp.h"
#include "backends/unix/unix.h"
#include "gtest/gtest.h"
#include "transport/conn.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/fiber/runtime.h"
#include "transport/fiber/workers_for_test.h"
#include "transport/listener.h"
#include "transport/transport.h"

namespace plumb {
namespace {

constexpr size_t kRoom = 100;  // of each Read

// A connection whose two ends are used on one worker.
class ShortReadTest : public ::testing::Test {
 protected:
  void Connect(Transport& transport, absl::string_view network,
               absl::string_view address) {
    auto listener = transport.Listen(network, address);
    ASSERT_TRUE(listener.ok()) << listener.status();
    auto sender = transport.Dial(network, (*listener)->Address().ToString());
    ASSERT_TRUE(sender.ok()) << sender.status();
    auto receiver = (*listener)->Accept();
    ASSERT_TRUE(receiver.ok()) << receiver.status();
    sender_ = *std::move(sender);
    receiver_ = *std::move(receiver);
  }

  static int Handle(Conn& conn) {
    return Extension<NativeHandle>(conn)->Descriptor();
  }
  int sender() { return Handle(*sender_); }
  int receiver() { return Handle(*receiver_); }

  // Reads on a fiber until all of `expected` has come, which another one, or
  // what it makes, sends with `send`.
  void ExpectReads(const std::function<void()>& send,
                   absl::string_view expected) {
    runtime_
        .Go([&] {
          const Fiber writer = Go([&] { send(); });
          std::string got;
          char buffer[kRoom];
          while (got.size() < expected.size()) {
            const auto size = receiver_->Read(absl::MakeSpan(buffer));
            ASSERT_TRUE(size.ok()) << size.status();
            got.append(buffer, *size);
          }
          EXPECT_EQ(got, expected);
          writer.Join();
        })
        .Join();
  }

 private:
  Runtime runtime_{Workers(1)};
  std::unique_ptr<Conn> sender_;
  std::unique_ptr<Conn> receiver_;
};

void Send(int to, absl::string_view text, int flags = 0) {
  EXPECT_EQ(send(to, text.data(), text.size(), flags),
            static_cast<ssize_t>(text.size()));
}

// Sends `text` with a descriptor attached.
void SendWithDescriptor(int to, std::string text) {
  iovec iov = {&text[0], text.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &iov;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &to, sizeof to);
  EXPECT_EQ(sendmsg(to, &message, 0), static_cast<ssize_t>(text.size()));
}

// The same from another process.
void SendFromChild(int to, absl::string_view text) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    _exit(send(to, text.data(), text.size(), 0) > 0 ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(ShortReadTest, GoesOnAfterDescriptors) {
  Connect(*MakeUnix(), "unix", "");
  for (int i = 0; i < 10; ++i) {
    ExpectReads(
        [this] {
          SendWithDescriptor(sender(), "one");
          Send(sender(), "two");
        },
        "onetwo");
  }
}

// unix(7): of a socket with SO_PASSCRED a read stops where another process
// wrote what comes next.
TEST_F(ShortReadTest, GoesOnAfterAnotherProcessesBytes) {
  Connect(*MakeUnix(), "unix", "");
  const int on = 1;
  ASSERT_EQ(setsockopt(receiver(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
  for (int i = 0; i < 10; ++i) {
    ExpectReads(
        [this] {
          Send(sender(), "one");
          SendFromChild(sender(), "two");
        },
        "onetwo");
  }
}

// tcp(7): a read stops at the urgent mark.
TEST_F(ShortReadTest, GoesOnAfterTheUrgentMark) {
  Connect(*MakeTcp(), "tcp", "127.0.0.1:0");
  ExpectReads(
      [this] {
        Send(sender(), "ab");
        Send(sender(), "!", MSG_OOB);
        Send(sender(), "cd");
      },
      "abcd");
}

// One that stopped there with its buffer full tells nothing either.
TEST_F(ShortReadTest, GoesOnAfterAFullReadAtTheUrgentMark) {
  Connect(*MakeTcp(), "tcp", "127.0.0.1:0");
  const std::string full(kRoom, 'x');
  for (int i = 0; i < 10; ++i) {
    ExpectReads(
        [&] {
          Send(sender(), full);
          Send(sender(), "!", MSG_OOB);
          Send(sender(), full);
        },
        full + full);
    ExpectReads([&] { Send(sender(), full); }, full);
  }
}

}  // namespace
}  // namespace plumb
