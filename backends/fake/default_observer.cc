#include "backends/fake/default_observer.h"

#include <atomic>

namespace plumb {
namespace {

std::atomic<DefaultObserver> default_observer{nullptr};

}  // namespace

void SetDefaultObserver(DefaultObserver make) { default_observer = make; }

FakeNetworkOptions WithDefaultObserver(FakeNetworkOptions options) {
  if (options.observer != nullptr || !options.default_observer) return options;
  const DefaultObserver make = default_observer;
  if (make != nullptr) options.observer = make();
  return options;
}

}  // namespace plumb
