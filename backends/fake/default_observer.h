// Who sees the packets of FakeNetworks that were given no observer of their
// own. For libraries that a test links, such as testing/capture:fake; there is
// one in a program:
//
//   plumb::SetDefaultObserver([]() -> std::shared_ptr<plumb::PacketObserver> {
//     return std::make_shared<Recorder>();
//   });
//
// FakeNetworkOptions::default_observer keeps it from a network.
//
// Threads: any function at any time.
#ifndef PLUMB_BACKENDS_FAKE_DEFAULT_OBSERVER_H_
#define PLUMB_BACKENDS_FAKE_DEFAULT_OBSERVER_H_

#include <memory>

#include "backends/fake/fake_options.h"
#include "backends/fake/packet_observer.h"

namespace plumb {

// Called for each network that comes into being. Null is nobody.
using DefaultObserver = std::shared_ptr<PacketObserver> (*)();

// Of the networks that are made from now on; nullptr is nobody, as at first.
void SetDefaultObserver(DefaultObserver make);

// The options of a network, with their observer.
FakeNetworkOptions WithDefaultObserver(FakeNetworkOptions options);

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_DEFAULT_OBSERVER_H_
