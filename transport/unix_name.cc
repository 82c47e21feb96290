#include "transport/unix_name.h"

namespace plumb {

bool IsAbstractUnixName(absl::string_view name) {
  return !name.empty() && name[0] == '@';
}

bool UnixNameFits(absl::string_view name) {
  if (IsAbstractUnixName(name)) return name.size() <= kMaxAbstractUnixName;
  return name.size() <= kMaxUnixPath &&
         name.find('\0') == absl::string_view::npos;
}

}  // namespace plumb
