// Lets a test have no more descriptors.
#ifndef PLUMB_TESTING_NO_DESCRIPTORS_FOR_TEST_H_
#define PLUMB_TESTING_NO_DESCRIPTORS_FOR_TEST_H_

#include <sys/resource.h>

#include "gtest/gtest.h"

namespace plumb {

// While it lives the process gets none, or none from `limit` on; those that it
// has go on working.
class NoDescriptors {
 public:
  // The default is standard input, output and error. Not less: poll(2) takes no
  // more at a time than this.
  explicit NoDescriptors(int limit = 3) {
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(limit);
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;
  ~NoDescriptors() { EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before_), 0); }

 private:
  rlimit before_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_NO_DESCRIPTORS_FOR_TEST_H_
