// The fake against the kernel, script by script.
//
//   bazel test //testing/differential:differential_test
//   bazel run //testing/differential:differential_test -- --scripts=100000
//   ... --seed=17 --scripts=1      one script again

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>

#include "absl/base/config.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "testing/differential/compare.h"
#include "testing/differential/coverage.h"
#include "testing/differential/generator.h"
#include "testing/differential/shrink.h"

namespace plumb {
namespace {

// A sanitizer looks at the code, and takes ten times as long.
#if defined(ABSL_HAVE_ADDRESS_SANITIZER) || defined(ABSL_HAVE_THREAD_SANITIZER)
int64_t scripts = 200;
#else
int64_t scripts = 2000;
#endif
int64_t first_seed = 1;

// Each cell of the coverage must be seen so often, by a run that is not
// shorter.
constexpr int kSeen = 100;
constexpr int64_t kWholeRun = 2000;
constexpr int kTellAtMost = 5;
// A difference that does not come back is the machine's, if it is this seldom
// (README.md).
constexpr int64_t kNotRepeatedOneIn = 1000;

TEST(DifferentialTest, TheFakeDoesWhatTheKernelDoes) {
  Comparer comparer;
  Coverage coverage;
  int differences = 0;
  int64_t not_repeated = 0;
  for (int64_t i = 0; i < scripts && differences < kTellAtMost; ++i) {
    const auto seed = static_cast<uint64_t>(first_seed + i);
    Choices choices(seed);
    const Script script = Generate(choices);
    std::optional<Difference> difference = comparer.Compare(script);
    coverage.Record(script, comparer.kernel_trace());
    for (const Difference& one : comparer.not_repeated()) {
      ++not_repeated;
      std::cout << "a difference of seed " << seed << " did not come back\n"
                << Explain(one, comparer.kernel_trace()) << std::endl;
    }
    if (!difference.has_value()) continue;
    ++differences;
    difference =
        Shrink([&comparer](const Script& one) { return comparer.Compare(one); },
               *difference);
    comparer.Compare(difference->script);
    ADD_FAILURE() << "seed " << seed << "\n"
                  << Explain(*difference, comparer.kernel_trace()) << "\n"
                  << FormatAsTest(*difference);
  }
  const std::string table =
      absl::StrCat(coverage.StateTable(), "\n", coverage.ErrnoTable());
  std::cout << "\n"
            << scripts << " scripts\n"
            << table << "\n"
            << not_repeated << " differences did not come back\n";
  if (const char* const outputs = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR")) {
    std::ofstream(absl::StrCat(outputs, "/coverage.txt")) << table;
  }
  if (scripts < kWholeRun || differences > 0) return;
  EXPECT_LE(not_repeated, scripts / kNotRepeatedOneIn);
  for (const std::string& missing : coverage.Missing(kSeen)) {
    ADD_FAILURE() << "seen too seldom: " << missing;
  }
}

}  // namespace
}  // namespace plumb

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    absl::string_view argument = argv[i];
    int64_t* const value =
        absl::ConsumePrefix(&argument, "--scripts=") ? &plumb::scripts
        : absl::ConsumePrefix(&argument, "--seed=")  ? &plumb::first_seed
                                                     : nullptr;
    if (value == nullptr || !absl::SimpleAtoi(argument, value)) {
      std::cerr << "not a flag: " << argv[i] << "\n";
      return 2;
    }
  }
  return RUN_ALL_TESTS();
}
