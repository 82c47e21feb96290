// A backend of one's own: another one, with the bytes counted that its
// connections read and write.
//
//   const auto bytes = std::make_shared<std::atomic<uint64_t>>(0);
//   const auto tcp = Counting(plumb::MakeTcp(), bytes);
//   Serve(*tcp);
//   std::cout << *bytes << " bytes\n";
#ifndef CONSUMER_COUNTING_H_
#define CONSUMER_COUNTING_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "transport/transport.h"

std::shared_ptr<plumb::Transport> Counting(
    std::shared_ptr<plumb::Transport> inner,
    std::shared_ptr<std::atomic<uint64_t>> bytes);

#endif  // CONSUMER_COUNTING_H_
