#include "testing/differential/expect_pinned.h"

#include <optional>
#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "testing/differential/compare.h"
#include "testing/differential/kernel_net.h"
#include "testing/differential/script.h"
#include "testing/differential/world.h"

namespace plumb {

void ExpectPinned(FakeWays ways, absl::string_view script,
                  absl::string_view kernel, absl::string_view fake) {
  const absl::StatusOr<Script> parsed = ParseScript(script);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  Trace on_fake, on_kernel;
  // As Comparer does: on a slow machine the kernel may not have settled.
  for (int i = 0; i < 3; ++i) {
    on_fake = RunScript(*MakeFakeNet(ways), *parsed, nullptr);
    on_kernel = RunScript(*MakeKernelNet(), *parsed, &on_fake);
    if (on_kernel.back().text == kernel) break;
  }
  for (size_t i = 0; i + 1 < parsed->size(); ++i) {
    EXPECT_EQ(on_kernel[i].text, on_fake[i].text) << FormatStep((*parsed)[i]);
  }
  EXPECT_EQ(on_kernel.back().text, kernel);
  EXPECT_EQ(on_fake.back().text, fake);
}

void ExpectSame(absl::string_view script, absl::string_view last) {
  const absl::StatusOr<Script> parsed = ParseScript(script);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  Comparer comparer;
  const std::optional<Difference> difference = comparer.Compare(*parsed);
  if (difference.has_value()) {
    ADD_FAILURE() << Explain(*difference, comparer.kernel_trace());
  }
  EXPECT_EQ(comparer.kernel_trace().back().text, last);
}

void ExpectSameInTime(absl::string_view script, absl::string_view last) {
  const absl::StatusOr<Script> parsed = ParseScript(script);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const bool loses = absl::StrContains(script, "lose ");
  Trace kernel;
  for (const FakeWays ways : {FakeWays::kPackets, FakeWays::kDirect}) {
    if (loses && ways == FakeWays::kDirect) continue;
    const Trace fake = RunScript(*MakeTimedFakeNet(ways), *parsed, nullptr);
    if (kernel.empty()) kernel = RunScript(*MakeKernelNet(), *parsed, &fake);
    for (size_t i = 0; i < parsed->size(); ++i) {
      EXPECT_EQ(fake[i].text, kernel[i].text) << FormatStep((*parsed)[i]);
    }
  }
  EXPECT_EQ(kernel.back().text, last);
}

std::string LastInTime(FakeWays ways, absl::string_view script) {
  const absl::StatusOr<Script> parsed = ParseScript(script);
  if (!parsed.ok()) return std::string(parsed.status().message());
  return RunScript(*MakeTimedFakeNet(ways), *parsed, nullptr).back().text;
}

}  // namespace plumb
