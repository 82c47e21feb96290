#include "testing/fault/fault_remark.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "testing/fault/fault_link_rules.h"
#include "testing/fault/fault_spec.h"

namespace plumb {
namespace {

absl::string_view VerbOf(FaultAction action) {
  if (action == FaultAction::kDuplicate) return "duplicated";
  if (action == FaultAction::kCorrupt) return "corrupted";
  return "delayed";
}

std::string What(bool stream) {
  return stream ? " the next segment" : " the next datagram";
}

}  // namespace

std::string FaultRemark(const FaultVerdict& verdict, bool stream) {
  const std::string rule = verdict.by_event
                               ? absl::StrCat("the ", verdict.rule)
                               : absl::StrCat("rule '", verdict.rule, "'");
  switch (verdict.action) {
    case FaultVerdict::Action::kDrop:
      return absl::StrCat(rule, stream ? " held" : " dropped", What(stream));
    case FaultVerdict::Action::kHold:
      return absl::StrCat(rule, " held", What(stream));
    case FaultVerdict::Action::kReset:
      return absl::StrCat(rule, stream ? " reset the connection"
                                       : " refused the next datagram");
    case FaultVerdict::Action::kPass:
      break;
  }
  std::vector<std::string> remarks;
  for (const FaultLinkRule* one : verdict.changed_by) {
    const absl::string_view verb = VerbOf(one->action);
    // A rate has let it go at once.
    if (verb == "delayed" && verdict.delay == absl::ZeroDuration()) continue;
    remarks.push_back(absl::StrCat("rule '", one->spec().id, "' ", verb,
                                   remarks.empty() ? What(stream) : " it"));
  }
  return absl::StrJoin(remarks, "; ");
}

}  // namespace plumb
