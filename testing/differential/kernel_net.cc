#include "testing/differential/kernel_net.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

// After netinet/in.h. Has more than netinet/tcp.h, and the same names.
#include <linux/filter.h>
#include <linux/tcp.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "backends/tcp/tcp.h"
#include "backends/udp/udp.h"
#include "backends/unix/unix.h"
#include "testing/temp_directory.h"
#include "testing/wait_until_blocked.h"
#include "transport/descriptor.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/registry.h"

namespace plumb {
namespace {

// The states of tcp(7) sockets, in the order of the kernel's numbers.
enum TcpState {
  kEstablished = 1,
  kSynSent,
  kSynRecv,
  kFinWait1,
  kFinWait2,
  kTimeWait,
  kClosed,
  kCloseWait,
  kLastAck,
  kListen,
  kClosing,
};
constexpr const char* kStateNames[] = {"",          "ESTABLISHED", "SYN_SENT",
                                       "SYN_RECV",  "FIN_WAIT1",   "FIN_WAIT2",
                                       "TIME_WAIT", "CLOSED",      "CLOSE_WAIT",
                                       "LAST_ACK",  "LISTEN",      "CLOSING"};

constexpr absl::Duration kArrives = absl::Seconds(2);

template <typename Endpoint>
int DescriptorOf(Endpoint& endpoint) {
  auto* const handle = Extension<NativeHandle>(endpoint);
  return handle == nullptr ? -1 : handle->Descriptor();
}

std::optional<tcp_info> InfoOf(Conn& conn) {
  tcp_info info = {};
  socklen_t size = sizeof info;
  const int fd = DescriptorOf(conn);
  if (fd < 0 || !conn.LocalAddr().is_ip()) return std::nullopt;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
    return std::nullopt;
  }
  return info;
}

// A filter (socket(7)) sees all that comes, a SYN too.
void LoseAll(int fd, bool lost) {
  sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
  const sock_fprog program = {1, &nothing};
  const int ignored = 0;
  if (fd < 0) return;
  const int result =
      setsockopt(fd, SOL_SOCKET, lost ? SO_ATTACH_FILTER : SO_DETACH_FILTER,
                 lost ? static_cast<const void*>(&program) : &ignored,
                 lost ? sizeof program : sizeof ignored);
  if (!lost || result == 0) return;
  // Otherwise the script would go on as if all were lost.
  std::perror("SO_ATTACH_FILTER");
  std::abort();
}

// Nothing of what this end sent is on its way, and what the peer ended has
// come.
bool HasSettled(const OpenConn& open) {
  const std::optional<tcp_info> info = InfoOf(*open.conn);
  if (!info.has_value() || info->tcpi_state == kClosed) return true;
  if (info->tcpi_unacked > 0 || info->tcpi_notsent_bytes > 0) return false;
  const bool got_end = info->tcpi_state != kEstablished &&
                       info->tcpi_state != kFinWait1 &&
                       info->tcpi_state != kFinWait2;
  return got_end || !open.peer_ended;
}

template <typename Endpoint>
Readiness Poll(Endpoint& endpoint) {
  const int fd = DescriptorOf(endpoint);
  if (fd < 0) return Readiness::kUnknown;
  pollfd entry = {fd, POLLIN, 0};
  return poll(&entry, 1, 0) > 0 ? Readiness::kReady : Readiness::kWouldWait;
}

// Whether nobody has the port, at any address, of any protocol.
bool IsFree(uint16_t port) {
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    const Descriptor fd(socket(AF_INET6, type | SOCK_CLOEXEC, 0));
    sockaddr_in6 address = {};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address),
             sizeof address) != 0) {
      return false;
    }
  }
  return true;
}

class KernelNet final : public Net {
 public:
  KernelNet() {
    RegisterTcp(registry_).IgnoreError();
    RegisterUdp(registry_).IgnoreError();
    RegisterUnix(registry_).IgnoreError();
  }

  Transport& transport() override { return registry_; }
  absl::Duration Patience() const override { return absl::Seconds(10); }

  Place MakePlace() override {
    const uint64_t number = random_();
    Place place;
    const uint32_t net = 1 + number % 250;
    const std::string start =
        absl::StrCat("127.", net, ".", (number >> 8) % 256, ".");
    const uint64_t last = 1 + (number >> 16) % 120;
    place.host_a = absl::StrCat(start, 2 * last);
    place.host_b = absl::StrCat(start, 2 * last + 1);
    place.group =
        absl::StrCat("239.", net, ".", (number >> 8) % 256, ".", last);
    FindPorts(place);
    place.directory = absl::StrCat(directory_.path(), "/", ++runs_);
    std::error_code ignored;
    std::filesystem::create_directory(place.directory, ignored);
    place.prefix = absl::StrCat("plumb-", number, "-");
    return place;
  }

  void Settle(const std::vector<OpenConn>& conns) override {
    WaitUntil(
        [&] {
          for (const OpenConn& conn : conns) {
            if (!HasSettled(conn)) return false;
          }
          return true;
        },
        "settled", kArrives);
  }
  Readiness CanRead(Conn& conn) override { return Poll(conn); }
  Readiness CanRead(PacketConn& packets) override { return Poll(packets); }
  Readiness CanAccept(Listener& listener) override { return Poll(listener); }
  std::string StateOf(Conn& conn) override {
    const std::optional<tcp_info> info = InfoOf(conn);
    return info.has_value() ? kStateNames[info->tcpi_state] : "";
  }
  absl::Status RemovePath(absl::string_view path) override {
    const std::string name(path);
    if (unlink(name.c_str()) == 0) return absl::OkStatus();
    ErrorInfo info;
    info.op = "remove";
    info.addr = Addr::Named("unix", name);
    return ErrnoError(info, "", errno);
  }

  // Who waits is told by epoll, or poll(2).
  bool WakesAtOnce() const override { return false; }
  void Pass(absl::Duration, bool) override {}
  void SetLoss(Conn& conn, bool lost) override {
    LoseAll(DescriptorOf(conn), lost);
  }
  void SetLoss(Listener& listener, bool lost) override {
    LoseAll(DescriptorOf(listener), lost);
  }

 private:
  // A row of free ones, below those that the kernel gives out.
  void FindPorts(Place& place) {
    bool free = false;
    while (!free) {
      auto port = static_cast<uint16_t>(10000 + random_() % 20000);
      free = true;
      for (uint16_t& mine : place.ports) {
        mine = port++;
        free = free && IsFree(mine);
      }
    }
  }

  Registry registry_;
  const TempDirectory directory_;
  // Other processes of the tests are on the same network, in a sandbox even
  // with the same number.
  std::mt19937_64 random_{std::random_device()()};
  uint64_t runs_ = 0;
};

}  // namespace

std::unique_ptr<Net> MakeKernelNet() { return std::make_unique<KernelNet>(); }

}  // namespace plumb
