// Bugs of timers are put into a copy of the fake (seeded_bugs.txt), each of
// which the script that is named there must find.
//
// The named scripts are in this program, on the copy, and run in a process of
// their own for each bug: first without it, when all must hold.

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "backends/ip/private_network_for_test.h"
#include "gtest/gtest.h"
#include "testing/differential/seeded_bug.h"

namespace plumb {
namespace {

constexpr char kList[] = "testing/differential/seeded_bugs.txt";
constexpr int kAtLeast = 4;

// Whether the script holds.
bool Holds(const std::string& script, int bug) {
  // The child would write it again.
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    SetSeededBug(bug);
    if (bug != 0 && std::freopen("/dev/null", "w", stdout) == nullptr) _exit(2);
    GTEST_FLAG_SET(filter, absl::StrCat("NamedTimersTest.", script));
    GTEST_FLAG_SET(output, "");
    const int code = RUN_ALL_TESTS();
    const bool ran = testing::UnitTest::GetInstance()->test_to_run_count() == 1;
    _exit(ran ? code : 2);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) <= 1) {
    return WEXITSTATUS(status) == 0;
  }
  std::printf("FAILED to run %s\n", script.c_str());
  _exit(1);
}

int Main() {
  int found = 0, failed = 0;
  std::ifstream list(kList);
  for (std::string line; std::getline(list, line);) {
    std::istringstream words(line);
    std::string first, script;
    int number = 0;
    if (!(words >> first >> number >> script) || first != "timer") continue;
    const bool without = Holds(script, 0);
    const bool with = Holds(script, number);
    const bool finds = without && !with;
    std::printf("%s %s\n", finds ? "found:" : "FAILED to find:", line.c_str());
    ++(finds ? found : failed);
  }
  return failed == 0 && found >= kAtLeast ? 0 : 1;
}

}  // namespace
}  // namespace plumb

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (!plumb::EnterPrivateNetwork()) {
    std::perror("no network of one's own");
    return 1;
  }
  return plumb::Main();
}
