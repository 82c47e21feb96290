#include "transport/quote.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace plumb {
namespace {

struct Lead {
  uint8_t mask;
  uint8_t bits;
  size_t size;
  uint32_t smallest;  // a smaller value in so many bytes is overlong
};
constexpr Lead kLeads[] = {
    {0xe0, 0xc0, 2, 0x80},
    {0xf0, 0xe0, 3, 0x800},
    {0xf8, 0xf0, 4, 0x10000},
};

// The code point that the `size` bytes of `text` after `lead` make; 0, which no
// such sequence means, when they are not UTF-8.
uint32_t DecodeAs(const Lead& lead, absl::string_view text) {
  if (text.size() < lead.size) return 0;
  uint32_t value = static_cast<uint8_t>(text[0]) & ~lead.mask & 0xffu;
  for (size_t i = 1; i < lead.size; ++i) {
    const uint8_t byte = static_cast<uint8_t>(text[i]);
    if ((byte & 0xc0) != 0x80) return 0;
    value = value << 6 | (byte & 0x3fu);
  }
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < lead.smallest || value > 0x10ffff || surrogate) return 0;
  return value;
}

// How many bytes of `text` go out as they are: a character of several bytes
// that is valid and no C1 control; 0 when the first byte has to be escaped.
size_t PlainSequence(absl::string_view text) {
  for (const Lead& lead : kLeads) {
    if ((static_cast<uint8_t>(text[0]) & lead.mask) != lead.bits) continue;
    return DecodeAs(lead, text) >= 0xa0 ? lead.size : 0;
  }
  return 0;
}

void AppendEscaped(char c, std::string* out) {
  static constexpr absl::string_view kNamed = "\a\b\f\n\r\t\v\"\\";
  static constexpr absl::string_view kNames = "abfnrtv\"\\";
  const size_t named = kNamed.find(c);
  if (named != absl::string_view::npos) {
    out->push_back('\\');
    out->push_back(kNames[named]);
  } else {
    absl::StrAppend(out, "\\x",
                    absl::Hex(static_cast<uint8_t>(c), absl::kZeroPad2));
  }
}

}  // namespace

std::string Quote(absl::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const char c = text[0];
    size_t size = 1;
    if (absl::ascii_isprint(static_cast<unsigned char>(c)) && c != '"' &&
        c != '\\') {
      out.push_back(c);
    } else if (const size_t plain = PlainSequence(text); plain > 0) {
      absl::StrAppend(&out, text.substr(0, plain));
      size = plain;
    } else {
      AppendEscaped(c, &out);
    }
    text.remove_prefix(size);
  }
  out.push_back('"');
  return out;
}

}  // namespace plumb
