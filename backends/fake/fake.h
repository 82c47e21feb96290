// A network in memory, for tests: hosts with names and addresses, ports,
// streams, datagrams and unix sockets, that behave like Linux and open no real
// socket.
//
//   plumb::FakeNetwork network;
//   auto server = network.Host("db")->Listen("tcp", ":5432");
//   Store store(*network.Host("web"));        // takes a plumb::Transport&
//   ...                                       // dials "tcp", "db:5432"
//   auto conn = (*server)->Accept();          // from 10.0.0.2:32768
//
// Each host is a Transport. It answers to the kernel's names: tcp, udp (each
// also with 4 and 6), unix, unixgram and unixpacket; and to "fake" and
// "fakegram", which are tcp and udp under names that say what they are, with
// the same ports. FakeHost::RegisterAll puts it into a Registry for all of
// them.
//
// Hosts have the addresses 10.0.0.1 and fd00::1 upwards, in the order in which
// Host first named them, on the interface eth0 of one link. "localhost",
// 127.0.0.1, ::1 and the empty host are the host itself. Names of other hosts
// are looked up in the network and nowhere else. Paths and abstract names of
// unix sockets belong to a host.
//
// A broadcast (255.255.255.255 or 10.255.255.255) reaches all of them, and
// 127.255.255.255 its own; it is one packet, and so is what goes to a multicast
// group.
//
// It has no time and no randomness of its own: deadlines, how long a Dial waits
// for room in a backlog, and how long a Close lingers, are on
// FakeNetworkOptions::clock; ports are given out in order. Without a policy
// nothing takes time but such waits, and nothing is lost but for want of room:
// datagrams, and with an observer the SYN of who dials.
//
// With FakeNetworkOptions::policy what goes over it is delayed, lost, copied,
// changed, held or reset (link_policy.h); with an observer it is seen
// (packet_observer.h). Then streams are segments; otherwise bytes are handed
// over directly.
//
// How it differs from the kernel (testing/differential has a test of each, with
// what the kernel does):
// - who dials when the backlog is full is let in as soon as there is room, and
//   not when the SYN is next repeated, unless there is a policy or an observer
// - raw IP ("ip4:icmp") is Unimplemented
// - there are no file permissions and no directories: any path can be bound,
//   UnixListenOptions::mode changes nothing, and FakeHost::RemovePath takes the
//   place of unlink(2)
// - descriptors that are under way are open in this process, and among those
//   that its RLIMIT_NOFILE allows; sending them fails for want of room, not
//   receiving them
// - "localhost" is 127.0.0.1 first, then ::1
// - there are no link-local addresses (fe80::), from which Linux sends what is
//   for a group of the link (ff02::)
// - TIME_WAIT is there when FakeNetworkOptions::time_wait asks for it, and
//   begins with Close when the peer's end had come before
// - a stream holds the sum of the two buffers, not doubled, and by default they
//   are 64 KiB each and do not grow; Linux counts the sender's alone on unix
// - a datagram, and a message of unixpacket, takes as much of a buffer as it
//   has bytes
// - no delay, and keep-alive that tcp(7) takes, change nothing
// - an end or a reset does not wait behind what there is no room for, and a
//   reset takes nothing back of it
// - an address that no host has is `no route to host` at once for tcp, which
//   Linux tells when nobody has answered for three seconds
// - SO_REUSEPORT spreads by the sender's port
// - who dials udp over IPv6 from [::] and a port leaves 0.0.0.0 to others
// - datagrams for Listen("udp", ...) are dealt out as they arrive, and not when
//   somebody next reads: a Conn's Close drops all that has come for it
//
// Threads: any method at any time, on threads and fibers. With a policy on a
// clock whose time passes by itself the network has a thread of its own, from
// the first packet that takes time.
//
// Lifetime: hosts, Conns and Listeners outlive the FakeNetwork; the clock
// outlives them all.
//
// Errors: error.h, with the texts of the real backends. A name that no host has
// is NotFound, `dial tcp: lookup nosuch: no such host` (IsNoSuchHost).
#ifndef PLUMB_BACKENDS_FAKE_FAKE_H_
#define PLUMB_BACKENDS_FAKE_FAKE_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "backends/fake/fake_options.h"
#include "backends/fake/netstat.h"
#include "backends/fake/packet.h"
#include "transport/ip_addr.h"
#include "transport/registry.h"
#include "transport/system_mutex.h"
#include "transport/transport.h"

namespace plumb {

struct HostRef;
struct NetworkState;

// Extensions of its Conns: ReadCloser, Peeker, BufferControl and TcpControl on
// tcp and fake; HandlePassing and PeerCredentials (this process) in place of
// TcpControl on unix and unixpacket; MessageTraits where there are messages,
// Peeker of those that were dialled, and HandlePassing on unixgram, whose
// PacketConns have PacketHandlePassing, and those of udp MulticastControl. Of
// Listen("udp", ...) UdpListenerStats. BlockedProbe of everything; ConnProbe of
// Conns and PacketConns, ListenerProbe of Listeners (probes.h).
class FakeHost final : public Transport,
                       public std::enable_shared_from_this<FakeHost> {
 public:
  ~FakeHost() override;

  const std::string& name() const;
  IpAddr ip4() const;
  IpAddr ip6() const;

  // Registers this host for every network that it answers to, and for ip, ip4
  // and ip6, so that nothing gets past it. Errors: as Registry::Register.
  absl::Status RegisterAll(Registry& registry);

  // The host's sockets now, in the order of their networks and addresses. The
  // Conns of a udp Listener are one socket with it.
  std::vector<NetstatRow> Netstat() const;

  // Removes the file of a unix socket, as unlink(2). Errors: NotFound.
  absl::Status RemovePath(absl::string_view path);

  using Transport::Dial;
  using Transport::Listen;
  using Transport::ListenPacket;
  absl::StatusOr<std::unique_ptr<Conn>> Dial(
      absl::string_view network, absl::string_view address,
      const DialOptions& options) override;
  absl::StatusOr<std::unique_ptr<Listener>> Listen(
      absl::string_view network, absl::string_view address,
      const ListenOptions& options) override;
  absl::StatusOr<std::unique_ptr<PacketConn>> ListenPacket(
      absl::string_view network, absl::string_view address,
      const ListenOptions& options) override;

 private:
  friend class FakeNetwork;

  explicit FakeHost(std::unique_ptr<HostRef> host);

  const std::unique_ptr<HostRef> host_;
};

class FakeNetwork {
 public:
  explicit FakeNetwork(FakeNetworkOptions options = FakeNetworkOptions());
  FakeNetwork(const FakeNetwork&) = delete;
  FakeNetwork& operator=(const FakeNetwork&) = delete;
  ~FakeNetwork();

  // The host of that name, upper and lower case being the same; made when it is
  // first asked for. "localhost" is any host's name for itself.
  std::shared_ptr<FakeHost> Host(absl::string_view name);

  // Asks the policy about each packet that is on its way or held
  // (LinkPolicy::InFlight). Nothing without a policy.
  void JudgeInFlight();
  // Those packets, in the order in which they were sent.
  std::vector<PacketInFlight> InFlight() const;

 private:
  const std::shared_ptr<NetworkState> state_;
  SystemMutex mutex_;
  std::map<std::string, std::shared_ptr<FakeHost>> hosts_
      ABSL_GUARDED_BY(mutex_);
};

// Registers the one host of a network of its own as "fake" and "fakegram".
absl::Status RegisterFake(Registry& registry,
                          FakeNetworkOptions options = FakeNetworkOptions());

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_FAKE_H_
