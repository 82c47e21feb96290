// A Transport on which things go wrong as a fault plan says; what is around it
// may be any other: real sockets, a host of a fake network, a decorator.
//
//   PLUMB_ASSERT_OK_AND_ASSIGN(
//       std::unique_ptr<plumb::FaultTransport> client,
//       plumb::MakeFaultTransport(plumb::MakeTcp(), R"(
//         rule { id: "slow" match { to: "db" direction: BOTH }
//                delay { min: "20ms" } }
//         rule { id: "full" match { network: "tcp" operation: WRITE nth: 3 }
//                fail_op { error: "ENOBUFS" } }
//       )"));
//   Run(*client);
//   std::cout << plumb::FormatFaultCounts(client->faults().Counts());
//
// README.md has the table of what is honoured. What a rule makes up has the
// code, the errno and the text of the real failure, and the rule's id in
// ErrorInfo::injected_by.
//
// What it does to what is sent and received:
// - A piece of a stream is what one Write gives, or a Read takes from inside.
// - What is delayed or held is sent in the background; a Write does not wait
//   for it, until 256 KiB are on their way. Then a stream's Writes wait, and
//   datagrams are lost.
// - A stream loses nothing, as the kernel underneath does not: what a
//   partition or a half-open connection would lose comes when that is over. A
//   Dial of a stream waits as long as its way is cut, for 131 s at most
//   (ETIMEDOUT). The restart of a host that crashed resets, and what waits is
//   gone.
// - A write deadline also ends what is sent in the background then; the next
//   Write says so.
// - A reset closes the inner connection, over tcp with a linger of zero, so
//   that the peer reads of it. Over another Transport than tcp's the peer reads
//   the end of the stream.
// - With rules, what WaitReadable or Peek has seen over unix is not unread for
//   the kernel any more, so that Close does not reset for it.
// - Close returns at once. What is still to be sent then is sent in the
//   background and is dropped when the FaultTransport ends.
// - Deadlines, scopes and Close end what waits for a rule, as they end any
//   call.
//
// Hosts: `from` and `to` of a rule are the host that the FaultTransport is
// (FaultTransportOptions::host), the name that was dialled, those of
// FaultTransportOptions::names, or addresses.
//
// Extensions that go through: MessageTraits, TcpControl, ReadCloser,
// BufferControl and PeerCredentials of Conns, MessageTraits, BufferControl and
// MulticastControl of PacketConns, UdpListenerStats and ListenerProbe of
// Listeners. Those that know what rules do, where there is one inside:
// - HandlePassing and PacketHandlePassing are a Write and a Read. What waits
//   for a rule has duplicates of its handles, and what is lost closes them.
// - Peeker shows what a Read would get, which is judged then, and once. It is
//   no READ for rules about calls.
// - ConnProbe knows what rules keep.
// Networks that no rule can be about ("ip4:icmp") go through as they are.
//
// Threads, lifetime and errors: as for Transport. Conns outlive it.
#ifndef PLUMB_TESTING_FAULT_FAULT_TRANSPORT_H_
#define PLUMB_TESTING_FAULT_FAULT_TRANSPORT_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "testing/fault/fault_context.h"
#include "testing/fault/fault_plan.pb.h"
#include "testing/fault/faults.h"
#include "transport/clock.h"
#include "transport/conn.h"
#include "transport/listener.h"
#include "transport/options.h"
#include "transport/packet_conn.h"
#include "transport/transport.h"

namespace plumb {

struct FaultTransportOptions {
  // What rules call this end. Empty: its addresses only.
  std::string host;
  // What rules call other ends that were not dialled by name, by address:
  // {"127.0.0.2", "db"}.
  std::map<std::string, std::string> names;
  // The hosts that there are, beside these: MakeFaultTransport refuses a plan
  // that names another one. Without any, all names go: here they are those of
  // a name service.
  std::vector<std::string> hosts;
  // Judges also what comes in. Off when the other ends go through
  // FaultTransports of the same Faults, which judge what they send.
  bool judge_received = true;
  // Is told what a rule does to what is sent or received, before that goes on:
  // "rule 'lossy' dropped the next datagram". A capture of real sockets has no
  // packet that shows it, and takes it as a comment:
  //   options.remark = [&](absl::string_view text) { capture.Comment(text); };
  // Called on any thread, with no lock held. It must not block, and what it
  // uses must outlive the Conns.
  std::function<void(absl::string_view remark)> remark;
};

class FaultTransport final : public Transport {
 public:
  // `faults` are made for the targets kTcp, kUdp and kUnix, and their clock is
  // that of `inner`.
  FaultTransport(std::shared_ptr<Transport> inner,
                 std::shared_ptr<Faults> faults,
                 FaultTransportOptions options = FaultTransportOptions());
  // `inner` must outlive this.
  FaultTransport(Transport& inner, std::shared_ptr<Faults> faults,
                 FaultTransportOptions options = FaultTransportOptions());
  // Drops what closed connections still have to send.
  ~FaultTransport() override;

  Faults& faults() const { return *context_.faults; }

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
  const std::shared_ptr<Transport> inner_;
  const FaultContext context_;
};

// The same with a plan in text form or as a message. Errors: those of
// fault_plan.h; Unimplemented for what cannot be honoured on all networks that
// a rule may be about.
absl::StatusOr<std::unique_ptr<FaultTransport>> MakeFaultTransport(
    std::shared_ptr<Transport> inner, absl::string_view plan,
    FaultTransportOptions options = FaultTransportOptions(),
    Clock& clock = Clock::Real());
absl::StatusOr<std::unique_ptr<FaultTransport>> MakeFaultTransport(
    std::shared_ptr<Transport> inner, const FaultPlan& plan,
    FaultTransportOptions options = FaultTransportOptions(),
    Clock& clock = Clock::Real());
// For who was given a Transport&. `inner` must outlive the FaultTransport; its
// Conns and Listeners need neither.
absl::StatusOr<std::unique_ptr<FaultTransport>> MakeFaultTransport(
    Transport& inner, absl::string_view plan,
    FaultTransportOptions options = FaultTransportOptions(),
    Clock& clock = Clock::Real());
absl::StatusOr<std::unique_ptr<FaultTransport>> MakeFaultTransport(
    Transport& inner, const FaultPlan& plan,
    FaultTransportOptions options = FaultTransportOptions(),
    Clock& clock = Clock::Real());

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_TRANSPORT_H_
