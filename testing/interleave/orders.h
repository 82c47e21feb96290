// Tests that run in every order (explorer.h):
//
//   ORDERS(Signal) {
//     flows.Add("reader", ...);
//   }
//
// orders_test.cc runs them all, and fails when there are too many for that. Of
// BOUNDED_ORDERS it runs the first ones alone, for the reason that is given; a
// smaller form beside it has all of its own tried.
//
// The same files are compiled against copies of the code with a bug put in
// (mutant.bzl): there a test has to fail.
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
  const char* why_bounded;  // null when all have to be tried

  friend std::ostream& operator<<(std::ostream& out, const Orders& orders) {
    return out << orders.name;
  }
};

inline std::vector<Orders>& AllOrders() {
  static auto* const all = new std::vector<Orders>;
  return *all;
}

struct AddOrders {
  AddOrders(const char* name, void (*make)(Flows&), const char* why_bounded) {
    AllOrders().push_back({name, make, why_bounded});
  }
};

#define ORDERS(name) BOUNDED_ORDERS(name, nullptr)

#define BOUNDED_ORDERS(name, why)                                     \
  void name(::plumb::interleave::Flows& flows);                       \
  const ::plumb::interleave::AddOrders add_##name{#name, &name, why}; \
  void name(::plumb::interleave::Flows& flows)

}  // namespace interleave
}  // namespace plumb

#endif  // PLUMB_TESTING_INTERLEAVE_ORDERS_H_
