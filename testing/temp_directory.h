// A directory of a test's own, removed with all that is in it. Its name is so
// short that unix sockets fit into it (108 bytes, unix(7)), which those of
// TEST_TMPDIR often are not.
//
//   plumb::TempDirectory directory;
//   auto listener = plumb::Listen("unix", directory.path() + "/socket");
//
// Ends the program when the directory cannot be made.
#ifndef PLUMB_TESTING_TEMP_DIRECTORY_H_
#define PLUMB_TESTING_TEMP_DIRECTORY_H_

#include <string>

namespace plumb {

class TempDirectory {
 public:
  TempDirectory();
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  ~TempDirectory();

  // Absolute, without a slash at its end.
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_TEMP_DIRECTORY_H_
