#include "testing/differential/trace.h"

#include <cstring>
#include <optional>

#include "absl/strings/str_cat.h"
#include "transport/error.h"

namespace plumb {

Outcome Tell(const absl::Status& status, const std::string& good,
             Names& names) {
  Outcome outcome;
  if (status.ok()) {
    outcome.text = good.empty() ? "ok" : absl::StrCat("ok ", good);
    return outcome;
  }
  outcome.text = absl::StatusCodeToString(status.code());
  const std::optional<ErrorInfo> info = GetErrorInfo(status);
  if (info.has_value()) {
    outcome.error = info->errno_value;
    if (info->errno_value != 0) {
      absl::StrAppend(&outcome.text, " ", strerrorname_np(info->errno_value));
    }
    if (info->kind != ErrorKind::kOther) {
      absl::StrAppend(&outcome.text, " kind ", static_cast<int>(info->kind));
    }
    if (info->bytes_done != 0) {
      absl::StrAppend(&outcome.text, " ", info->bytes_done, " bytes");
    }
    absl::StrAppend(&outcome.text, " from ", names.Tell(info->source), " to ",
                    names.Tell(info->addr));
  }
  absl::StrAppend(&outcome.text, ": ",
                  names.Tell(std::string(status.message())));
  return outcome;
}

}  // namespace plumb
