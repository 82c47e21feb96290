// Whether a test leaks descriptors:
//
//   const OpenDescriptors before;
//   ...
//   EXPECT_EQ(OpenDescriptors(), before);
//
// What a waiting thread keeps for itself (an eventfd) does not count.
#ifndef PLUMB_BACKENDS_POSIX_OPEN_DESCRIPTORS_FOR_TEST_H_
#define PLUMB_BACKENDS_POSIX_OPEN_DESCRIPTORS_FOR_TEST_H_

#include <ostream>
#include <string>
#include <vector>

namespace plumb {

class OpenDescriptors {
 public:
  // Those of the process at this moment.
  OpenDescriptors();

  friend bool operator==(const OpenDescriptors& a, const OpenDescriptors& b) {
    return a.names_ == b.names_;
  }
  friend bool operator!=(const OpenDescriptors& a, const OpenDescriptors& b) {
    return !(a == b);
  }
  friend std::ostream& operator<<(std::ostream& out, const OpenDescriptors& d);

 private:
  std::vector<std::string> names_;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_POSIX_OPEN_DESCRIPTORS_FOR_TEST_H_
