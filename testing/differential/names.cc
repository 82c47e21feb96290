#include "testing/differential/names.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace plumb {
namespace {

// Names of the kernel's choice are five of these (unix(7)).
constexpr size_t kAutoDigits = 5;

bool IsSlot(absl::string_view word) {
  return word.size() == 2 && absl::StrContains("LCP", word[0]) &&
         absl::ascii_isdigit(word[1]);
}

// A path or a name that does not fit.
std::string Lengthen(absl::string_view name) {
  return name == "long" ? std::string(120, 'x') : std::string(name);
}

std::string HostText(absl::string_view symbol, const Place& place) {
  if (symbol == "A") return place.host_a;
  if (symbol == "B") return place.host_b;
  if (symbol == "*4") return "0.0.0.0";
  if (symbol == "*6") return "[::]";
  if (symbol == "*") return "";
  if (symbol == "4") return "127.0.0.1";
  if (symbol == "6") return "[::1]";
  if (symbol == "G") return place.group;
  if (symbol == "all") return "127.255.255.255";
  if (symbol == "every") return "255.255.255.255";
  if (symbol == "link") return "[fe80::1%2147483647]";
  return std::string(symbol);
}

}  // namespace

std::string Names::Resolve(absl::string_view symbol) const {
  if (symbol == "@") return "";
  if (absl::ConsumePrefix(&symbol, "/")) {
    return absl::StrCat(place_.directory, "/", Lengthen(symbol));
  }
  if (absl::ConsumePrefix(&symbol, "@")) {
    return absl::StrCat("@", place_.prefix, Lengthen(symbol));
  }
  const bool peer = absl::ConsumePrefix(&symbol, ">");
  if (IsSlot(symbol)) return find_(symbol, peer).ToString();
  const size_t colon = symbol.rfind(':');
  if (colon == absl::string_view::npos) return HostText(symbol, place_);
  return absl::StrCat(HostText(symbol.substr(0, colon), place_), ":",
                      ResolvePort(symbol.substr(colon + 1)));
}

std::string Names::ResolvePort(absl::string_view symbol) const {
  if (IsSlot(symbol)) return absl::StrCat(find_(symbol, false).port());
  size_t number;
  if (absl::SimpleAtoi(symbol, &number) && number >= 1 &&
      number <= place_.ports.size()) {
    return absl::StrCat(place_.ports[number - 1]);
  }
  return std::string(symbol);
}

std::string Names::Tell(const Addr& addr) {
  if (!addr.has_value()) return "-";
  return absl::StrCat(addr.network(), " ",
                      TellOf(addr.network() == "udp", addr.ToString()));
}

std::string Names::Tell(absl::string_view text) {
  return TellOf(absl::StrContains(text, "udp"), text);
}

std::string Names::TellOf(bool udp, absl::string_view text) {
  return TellAuto(TellNumbers(
      udp,
      absl::StrReplaceAll(text, {{place_.host_a, "A"},
                                 {place_.host_b, "B"},
                                 {place_.group, "G"},
                                 {place_.directory, ""},
                                 {absl::StrCat("@", place_.prefix), "@"}})));
}

std::string Names::TellPort(bool udp, uint16_t port) {
  for (size_t i = 0; i < place_.ports.size(); ++i) {
    if (place_.ports[i] == port) return absl::StrCat("#", i + 1);
  }
  std::string& name = ports_[{udp, port}];
  if (name.empty()) name = absl::StrCat("p", ports_.size() - 1);
  return name;
}

// Every ":" with four or five digits is a port.
std::string Names::TellNumbers(bool udp, absl::string_view text) {
  std::string told;
  for (size_t i = 0; i < text.size();) {
    told += text[i];
    if (text[i++] != ':') continue;
    size_t end = i;
    while (end < text.size() && absl::ascii_isdigit(text[end])) ++end;
    uint32_t port;
    if (end - i < 4 || !absl::SimpleAtoi(text.substr(i, end - i), &port)) {
      continue;
    }
    absl::StrAppend(&told, TellPort(udp, static_cast<uint16_t>(port)));
    i = end;
  }
  return told;
}

std::string Names::TellAuto(absl::string_view text) {
  std::string told;
  for (size_t i = 0; i < text.size();) {
    told += text[i];
    if (text[i++] != '@') continue;
    size_t end = i;
    while (end < text.size() && absl::ascii_isxdigit(text[end])) ++end;
    if (end - i != kAutoDigits) continue;
    std::string& name = autos_[std::string(text.substr(i, end - i))];
    if (name.empty()) name = absl::StrCat("auto", autos_.size() - 1);
    told += name;
    i = end;
  }
  return told;
}

}  // namespace plumb
