#include "testing/temp_directory.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace plumb {

TempDirectory::TempDirectory() : path_("/tmp/plumb.XXXXXX") {
  if (mkdtemp(&path_[0]) != nullptr) return;
  std::perror("mkdtemp /tmp/plumb.XXXXXX");
  std::abort();
}

TempDirectory::~TempDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace plumb
