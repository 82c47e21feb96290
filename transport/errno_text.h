// The words for an errno that Go prints on Linux, so that the errors of every
// backend read the same, whatever the C library and the locale say.
//
// Threads: any.
#ifndef PLUMB_TRANSPORT_ERRNO_TEXT_H_
#define PLUMB_TRANSPORT_ERRNO_TEXT_H_

#include <string>

namespace plumb {

// "connection refused"; "errno 4095" for a number without words.
std::string ErrnoText(int error);

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_ERRNO_TEXT_H_
