// Tests that run in every order (explorer.h):
//
//   ORDERS(Signal) {
//     flows.Add("reader", ...);
//   }
//
// orders_test.cc runs them all. The same files are compiled against copies of
// the code with a bug put in (mutant.bzl): there a test has to fail.
#ifndef PLUMB_TESTING_INTERLEAVE_ORDERS_H_
#define PLUMB_TESTING_INTERLEAVE_ORDERS_H_

#include <ostream>
#include <vector>

#include "testing/interleave/explorer.h"

namespace plumb {
namespace interleave {

struct Orders {
  const char* name;
  void (*make)(Flows&);

  friend std::ostream& operator<<(std::ostream& out, const Orders& orders) {
    return out << orders.name;
  }
};

inline std::vector<Orders>& AllOrders() {
  static auto* const all = new std::vector<Orders>;
  return *all;
}

struct AddOrders {
  AddOrders(const char* name, void (*make)(Flows&)) {
    AllOrders().push_back({name, make});
  }
};

#define ORDERS(name)                                             \
  void name(::plumb::interleave::Flows& flows);                  \
  const ::plumb::interleave::AddOrders add_##name{#name, &name}; \
  void name(::plumb::interleave::Flows& flows)

}  // namespace interleave
}  // namespace plumb

#endif  // PLUMB_TESTING_INTERLEAVE_ORDERS_H_
