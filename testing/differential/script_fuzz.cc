#include "testing/differential/script_fuzz.h"

#include <cstdlib>
#include <iostream>
#include <optional>

#include "absl/types/span.h"
#include "testing/differential/choices.h"
#include "testing/differential/compare.h"
#include "testing/differential/generator.h"
#include "testing/differential/script.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto& comparer = *new plumb::Comparer();
  plumb::Choices choices(absl::MakeConstSpan(data, size));
  const plumb::Script script = plumb::Generate(choices);
  const std::optional<plumb::Difference> difference = comparer.Compare(script);
  if (!difference.has_value()) return 0;
  std::cerr << plumb::Explain(*difference, comparer.kernel_trace()) << "\n"
            << plumb::FormatAsTest(*difference);
  std::abort();
}
