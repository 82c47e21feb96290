// One tcp connection between two threads, 64 bytes there and back: what Plumb
// adds to sockets that block, which --raw uses alone.
//
//   thread_echo [--raw] [--latency]
//
// Prints the processor time of a message, of both ends together, or the time
// that passes between a question and its answer, in nanoseconds.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <thread>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/tcp/tcp.h"
#include "transport/conn.h"
#include "transport/listener.h"
#include "transport/transport.h"

ABSL_FLAG(bool, raw, false, "send(2) and recv(2) on blocking sockets");
ABSL_FLAG(bool, latency, false, "print the time for there and back");
ABSL_FLAG(int, echoes, 30000, "how many");

namespace {

constexpr size_t kMessage = 64;

[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "thread_echo: %s failed\n", what);
  std::exit(1);
}

void Check(bool done, const char* what) {
  if (!done) Fail(what);
}

class RawEnd {
 public:
  explicit RawEnd(int fd) : fd_(fd) {
    const int on = 1;
    Check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0,
          "setsockopt");
  }
  RawEnd(RawEnd&& other) : fd_(std::exchange(other.fd_, -1)) {}
  ~RawEnd() {
    if (fd_ >= 0) close(fd_);
  }

  // 0 at the end.
  size_t Read(absl::Span<char> buffer) {
    const ssize_t n = recv(fd_, buffer.data(), buffer.size(), 0);
    if (n < 0) Fail("recv");
    return static_cast<size_t>(n);
  }
  void Write(absl::string_view bytes) {
    Check(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
              static_cast<ssize_t>(bytes.size()),
          "send");
  }

 private:
  int fd_;
};

class PlumbEnd {
 public:
  explicit PlumbEnd(std::unique_ptr<plumb::Conn> conn)
      : conn_(std::move(conn)) {}

  size_t Read(absl::Span<char> buffer) {
    return conn_->Read(buffer).value_or(0);
  }
  void Write(absl::string_view bytes) {
    Check(conn_->Write(bytes).ok(), "Write");
  }

 private:
  std::unique_ptr<plumb::Conn> conn_;
};

std::pair<RawEnd, RawEnd> ConnectRaw() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at = {};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const address = reinterpret_cast<sockaddr*>(&at);
  socklen_t size = sizeof at;
  Check(bind(listener, address, size) == 0 && listen(listener, 1) == 0 &&
            getsockname(listener, address, &size) == 0,
        "listen");
  const int near = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  Check(connect(near, address, size) == 0, "connect");
  const int far = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  Check(far >= 0, "accept");
  close(listener);
  return {RawEnd(near), RawEnd(far)};
}

std::pair<PlumbEnd, PlumbEnd> ConnectPlumb() {
  const auto transport = plumb::MakeTcp();
  auto listener = transport->Listen("tcp", "127.0.0.1:0");
  Check(listener.ok(), "Listen");
  auto near = transport->Dial("tcp", (*listener)->Address().ToString());
  Check(near.ok(), "Dial");
  auto far = (*listener)->Accept();
  Check(far.ok(), "Accept");
  return {PlumbEnd(*std::move(near)), PlumbEnd(*std::move(far))};
}

// `messages` to answer.
template <typename End>
void Answer(End& end, int messages) {
  char buffer[1024];
  for (int i = 0; i < messages; ++i) {
    const size_t n = end.Read(absl::MakeSpan(buffer));
    Check(n == kMessage, "Read");
    end.Write(absl::string_view(buffer, n));
  }
}

template <typename End>
void Ask(End& end, int messages) {
  const char message[kMessage] = {};
  char buffer[1024];
  for (int i = 0; i < messages; ++i) {
    end.Write(absl::string_view(message, kMessage));
    Check(end.Read(absl::MakeSpan(buffer)) == kMessage, "Read");
  }
}

double Nanos(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e9 +
         static_cast<double>(now.tv_nsec);
}

template <typename End>
void Measure(std::pair<End, End> ends) {
  const int echoes = absl::GetFlag(FLAGS_echoes);
  const bool latency = absl::GetFlag(FLAGS_latency);
  const clockid_t clock = latency ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID;
  const double before = Nanos(clock);
  std::thread answerer([&] { Answer(ends.second, echoes); });
  Ask(ends.first, echoes);
  answerer.join();
  // An echo is two messages.
  std::printf("cost=%.0f\n",
              (Nanos(clock) - before) / (latency ? echoes : 2 * echoes));
}

}  // namespace

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Echoes over one connection between threads.");
  absl::ParseCommandLine(argc, argv);
  if (absl::GetFlag(FLAGS_raw)) {
    Measure(ConnectRaw());
  } else {
    Measure(ConnectPlumb());
  }
}
