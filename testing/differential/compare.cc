#include "testing/differential/compare.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "testing/differential/kernel_net.h"
#include "testing/differential/world.h"

namespace plumb {
namespace {

constexpr int kTries = 3;

const char* WaysName(FakeWays ways) {
  return ways == FakeWays::kDirect ? "kDirect" : "kPackets";
}

}  // namespace

Comparer::Comparer() : kernel_(MakeKernelNet()) {}

std::optional<Difference> Comparer::CompareOnce(const Script& script) {
  kernel_trace_.clear();
  for (const FakeWays ways : {FakeWays::kDirect, FakeWays::kPackets}) {
    // As packets a SYN is repeated after a second, as the kernel's is.
    const Trace* const expected =
        kernel_trace_.empty() ? nullptr : &kernel_trace_;
    const Trace fake = RunScript(*MakeFakeNet(ways), script, expected);
    if (kernel_trace_.empty()) {
      kernel_trace_ = RunScript(*kernel_, script, &fake);
    }
    for (size_t i = 0; i < script.size(); ++i) {
      if (fake[i].text == kernel_trace_[i].text) continue;
      return Difference{script, i, ways, kernel_trace_[i].text, fake[i].text};
    }
  }
  return std::nullopt;
}

std::optional<Difference> Comparer::Compare(const Script& script) {
  not_repeated_.clear();
  std::optional<Difference> difference = CompareOnce(script);
  for (int i = 1; i < kTries && difference.has_value(); ++i) {
    std::optional<Difference> again = CompareOnce(script);
    if (!again.has_value()) not_repeated_.push_back(*std::move(difference));
    difference = std::move(again);
  }
  return difference;
}

std::string Explain(const Difference& difference, const Trace& kernel) {
  std::string text;
  for (size_t i = 0; i <= difference.step; ++i) {
    absl::StrAppend(&text, FormatStep(difference.script[i]), "\n");
    if (i < difference.step && i < kernel.size()) {
      absl::StrAppend(&text, "    both    ", kernel[i].text, "\n");
    }
  }
  absl::StrAppend(&text, "    kernel  ", difference.kernel, "\n");
  absl::StrAppend(&text, "    fake    ", difference.fake, "\n");
  return text;
}

std::string FormatAsTest(const Difference& difference) {
  std::string text = "TEST(PinnedTest, NameMe) {\n  ExpectPinned(FakeWays::";
  absl::StrAppend(&text, WaysName(difference.ways), ", R\"(\n",
                  FormatScript(difference.script), ")\",\n",
                  "               R\"(", difference.kernel, ")\",\n",
                  "               R\"(", difference.fake, ")\");\n}\n");
  return text;
}

}  // namespace plumb
