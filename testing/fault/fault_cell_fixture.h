// The cells of the columns tcp, udp and unix of the table in README.md: over
// the kernel's sockets and over a fake network, on a clock that stands still,
// with calls that wait on threads and on fibers.
#ifndef PLUMB_TESTING_FAULT_FAULT_CELL_FIXTURE_H_
#define PLUMB_TESTING_FAULT_FAULT_CELL_FIXTURE_H_

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "backends/tcp/tcp.h"
#include "backends/udp/udp.h"
#include "backends/unix/unix.h"
#include "gtest/gtest.h"
#include "testing/conformance/conn_pair.h"
#include "testing/executor.h"
#include "testing/fake_host_for_test.h"
#include "testing/fault/fault_results_for_test.h"
#include "testing/fault/fault_transport.h"
#include "testing/fault/faults.h"
#include "testing/fiber_executor.h"
#include "transport/addr.h"
#include "transport/conn.h"
#include "transport/listener.h"
#include "transport/manual_clock.h"
#include "transport/options.h"
#include "transport/packet_conn.h"
#include "transport/transport.h"

namespace plumb {

struct Net {
  const char* name;
  const char* network;
  std::shared_ptr<Transport> (*make)(Clock& clock);
  bool ip;
  bool stream;
  bool listens;  // has a Listener
  // The client is a PacketConn that is not connected.
  bool packets = false;
};

inline const Net kTcp = {"tcp", "tcp", &MakeTcp, true, true, true};
inline const Net kUdp = {"udp", "udp", &MakeUdp, true, false, false};
inline const Net kUnix = {"unix", "unix", &MakeUnix, false, true, true};
inline const Net kUnixgram = {"unixgram", "unixgram", &MakeUnix,
                              false,      false,      false};
inline const Net kUnixpacket = {"unixpacket", "unixpacket", &MakeUnix,
                                false,        false,        true};
inline const Net kUdpPackets = {"udp_packets", "udp", &MakeUdp, true,
                                false,         false, true};
inline const Net kUnixgramPackets = {
    "unixgram_packets", "unixgram", &MakeUnix, false, false, false, true};
inline const Net kFakeTcp = {"fake_tcp", "tcp", &MakeFakeHost,
                             true,       true,  true};
inline const Net kFakeUdp = {"fake_udp", "udp", &MakeFakeHost,
                             true,       false, false};
inline const Net kFakeUnix = {"fake_unix", "unix", &MakeFakeHost,
                              false,       true,   true};
inline const Net kFakeUnixgram = {"fake_unixgram", "unixgram", &MakeFakeHost,
                                  false,           false,      false};
inline const Net kFakeUdpPackets = {
    "fake_udp_packets", "udp", &MakeFakeHost, true, false, false, true};
inline const Net kFakeUnixgramPackets = {"fake_unixgram_packets",
                                         "unixgram",
                                         &MakeFakeHost,
                                         false,
                                         false,
                                         false,
                                         true};
inline const Net kFakeUnixpacket = {
    "fake_unixpacket", "unixpacket", &MakeFakeHost, false, false, true};

// A column, and whether calls that wait do so on threads or on fibers.
struct Cell {
  Net net;
  bool fibers;
};
inline std::vector<Cell> Cells(std::initializer_list<Net> nets) {
  std::vector<Cell> cells;
  for (const Net& net : nets) {
    cells.push_back({net, false});
    cells.push_back({net, true});
  }
  return cells;
}
inline std::string CellName(const ::testing::TestParamInfo<Cell>& info) {
  return absl::StrCat(info.param.net.name,
                      info.param.fibers ? "_fibers" : "_threads");
}

// A client on which things go wrong, and a server on which they do not.
class FaultCellTest : public ::testing::TestWithParam<Cell> {
 protected:
  const Net& net() const { return GetParam().net; }

  // "$net" is the network.
  void Load(absl::string_view plan) {
    const std::string text =
        absl::StrReplaceAll(plan, {{"$net", net().network}});
    auto made =
        MakeFaultTransport(inner_, text, FaultTransportOptions(), clock_);
    ASSERT_TRUE(made.ok()) << made.status();
    client_ = *std::move(made);
  }
  // A name is the system's choice as well: other processes in sandboxes have
  // the same number.
  std::string FreeAddress() const { return net().ip ? "127.0.0.1:0" : ""; }
  void Listen() {
    if (net().listens) {
      listener_ = *inner_->Listen(net().network, FreeAddress());
      address_ = listener_->Address();
    } else {
      packets_ = *inner_->ListenPacket(net().network, FreeAddress());
      address_ = packets_->LocalAddr();
    }
  }
  absl::StatusOr<std::unique_ptr<Conn>> Dial(DialOptions options = {}) {
    // An address of its own, for its peer to answer to.
    if (!net().ip && !net().listens) options.local_address = "";
    return client_->Dial(net().network, address_.ToString(), options);
  }
  std::unique_ptr<Conn> Unconnected() {
    return ConnOverPackets(*client_->ListenPacket(net().network, FreeAddress()),
                           address_);
  }
  void Connect(absl::string_view plan) {
    Load(plan);
    Listen();
    near_ = net().packets ? Unconnected() : *Dial();
    if (net().listens) {
      far_ = *listener_->Accept();
    } else {
      far_ = ConnOverPackets(std::move(packets_), near_->LocalAddr());
    }
  }
  std::unique_ptr<Task> Go(std::function<void()> body) {
    return executor_->Go(std::move(body));
  }
  absl::Duration Elapsed() const { return clock_.TimeNow() - start_; }
  // What `body` gives, which waits for `alarms` times in turn.
  template <typename Body>
  auto AtAlarms(int alarms, Body body) {
    decltype(body()) result;
    const auto task = Go([&] { result = body(); });
    for (int i = 0; i < alarms; ++i) {
      // A wait that looks again takes its alarm back for a moment.
      do {
        clock_.AwaitAlarms(1);
      } while (!clock_.AdvanceToNextAlarm());
    }
    task->Join();
    return result;
  }
  uint64_t Hits(absl::string_view id) const {
    for (const FaultCount& count : client_->faults().Counts()) {
      if (count.id == id) return count.hits;
    }
    return 0;
  }
  std::string DialText() const {
    return absl::StrCat("dial ", net().network, " ", address_.ToString(), ": ");
  }

  const std::unique_ptr<Executor> executor_ =
      GetParam().fibers ? MakeFiberExecutor(1) : MakeThreadExecutor();
  ManualClock clock_;
  const absl::Time start_ = clock_.TimeNow();
  std::shared_ptr<Transport> inner_ = net().make(clock_);
  std::unique_ptr<FaultTransport> client_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<PacketConn> packets_;
  Addr address_;
  std::unique_ptr<Conn> near_;
  std::unique_ptr<Conn> far_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_CELL_FIXTURE_H_
