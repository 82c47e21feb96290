#include "examples/telemetry/collector_fuzz.h"

#include <cstdlib>
#include <iostream>
#include <memory>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "examples/telemetry/collector.h"
#include "testing/fault/fuzz_conn.h"
#include "transport/message/message.h"

namespace {

// Reports longer than that are refused.
constexpr size_t kMaxReport = 4096;

// Whether what arrives may differ from what was sent.
bool Corrupts(const plumb::FaultPlan& plan) {
  return absl::c_any_of(plan.rule(), [](const plumb::FaultRule& rule) {
    return rule.has_corrupt();
  });
}

void Check(bool holds, const plumb::FuzzInput& input, const char* what) {
  if (holds) return;
  std::cerr << what << "\n" << plumb::DescribeFuzzInput(input);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const plumb::FuzzInput input = plumb::ParseFuzzInput(bytes);
  plumb::MessageOptions options;
  options.max_bytes = kMaxReport;
  examples::Collector collector(options);
  const std::unique_ptr<plumb::Conn> conn = plumb::MakeFuzzConn(bytes);
  collector.Handle(*conn).IgnoreError();
  for (const auto& [source, report] : collector.Latest()) {
    Check(report.source().size() <= kMaxReport, input,
          "kept too long a report");
    Check(Corrupts(input.plan) || absl::StrContains(input.data, source), input,
          "kept a report that was not sent");
  }
  return 0;
}
