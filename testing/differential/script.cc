#include "testing/differential/script.h"

#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace plumb {
namespace {

// What follows a verb: s a slot, l a listener, n a network, a an address,
// # a number, d a direction, p past or none.
struct Form {
  const char* name;
  const char* words;
};

constexpr Form kForms[] = {
    {"listen", "sna"},   {"dial", "sna"},      {"packet", "sna"},
    {"accept", "sl"},    {"read", "s#"},       {"write", "s#"},
    {"readfrom", "s#"},  {"writeto", "sa#"},   {"wait", "s"},
    {"fill", "s"},       {"drain", "s"},       {"closewrite", "s"},
    {"closeread", "s"},  {"close", "s"},       {"linger", "s#"},
    {"deadline", "sdp"}, {"credentials", "s"}, {"handles", "s#"},
    {"take", "s#"},      {"unlink", "a"},      {"end", "s"},
    {"join", "sa"},      {"leave", "sa"},      {"still", "s"},
    {"pass", "#"},       {"lose", "s"},        {"heal", "s"},
    {"peek", "s#"},
};

const Form& FormOf(Verb verb) { return kForms[static_cast<size_t>(verb)]; }

bool ParseSlot(absl::string_view word, Slot* slot) {
  if (word.size() != 2 || !absl::ascii_isdigit(word[1])) return false;
  if (word[0] != 'L' && word[0] != 'C' && word[0] != 'P') return false;
  *slot = {word[0], word[1] - '0'};
  return true;
}

bool ParseWord(char what, absl::string_view word, Step* step) {
  switch (what) {
    case 's':
      return ParseSlot(word, &step->slot);
    case 'l':
      return ParseSlot(word, &step->listener);
    case 'n':
      step->network = std::string(word);
      return true;
    case 'a':
      step->address = std::string(word);
      return true;
    case '#':
      return absl::SimpleAtoi(word, &step->number);
    case 'd':
      step->direction = std::string(word);
      return word == "read" || word == "write" || word == "both";
    default:
      step->past = word == "past";
      return step->past || word == "none";
  }
}

std::string FormatWord(char what, const Step& step) {
  switch (what) {
    case 's':
      return step.slot.ToString();
    case 'l':
      return step.listener.ToString();
    case 'n':
      return step.network;
    case 'a':
      return step.address;
    case '#':
      return absl::StrCat(step.number);
    case 'd':
      return step.direction;
    default:
      return step.past ? "past" : "none";
  }
}

bool ParseVerb(absl::string_view word, Step* step) {
  for (size_t i = 0; i < std::size(kForms); ++i) {
    if (word != kForms[i].name) continue;
    step->verb = static_cast<Verb>(i);
    return true;
  }
  return false;
}

bool ParseOption(absl::string_view word, Step* step) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(word, absl::MaxSplits('=', 1));
  if (!absl::StrContains(word, '=')) return false;
  step->options[std::string(parts.first)] = std::string(parts.second);
  return true;
}

bool ParseStep(absl::string_view line, Step* step) {
  std::vector<absl::string_view> words =
      absl::StrSplit(line, ' ', absl::SkipEmpty());
  size_t next = 0;
  step->begin = words[0] == "begin";
  if (step->begin) ++next;
  if (next == words.size() || !ParseVerb(words[next++], step)) return false;
  for (const char* what = FormOf(step->verb).words; *what != 0; ++what) {
    if (next == words.size()) return false;
    if (!ParseWord(*what, words[next++], step)) return false;
  }
  while (next < words.size()) {
    if (!ParseOption(words[next++], step)) return false;
  }
  return true;
}

}  // namespace

std::string Slot::ToString() const {
  return absl::StrCat(absl::string_view(&kind, 1), number);
}

const char* VerbName(Verb verb) { return FormOf(verb).name; }

std::string FormatStep(const Step& step) {
  std::vector<std::string> words;
  if (step.begin) words.push_back("begin");
  words.push_back(VerbName(step.verb));
  for (const char* what = FormOf(step.verb).words; *what != 0; ++what) {
    words.push_back(FormatWord(*what, step));
  }
  for (const auto& [name, value] : step.options) {
    words.push_back(absl::StrCat(name, "=", value));
  }
  return absl::StrJoin(words, " ");
}

std::string FormatScript(const Script& script) {
  std::string text;
  for (const Step& step : script)
    absl::StrAppend(&text, FormatStep(step), "\n");
  return text;
}

absl::StatusOr<Script> ParseScript(absl::string_view text) {
  Script script;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    line = absl::StripAsciiWhitespace(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    Step step;
    if (!ParseStep(line, &step)) {
      return absl::InvalidArgumentError(absl::StrCat("not a step: ", line));
    }
    script.push_back(std::move(step));
  }
  return script;
}

}  // namespace plumb
