// Makes up scripts: mostly what could be a program, in any order.
//
//   Choices choices(seed);
//   const Script script = Generate(choices);
//
// It keeps away from what no two runs on the kernel do alike: how many bytes
// fit, which of two sockets of one port a datagram gets to, a port that is
// dialled from twice (TIME_WAIT). Scripts by hand do those (named_*_test.cc).
#ifndef PLUMB_TESTING_DIFFERENTIAL_GENERATOR_H_
#define PLUMB_TESTING_DIFFERENTIAL_GENERATOR_H_

#include "testing/differential/choices.h"
#include "testing/differential/script.h"

namespace plumb {

Script Generate(Choices& choices);

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_GENERATOR_H_
