// Fails every test that leaves a descriptor or a thread behind, and names what
// it left. Linking it is all that it takes:
//
//   cc_test(
//       name = "server_test",
//       deps = ["@plumb//testing:leak_check", ...],
//   )
//
//   server_test.cc:31: Failure
//   The test left behind: descriptor 7, socket:[4711], 127.0.0.1:8080
//
// What was there before the test is no leak. A descriptor with which a thread
// is woken (anon_inode:[eventfd]) lives as long as its thread, so there may be
// one for each that is left; files that the program's code comes from are left
// out, which Abseil keeps open for the names in stack traces. Memory is left to
// LeakSanitizer (--config=asan), which also tells where it was allocated.
//
// A test that must leave something behind says so:
//
//   plumb::AllowLeaksInThisTest();
#ifndef PLUMB_TESTING_LEAK_CHECK_H_
#define PLUMB_TESTING_LEAK_CHECK_H_

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace plumb {

void AllowLeaksInThisTest();

// What a process has that a test might leave behind.
struct ResourceSnapshot {
  std::map<int, std::string> descriptors;  // by number, what each is
  size_t event_descriptors = 0;            // not among them
  std::set<int> threads;                   // kernel ids

  static ResourceSnapshot Take();

  // What is here and was not `before`, a line for each.
  std::vector<std::string> Since(const ResourceSnapshot& before) const;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_LEAK_CHECK_H_
