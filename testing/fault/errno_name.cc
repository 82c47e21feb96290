#include "testing/fault/errno_name.h"

#include <cerrno>

namespace plumb {

int ErrnoByName(absl::string_view name) {
  struct Named {
    const char* name;
    int error;
  };
  static constexpr Named kErrnos[] = {
      {"EACCES", EACCES},
      {"EADDRINUSE", EADDRINUSE},
      {"EADDRNOTAVAIL", EADDRNOTAVAIL},
      {"ECONNABORTED", ECONNABORTED},
      {"ECONNREFUSED", ECONNREFUSED},
      {"ECONNRESET", ECONNRESET},
      {"EHOSTDOWN", EHOSTDOWN},
      {"EHOSTUNREACH", EHOSTUNREACH},
      {"EINVAL", EINVAL},
      {"EIO", EIO},
      {"EMFILE", EMFILE},
      {"EMSGSIZE", EMSGSIZE},
      {"ENETDOWN", ENETDOWN},
      {"ENETUNREACH", ENETUNREACH},
      {"ENFILE", ENFILE},
      {"ENOBUFS", ENOBUFS},
      {"ENOENT", ENOENT},
      {"ENOMEM", ENOMEM},
      {"ENOTCONN", ENOTCONN},
      {"EPERM", EPERM},
      {"EPIPE", EPIPE},
      {"EPROTO", EPROTO},
      {"ETIMEDOUT", ETIMEDOUT},
  };
  for (const Named& one : kErrnos) {
    if (name == one.name) return one.error;
  }
  return 0;
}

}  // namespace plumb
