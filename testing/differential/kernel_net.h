// The kernel as a Net: real sockets on the loopback interface.
//
// Each run has two addresses of 127/8, three ports and a folder that no other
// one has, so that what one leaves behind (TIME_WAIT, files) is in nobody's
// way.
#ifndef PLUMB_TESTING_DIFFERENTIAL_KERNEL_NET_H_
#define PLUMB_TESTING_DIFFERENTIAL_KERNEL_NET_H_

#include <memory>

#include "testing/differential/net.h"

namespace plumb {

std::unique_ptr<Net> MakeKernelNet();

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_KERNEL_NET_H_
