#include "testing/fault/fault_plan.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"

namespace plumb {
namespace {

// Keeps the first error, with its place.
class FirstError final : public google::protobuf::io::ErrorCollector {
 public:
  explicit FirstError(const char* what) : what_(what) {}

  const std::string& text() const { return text_; }

// The name and the text of what is overridden depend on protobuf's version.
#if GOOGLE_PROTOBUF_VERSION >= 4022000
  void RecordError(int line, int column, absl::string_view message) override {
    Keep(line, column, message);
  }
#else
  void AddError(int line, int column, const std::string& message) override {
    Keep(line, column, message);
  }
#endif

 private:
  void Keep(int line, int column, absl::string_view message) {
    if (!text_.empty()) return;
    text_ = absl::StrCat(what_, ":", line + 1, ":", column + 1, ": ", message);
  }

  const char* const what_;
  std::string text_;
};

template <typename Message>
absl::StatusOr<Message> Parse(const char* what, absl::string_view text) {
  FirstError error(what);
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  Message message;
  if (parser.ParseFromString(std::string(text), &message)) return message;
  return absl::InvalidArgumentError(error.text());
}

}  // namespace

absl::StatusOr<FaultPlan> ParseFaultPlan(absl::string_view text) {
  return Parse<FaultPlan>("fault plan", text);
}

absl::StatusOr<FaultRule> ParseFaultRule(absl::string_view text) {
  return Parse<FaultRule>("fault rule", text);
}

std::string FaultPlanText(const FaultPlan& plan) {
  std::string text;
  google::protobuf::TextFormat::PrintToString(plan, &text);
  return text;
}

absl::Status ValidateFaultPlan(const FaultPlan& plan,
                               const FaultSetting& setting) {
  return CompilePlan(plan, setting).status();
}

}  // namespace plumb
