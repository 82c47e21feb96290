// Asks an echo server as fast as it answers: each connection keeps some
// messages under way, and all of them are served by one thread with epoll(7),
// so that the server is what is measured.
//
//   load --port=9090 --connections=64 --server_pid=4711
//   load --churn ...                a connection for each message
//   load --network=udp --depth=32   datagrams
//   load --idle ...                 one message for each connection, and then
//                                   what memory the server has for it
//
// Prints one line, for compare.py: messages each second, and what the server
// took for each, in nanoseconds of processor time; with --idle 0, and bytes of
// memory for each connection.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"

ABSL_FLAG(std::string, network, "tcp", "tcp, unix or udp");
ABSL_FLAG(int, port, 9090, "of the server on 127.0.0.1 and its neighbours");
ABSL_FLAG(std::string, path, "", "of a unix server");
ABSL_FLAG(bool, churn, false, "a connection for each message");
ABSL_FLAG(bool, idle, false, "one message for each connection; tells memory");
ABSL_FLAG(int, connections, 64, "how many");
ABSL_FLAG(int, size, 64, "bytes of a message");
ABSL_FLAG(int, depth, 1, "messages under way on each connection");
ABSL_FLAG(double, warm_up, 0.25, "seconds before the measurement");
ABSL_FLAG(double, seconds, 0.5, "of the measurement");
ABSL_FLAG(int, server_pid, 0, "whose processor time to tell");

namespace {

// More connections than there are ports come from one address to another, most
// of all those that are in TIME_WAIT.
constexpr int kServerAddresses = 100;

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

// Resident memory that is not of a file, in bytes.
double ServerMemory() {
  const std::string pid = std::to_string(absl::GetFlag(FLAGS_server_pid));
  std::ifstream status("/proc/" + pid + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("RssAnon:", 0) == 0) return std::atof(&line[8]) * 1024;
  }
  std::fputs("load: no memory of --server_pid\n", stderr);
  std::exit(1);
}

int ConnectUnix() {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) Fail("socket");
  sockaddr_un to = {};
  to.sun_family = AF_UNIX;
  const std::string path = absl::GetFlag(FLAGS_path);
  path.copy(to.sun_path, sizeof to.sun_path - 1);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    Fail("connect");
  }
  return fd;
}

int ConnectIp(int type, int index) {
  const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
  if (fd < 0) Fail("socket");
  const int on = 1;
  if (type == SOCK_STREAM) {
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
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

int Connect(int index) {
  const std::string network = absl::GetFlag(FLAGS_network);
  if (network == "unix") return ConnectUnix();
  // Of udp one address, as a server answers from the one that it is bound to.
  return network == "udp" ? ConnectIp(SOCK_DGRAM, 0)
                          : ConnectIp(SOCK_STREAM, index);
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
    dialled_ = absl::GetFlag(FLAGS_connections);
    for (size_t i = 0; i < connections_.size(); ++i) Start(i);
  }

  // Returns how many messages came back.
  uint64_t Run(double seconds) {
    const double end = Seconds(CLOCK_MONOTONIC) + seconds;
    messages_ = 0;
    while (Seconds(CLOCK_MONOTONIC) < end) Turn();
    return messages_;
  }

  // One message for each connection, if Run was never called.
  void RunOnce() {
    once_ = true;
    while (messages_ < connections_.size()) Turn();
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
    // Each by itself, as each may be a datagram.
    for (size_t i = 0; i < data_.size() / size_; ++i) Send(fd, size_);
  }

  void Redial(Connection& connection) {
    close(connection.fd);
    connection = {Connect(dialled_++), 0};
    Start(static_cast<size_t>(&connection - connections_.data()));
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
    if (whole == 0 || once_) return;
    if (churn_) {
      Redial(connection);
    } else {
      Send(connection.fd, whole * size_);
    }
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
  const bool churn_ = absl::GetFlag(FLAGS_churn);
  std::vector<Connection> connections_;
  int dialled_ = 0;
  bool once_ = false;
  uint64_t messages_ = 0;
};

void RaiseLimitOfDescriptors() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) Fail("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) Fail("setrlimit");
}

void TellMemory() {
  const double before = ServerMemory();
  Load load;
  load.RunOnce();
  std::printf("messages_per_second=0 cost=%.0f\n",
              (ServerMemory() - before) / absl::GetFlag(FLAGS_connections));
}

void TellTime() {
  Load load;
  load.Run(absl::GetFlag(FLAGS_warm_up));
  const double start = Seconds(CLOCK_MONOTONIC);
  const double server_start = ServerSeconds();
  const auto messages =
      static_cast<double>(load.Run(absl::GetFlag(FLAGS_seconds)));
  const double server = ServerSeconds() - server_start;
  const double elapsed = Seconds(CLOCK_MONOTONIC) - start;
  std::printf("messages_per_second=%.0f cost=%.0f\n", messages / elapsed,
              server * 1e9 / messages);
}

}  // namespace

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Asks an echo server as fast as it answers.");
  absl::ParseCommandLine(argc, argv);
  RaiseLimitOfDescriptors();
  if (absl::GetFlag(FLAGS_idle)) {
    TellMemory();
  } else {
    TellTime();
  }
}
