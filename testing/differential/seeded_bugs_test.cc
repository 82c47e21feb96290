// Bugs are put into a copy of the fake (seeded_bugs.txt), and made-up scripts
// must find each of them.

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

#include "gtest/gtest.h"
#include "testing/differential/fake_net.h"
#include "testing/differential/generator.h"
#include "testing/differential/kernel_net.h"
#include "testing/differential/script.h"
#include "testing/differential/seeded_bug.h"
#include "testing/differential/trace.h"
#include "testing/differential/world.h"

namespace plumb {
namespace {

constexpr char kList[] = "testing/differential/seeded_bugs.txt";
constexpr int kAtLeast = 20;
// Within so many scripts.
constexpr uint64_t kScripts = 600;

std::map<int, std::string> ReadBugs() {
  std::map<int, std::string> bugs;
  std::ifstream list(kList);
  std::string line;
  while (std::getline(list, line)) {
    std::istringstream words(line);
    std::string first;
    int number = 0;
    if (words >> first >> number && first == "bug") bugs[number] = line;
  }
  return bugs;
}

// Runs scripts, each once on the kernel and then with one bug after the other.
class BugFinder {
 public:
  // Nothing when the fake without a bug differs: the kernel had not settled, or
  // it is differential_test that tells of it.
  bool Take(const Script& script) {
    script_ = script;
    SetSeededBug(0);
    const Trace fake =
        RunScript(*MakeFakeNet(FakeWays::kDirect), script, nullptr);
    kernel_ = RunScript(*kernel_net_, script, &fake);
    return !DiffersAt().has_value();
  }
  // The step that shows `bug`, twice.
  std::optional<size_t> Find(int bug) {
    SetSeededBug(bug);
    std::optional<size_t> step = DiffersAt();
    if (step.has_value()) step = DiffersAt();
    SetSeededBug(0);
    return step;
  }

  const Trace& kernel() const { return kernel_; }

 private:
  std::optional<size_t> DiffersAt() const {
    for (const FakeWays ways : {FakeWays::kDirect, FakeWays::kPackets}) {
      const Trace fake =
          RunUntilDifferent(*MakeFakeNet(ways), script_, kernel_);
      if (fake.empty()) continue;
      const size_t last = fake.size() - 1;
      if (fake[last].text != kernel_[last].text) return last;
    }
    return std::nullopt;
  }

  const std::unique_ptr<Net> kernel_net_ = MakeKernelNet();
  Script script_;
  Trace kernel_;
};

TEST(SeededBugsTest, EachIsFound) {
  std::map<int, std::string> bugs = ReadBugs();
  EXPECT_GE(bugs.size(), kAtLeast);
  BugFinder finder;
  for (uint64_t seed = 1; seed <= kScripts && !bugs.empty(); ++seed) {
    Choices choices(seed);
    const Script script = Generate(choices);
    if (!finder.Take(script)) continue;
    for (auto bug = bugs.begin(); bug != bugs.end();) {
      const std::optional<size_t> step = finder.Find(bug->first);
      if (step.has_value()) {
        std::cout << "seed " << seed << " finds " << bug->second << "\n    "
                  << FormatStep(script[*step]) << ": "
                  << finder.kernel()[*step].text << std::endl;
      }
      bug = step.has_value() ? bugs.erase(bug) : ++bug;
    }
  }
  for (const auto& [number, text] : bugs) {
    ADD_FAILURE() << "not found: " << text;
  }
}

}  // namespace
}  // namespace plumb
