#include "testing/differential/fake_net.h"

#include <memory>
#include <set>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "backends/fake/fake.h"
#include "backends/fake/link_policy.h"
#include "backends/fake/probes.h"
#include "transport/extension.h"
#include "transport/manual_clock.h"

namespace plumb {
namespace {

class Onlooker final : public PacketObserver {
  void OnPacket(const PacketEvent&) override {}
};

// Loses what goes to some addresses, and from some sources if they have one.
class Loser final : public LinkPolicy {
 public:
  Judgement AtSend(const Packet& packet, absl::Time) override {
    absl::MutexLock lock(&mutex_);
    const bool lost = lost_.count({packet.destination, Addr()}) > 0 ||
                      lost_.count({packet.destination, packet.source}) > 0;
    return lost ? Judgement::Drop("lost") : Judgement::Pass();
  }
  void Set(const Addr& to, const Addr& from, bool lost) {
    absl::MutexLock lock(&mutex_);
    if (lost) {
      lost_.insert({to, from});
    } else {
      lost_.erase({to, from});
    }
  }

 private:
  absl::Mutex mutex_;
  std::set<std::pair<Addr, Addr>> lost_ ABSL_GUARDED_BY(mutex_);
};

FakeNetworkOptions MakeOptions(FakeWays ways) {
  FakeNetworkOptions options;
  if (ways == FakeWays::kPackets) {
    options.observer = std::make_shared<Onlooker>();
  }
  return options;
}

FakeNetworkOptions MakeTimedOptions(FakeWays ways, Clock* clock,
                                    std::shared_ptr<LinkPolicy> policy) {
  FakeNetworkOptions options = MakeOptions(ways);
  options.clock = clock;
  options.time_wait = absl::Seconds(60);
  options.first_port = kFirstPort;
  options.last_port = kLastPort;
  if (ways == FakeWays::kPackets) options.policy = std::move(policy);
  return options;
}

// That a probe says no is not enough: the call itself must wait.
template <typename Endpoint>
Readiness AskProbe(Endpoint& endpoint) {
  auto* const probe = Extension<ConnProbe>(endpoint);
  return probe != nullptr && probe->CanRead() ? Readiness::kReady
                                              : Readiness::kUnknown;
}

class FakeNet : public Net {
 public:
  explicit FakeNet(const FakeNetworkOptions& options)
      : network_(options), host_(network_.Host("host")) {}

  Transport& transport() override { return *host_; }
  absl::Duration Patience() const override { return absl::Seconds(2); }
  Place MakePlace() override {
    Place place;
    place.host_a = "127.66.0.1";
    place.host_b = "127.66.0.2";
    place.group = "239.66.0.1";
    place.ports = {20001, 20002, 20003};
    place.directory = "/run";
    place.prefix = "script";
    return place;
  }

  // What was sent is there.
  void Settle(const std::vector<OpenConn>&) override {}
  Readiness CanRead(Conn& conn) override { return AskProbe(conn); }
  Readiness CanRead(PacketConn& packets) override { return AskProbe(packets); }
  Readiness CanAccept(Listener& listener) override {
    auto* const probe = Extension<ListenerProbe>(listener);
    return probe != nullptr && probe->CanAccept() ? Readiness::kReady
                                                  : Readiness::kUnknown;
  }
  std::string StateOf(Conn&) override { return ""; }
  absl::Status RemovePath(absl::string_view path) override {
    return host_->RemovePath(path);
  }
  bool WakesAtOnce() const override { return true; }
  void Pass(absl::Duration, bool) override {}
  void SetLoss(Conn&, bool) override {}
  void SetLoss(Listener&, bool) override {}

 private:
  FakeNetwork network_;
  const std::shared_ptr<FakeHost> host_;
};

struct OwnTime {
  ManualClock clock;
  std::shared_ptr<Loser> loser = std::make_shared<Loser>();
};

class TimedFakeNet final : private OwnTime, public FakeNet {
 public:
  explicit TimedFakeNet(FakeWays ways)
      : FakeNet(MakeTimedOptions(ways, &clock, loser)) {}

  void Pass(absl::Duration time, bool begun) override {
    if (begun) clock.AwaitAlarms(1);
    clock.Advance(time);
  }
  void SetLoss(Conn& conn, bool lost) override {
    loser->Set(conn.LocalAddr(), conn.RemoteAddr(), lost);
  }
  void SetLoss(Listener& listener, bool lost) override {
    loser->Set(listener.Address(), Addr(), lost);
  }
};

}  // namespace

std::unique_ptr<Net> MakeFakeNet(FakeWays ways) {
  return std::make_unique<FakeNet>(MakeOptions(ways));
}

std::unique_ptr<Net> MakeTimedFakeNet(FakeWays ways) {
  return std::make_unique<TimedFakeNet>(ways);
}

}  // namespace plumb
