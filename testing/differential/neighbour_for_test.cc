#include "testing/differential/neighbour_for_test.h"

#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sched.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "backends/ip/interface_for_test.h"

namespace plumb {
namespace {

constexpr char kName[] = "eth0";

// A request of rtnetlink(7).
class Request {
 public:
  Request(uint16_t type, uint16_t flags) {
    nlmsghdr head = {};
    head.nlmsg_type = type;
    head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
    Append(head);
  }

  template <typename Part>
  void Append(const Part& part) {
    bytes_.append(reinterpret_cast<const char*>(&part), sizeof part);
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
  }
  void Attribute(uint16_t type, absl::string_view data) {
    const size_t start = Open(type);
    bytes_.append(data.data(), data.size());
    Close(start);
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
  }
  // What follows, up to Close, is inside of an attribute.
  size_t Open(uint16_t type) {
    const size_t start = bytes_.size();
    Append(rtattr{0, type});
    return start;
  }
  void Close(size_t start) {
    const auto size = static_cast<uint16_t>(bytes_.size() - start);
    std::memcpy(&bytes_[start + offsetof(rtattr, rta_len)], &size, sizeof size);
  }

  bool Send() {
    const auto size = static_cast<uint32_t>(bytes_.size());
    std::memcpy(&bytes_[offsetof(nlmsghdr, nlmsg_len)], &size, sizeof size);
    const Descriptor fd(
        socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (send(fd.get(), bytes_.data(), size, 0) < 0) return false;
    struct {
      nlmsghdr head;
      nlmsgerr error;
      char rest[512];
    } reply = {};
    if (recv(fd.get(), &reply, sizeof reply, 0) < 0) return false;
    errno = -reply.error.error;
    return errno == 0;
  }

 private:
  std::string bytes_;
};

bool MakePair(int other_namespace) {
  Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  request.Append(ifinfomsg{});
  request.Attribute(IFLA_IFNAME, kName);
  const size_t link = request.Open(IFLA_LINKINFO);
  request.Attribute(IFLA_INFO_KIND, "veth");
  const size_t data = request.Open(IFLA_INFO_DATA);
  const size_t peer = request.Open(VETH_INFO_PEER);
  request.Append(ifinfomsg{});
  request.Attribute(IFLA_IFNAME, kName);
  request.Attribute(
      IFLA_NET_NS_FD,
      absl::string_view(reinterpret_cast<const char*>(&other_namespace),
                        sizeof other_namespace));
  request.Close(peer);
  request.Close(data);
  request.Close(link);
  return request.Send();
}

// Interfaces to come have no address of IPv6 by themselves, and what is given
// to them is theirs at once.
bool PrepareIpv6() {
  for (const char* setting : {"addr_gen_mode=1", "accept_dad=0"}) {
    const std::string text = setting;
    const size_t equals = text.find('=');
    std::ofstream file(absl::StrCat("/proc/sys/net/ipv6/conf/default/",
                                    text.substr(0, equals)));
    if (!(file << text.substr(equals + 1) << std::flush)) return false;
  }
  return true;
}

bool SetUp(int number) {
  return BringUp(kName) &&
         SetIpv4Address(kName, absl::StrCat("10.0.0.", number).c_str(), 8) &&
         AddIpv6Address(kName, absl::StrCat("fd00::", number).c_str(), 64) &&
         AddIpv6Address(kName, absl::StrCat("fe80::", number).c_str(), 64) &&
         RouteIpv4Through(kName);
}

void AwaitRunning() {
  while (!IsRunning(kName)) sched_yield();
}

}  // namespace

NeighbourForTest::NeighbourForTest() {
  std::thread([this] {
    ok_ = unshare(CLONE_NEWNET) == 0 && BringUp("lo") && PrepareIpv6();
    namespace_ =
        Descriptor(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  }).join();
  ok_ = ok_ && PrepareIpv6() && MakePair(namespace_.get());
  if (!ok_) return;
  Run([this] { ok_ = SetUp(2); });
  ok_ = ok_ && SetUp(1);
  if (!ok_) return;
  AwaitRunning();
  Run(AwaitRunning);
}

void NeighbourForTest::Run(absl::FunctionRef<void()> what) const {
  std::thread([this, what] {
    if (setns(namespace_.get(), CLONE_NEWNET) != 0) {
      std::perror("no neighbour");
      std::abort();
    }
    what();
  }).join();
}

}  // namespace plumb
