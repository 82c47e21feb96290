// What the tests of error.h make errors of.
//
// Threads: any.
#ifndef PLUMB_TRANSPORT_ERROR_PARTS_FOR_TEST_H_
#define PLUMB_TRANSPORT_ERROR_PARTS_FOR_TEST_H_

#include "transport/addr.h"
#include "transport/error.h"
#include "transport/ip_addr.h"

namespace plumb {

inline Addr Local() { return Addr::Tcp(IpAddr::V4(10, 0, 0, 1), 9); }
inline Addr Remote() { return Addr::Tcp(IpAddr::V4(10, 0, 0, 2), 80); }

inline ErrorInfo Op(const char* op, const char* network, Addr source = Addr(),
                    Addr addr = Addr()) {
  ErrorInfo info;
  info.op = op;
  info.network = network;
  info.source = source;
  info.addr = addr;
  return info;
}

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_ERROR_PARTS_FOR_TEST_H_
