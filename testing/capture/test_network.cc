#include "testing/capture/test_network.h"

#include <memory>
#include <utility>

#include "backends/fake/packet_observer.h"
#include "testing/capture/capture_observer.h"

namespace plumb {
namespace {

class Both final : public PacketObserver {
 public:
  Both(std::shared_ptr<PacketObserver> first,
       std::shared_ptr<PacketObserver> second)
      : first_(std::move(first)), second_(std::move(second)) {}

  void OnPacket(const PacketEvent& event) override {
    first_->OnPacket(event);
    second_->OnPacket(event);
  }

 private:
  const std::shared_ptr<PacketObserver> first_, second_;
};

CaptureOptions OnItsClock(const FakeNetworkOptions& network) {
  CaptureOptions options;
  options.clock = network.clock;
  return options;
}

FakeNetworkOptions Observed(FakeNetworkOptions options, Capture& capture) {
  auto observer = std::make_shared<CaptureObserver>(capture);
  options.observer =
      options.observer == nullptr
          ? std::shared_ptr<PacketObserver>(std::move(observer))
          : std::make_shared<Both>(std::move(observer), options.observer);
  return options;
}

}  // namespace

TestNetwork::TestNetwork(FakeNetworkOptions options)
    : TestNetworkCapture(OnItsClock(options)),
      FakeNetwork(Observed(std::move(options), capture_)) {}

}  // namespace plumb
