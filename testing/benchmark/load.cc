// Asks an echo server as fast as it answers: each connection keeps some
// messages under way, and all of them are served by one thread with epoll(7),
// so that the server is what is measured.
//
//   load --port=9090 --connections=64 --server_pid=4711
//
// Prints one line, for compare.py: messages each second, and how many
// nanoseconds of processor time the server took for each.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"

ABSL_FLAG(int, port, 9090, "of the server on 127.0.0.1 and its neighbours");
ABSL_FLAG(int, connections, 64, "how many");
ABSL_FLAG(int, size, 64, "bytes of a message");
ABSL_FLAG(int, depth, 1, "messages under way on each connection");
ABSL_FLAG(double, warm_up, 0.25, "seconds before the measurement");
ABSL_FLAG(double, seconds, 0.5, "of the measurement");
ABSL_FLAG(int, server_pid, 0, "whose processor time to tell");

namespace {

// More connections than there are ports come from one address to another.
constexpr int kServerAddresses = 8;

[[noreturn]] void Fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

double Seconds(clockid_t clock) {
  timespec now;
  if (clock_gettime(clock, &now) != 0) Fail("clock_gettime");
  return static_cast<double>(now.tv_sec) +
         static_cast<double>(now.tv_nsec) * 1e-9;
}

double ServerSeconds() {
  const int pid = absl::GetFlag(FLAGS_server_pid);
  clockid_t clock;
  if (pid == 0) return 0;
  if (clock_getcpuclockid(pid, &clock) != 0) Fail("clock_getcpuclockid");
  return Seconds(clock);
}

int Connect(int index) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) Fail("socket");
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(absl::GetFlag(FLAGS_port)));
  to.sin_addr.s_addr =
      htonl(INADDR_LOOPBACK + static_cast<uint32_t>(index % kServerAddresses));
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    Fail("connect");
  }
  return fd;
}

class Load {
 public:
  Load()
      : size_(static_cast<size_t>(absl::GetFlag(FLAGS_size))),
        data_(size_ * static_cast<size_t>(absl::GetFlag(FLAGS_depth)), 'x'),
        buffer_(256 * 1024),
        epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) Fail("epoll_create1");
    for (int i = 0; i < absl::GetFlag(FLAGS_connections); ++i) {
      connections_.push_back({Connect(i), 0});
    }
    for (size_t i = 0; i < connections_.size(); ++i) Start(i);
  }

  // Returns how many messages came back.
  uint64_t Run(double seconds) {
    const double end = Seconds(CLOCK_MONOTONIC) + seconds;
    messages_ = 0;
    while (Seconds(CLOCK_MONOTONIC) < end) Turn();
    return messages_;
  }

 private:
  struct Connection {
    int fd;
    size_t received;  // of the message that comes in
  };

  void Start(size_t index) {
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.u64 = index;
    const int fd = connections_[index].fd;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) Fail("epoll_ctl");
    Send(fd, data_.size());
  }

  void Turn() {
    epoll_event events[256];
    const int count = epoll_wait(epoll_, events, 256, 1000);
    if (count == 0) {
      std::fputs("load: no answer for a second\n", stderr);
      std::exit(1);
    }
    for (int i = 0; i < count; ++i) Answer(connections_[events[i].data.u64]);
  }

  void Answer(Connection& connection) {
    const ssize_t n =
        recv(connection.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) Fail("recv");
    connection.received += static_cast<size_t>(n);
    const size_t whole = connection.received / size_;
    connection.received %= size_;
    messages_ += whole;
    if (whole > 0) Send(connection.fd, whole * size_);
  }

  // Blocks when the server does not read, which an echo server always does.
  void Send(int fd, size_t size) const {
    for (size_t done = 0; done < size;) {
      const ssize_t n = send(fd, data_.data(), size - done, MSG_NOSIGNAL);
      if (n < 0) Fail("send");
      done += static_cast<size_t>(n);
    }
  }

  const size_t size_;
  const std::string data_;
  std::vector<char> buffer_;
  const int epoll_;
  std::vector<Connection> connections_;
  uint64_t messages_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Asks an echo server as fast as it answers.");
  absl::ParseCommandLine(argc, argv);
  Load load;
  load.Run(absl::GetFlag(FLAGS_warm_up));
  const double start = Seconds(CLOCK_MONOTONIC);
  const double server_start = ServerSeconds();
  const auto messages =
      static_cast<double>(load.Run(absl::GetFlag(FLAGS_seconds)));
  const double server = ServerSeconds() - server_start;
  const double elapsed = Seconds(CLOCK_MONOTONIC) - start;
  std::printf("messages_per_second=%.0f cpu_ns=%.0f\n", messages / elapsed,
              server * 1e9 / messages);
}
