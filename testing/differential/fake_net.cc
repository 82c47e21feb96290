#include "testing/differential/fake_net.h"

#include "backends/fake/fake.h"
#include "backends/fake/probes.h"
#include "transport/extension.h"

namespace plumb {
namespace {

class Onlooker final : public PacketObserver {
  void OnPacket(const PacketEvent&) override {}
};

FakeNetworkOptions MakeOptions(FakeWays ways) {
  FakeNetworkOptions options;
  if (ways == FakeWays::kPackets) {
    options.observer = std::make_shared<Onlooker>();
  }
  return options;
}

// That a probe says no is not enough: the call itself must wait.
template <typename Endpoint>
Readiness AskProbe(Endpoint& endpoint) {
  auto* const probe = Extension<ConnProbe>(endpoint);
  return probe != nullptr && probe->CanRead() ? Readiness::kReady
                                              : Readiness::kUnknown;
}

class FakeNet final : public Net {
 public:
  explicit FakeNet(FakeWays ways)
      : network_(MakeOptions(ways)), host_(network_.Host("host")) {}

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

 private:
  FakeNetwork network_;
  const std::shared_ptr<FakeHost> host_;
};

}  // namespace

std::unique_ptr<Net> MakeFakeNet(FakeWays ways) {
  return std::make_unique<FakeNet>(ways);
}

}  // namespace plumb
