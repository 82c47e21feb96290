// How a case of a conformance suite is written:
//
//   CONFORMANCE_CASE(ConnConformance, APastDeadlineFailsReads) {
//     Covers({"S-DL-04"});
//     ...
//   }
//
// It is a TEST_P whose body is a task of the executor, so that on fibers the
// calls that it makes itself are those of a fiber.
//
// `Suite` has a template <typename Name> void Case(), and RunCase. At namespace
// scope, in a namespace with a name.
#ifndef PLUMB_TESTING_CONFORMANCE_CASE_H_
#define PLUMB_TESTING_CONFORMANCE_CASE_H_

#include "gtest/gtest.h"

#define CONFORMANCE_CASE(Suite, Name)         \
  struct Suite##Name;                         \
  template <>                                 \
  void Suite::Case<Suite##Name>();            \
  TEST_P(Suite, Name) {                       \
    RunCase([this] { Case<Suite##Name>(); }); \
  }                                           \
  template <>                                 \
  void Suite::Case<Suite##Name>()

#endif  // PLUMB_TESTING_CONFORMANCE_CASE_H_
