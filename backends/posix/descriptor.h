// Descriptor is declared in transport/; here for the backends.
//
// Unstable: for backends; it may change with any release.
#ifndef PLUMB_BACKENDS_POSIX_DESCRIPTOR_H_
#define PLUMB_BACKENDS_POSIX_DESCRIPTOR_H_

#include "transport/descriptor.h"

#endif  // PLUMB_BACKENDS_POSIX_DESCRIPTOR_H_
