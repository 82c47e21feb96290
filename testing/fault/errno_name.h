// The errnos that network calls fail with, by their names.
//
// Threads: a function of its argument.
#ifndef PLUMB_TESTING_FAULT_ERRNO_NAME_H_
#define PLUMB_TESTING_FAULT_ERRNO_NAME_H_

#include "absl/strings/string_view.h"

namespace plumb {

// ENOBUFS for "ENOBUFS"; 0 for what is none of those in the man pages of
// connect(2), accept(2), recv(2) and send(2).
int ErrnoByName(absl::string_view name);

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_ERRNO_NAME_H_
