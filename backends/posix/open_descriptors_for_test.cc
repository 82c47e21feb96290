#include "backends/posix/open_descriptors_for_test.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace plumb {

OpenDescriptors::OpenDescriptors() {
  const std::string folder = "/proc/self/fd/";
  DIR* const dir = opendir(folder.c_str());
  if (dir == nullptr) return;
  const std::string own = std::to_string(dirfd(dir));
  while (const dirent* entry = readdir(dir)) {
    const std::string number = entry->d_name;
    char target[256];
    const ssize_t size =
        readlink((folder + number).c_str(), target, sizeof target);
    if (size <= 0 || number == own) continue;
    const std::string name(target, static_cast<size_t>(size));
    if (absl::StrContains(name, "eventfd")) continue;
    names_.push_back(absl::StrCat(number, " ", name));
  }
  closedir(dir);
  std::sort(names_.begin(), names_.end());
}

std::ostream& operator<<(std::ostream& out, const OpenDescriptors& d) {
  for (const std::string& name : d.names_) out << name << "\n";
  return out;
}

}  // namespace plumb
