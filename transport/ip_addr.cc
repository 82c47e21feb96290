#include "transport/ip_addr.h"

#include <net/if.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "transport/quote.h"

namespace plumb {
namespace {

constexpr size_t kV6Size = 16;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

uint8_t HexValue(char c) {
  if (IsDigit(c)) return static_cast<uint8_t>(c - '0');
  return static_cast<uint8_t>(absl::ascii_tolower(c) - 'a' + 10);
}

// Turns the whole of a text into an address, in the steps and with the words of
// Go's netip.ParseAddr.
class Parser {
 public:
  explicit Parser(absl::string_view text) : text_(text), rest_(text) {}

  absl::StatusOr<IpAddr> Parse();

 private:
  absl::Status Error(absl::string_view what, absl::string_view at = "") const;

  absl::StatusOr<IpAddr> ParseV4();
  absl::StatusOr<IpAddr> ParseV6();
  // All of rest_, as dotted decimals, into four bytes.
  absl::Status ParseDotted(uint8_t* out) const;
  // The fields of an IPv6 address, and the "::" spread out.
  absl::Status ParseFields();
  absl::Status TakeField();
  absl::Status TakeEmbeddedV4();
  absl::Status TakeSeparator();
  absl::Status ExpandEllipsis();
  absl::StatusOr<uint32_t> ParseZone(absl::string_view zone) const;

  const absl::string_view text_;
  absl::string_view rest_;
  std::array<uint8_t, kV6Size> bytes_ = {};
  size_t size_ = 0;  // how many bytes are known so far
  bool has_ellipsis_ = false;
  size_t ellipsis_ = 0;  // where in bytes_ the "::" stands
};

absl::Status Parser::Error(absl::string_view what, absl::string_view at) const {
  std::string message = absl::StrCat("ParseAddr(", Quote(text_), "): ", what);
  if (!at.empty()) absl::StrAppend(&message, " (at ", Quote(at), ")");
  return absl::InvalidArgumentError(message);
}

absl::StatusOr<IpAddr> Parser::Parse() {
  const size_t first = text_.find_first_of(".:%");
  if (first == absl::string_view::npos) return Error("unable to parse IP");
  if (text_[first] == '.') return ParseV4();
  if (text_[first] == ':') return ParseV6();
  return Error("missing IPv6 address");
}

absl::StatusOr<IpAddr> Parser::ParseV4() {
  uint8_t b[4];
  if (absl::Status status = ParseDotted(b); !status.ok()) return status;
  return IpAddr::V4(b[0], b[1], b[2], b[3]);
}

absl::Status Parser::ParseDotted(uint8_t* out) const {
  int value = 0;
  int field = 0;
  int digits = 0;
  for (size_t i = 0; i < rest_.size(); ++i) {
    const char c = rest_[i];
    if (IsDigit(c)) {
      if (digits == 1 && value == 0) {
        return Error("IPv4 field has octet with leading zero");
      }
      value = value * 10 + (c - '0');
      ++digits;
      if (value > 255) return Error("IPv4 field has value >255");
    } else if (c == '.') {
      if (digits == 0 || i + 1 == rest_.size()) {
        return Error("IPv4 field must have at least one digit",
                     rest_.substr(i));
      }
      if (field == 3) return Error("IPv4 address too long");
      out[field++] = static_cast<uint8_t>(value);
      value = 0;
      digits = 0;
    } else {
      return Error("unexpected character", rest_.substr(i));
    }
  }
  if (field < 3) return Error("IPv4 address too short");
  out[field] = static_cast<uint8_t>(value);
  return absl::OkStatus();
}

absl::StatusOr<IpAddr> Parser::ParseV6() {
  absl::string_view zone;
  const size_t percent = text_.find('%');
  if (percent != absl::string_view::npos) {
    zone = text_.substr(percent + 1);
    rest_ = text_.substr(0, percent);
    if (zone.empty()) return Error("zone must be a non-empty string");
  }
  if (absl::Status status = ParseFields(); !status.ok()) return status;
  const absl::StatusOr<uint32_t> index = ParseZone(zone);
  if (!index.ok()) return index.status();
  return IpAddr::V6(bytes_, *index);
}

absl::Status Parser::ParseFields() {
  if (rest_.substr(0, 2) == "::") {
    has_ellipsis_ = true;
    rest_.remove_prefix(2);
    if (rest_.empty()) return absl::OkStatus();
  }
  while (size_ < kV6Size) {
    if (absl::Status status = TakeField(); !status.ok()) return status;
    if (rest_.empty()) break;
    if (absl::Status status = TakeSeparator(); !status.ok()) return status;
    if (rest_.empty()) break;
  }
  if (!rest_.empty()) return Error("trailing garbage after address", rest_);
  return ExpandEllipsis();
}

absl::Status Parser::TakeField() {
  size_t digits = 0;
  uint32_t value = 0;
  for (; digits < rest_.size(); ++digits) {
    const char c = rest_[digits];
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) break;
    if (digits == 4) {
      return Error("each group must have 4 or less digits", rest_);
    }
    value = value << 4 | HexValue(c);
  }
  if (digits == 0) {
    return Error("each colon-separated field must have at least one digit",
                 rest_);
  }
  if (digits < rest_.size() && rest_[digits] == '.') return TakeEmbeddedV4();
  bytes_[size_++] = static_cast<uint8_t>(value >> 8);
  bytes_[size_++] = static_cast<uint8_t>(value);
  rest_.remove_prefix(digits);
  return absl::OkStatus();
}

absl::Status Parser::TakeEmbeddedV4() {
  if (!has_ellipsis_ && size_ != 12) {
    return Error(
        "embedded IPv4 address must replace the final 2 fields of the address",
        rest_);
  }
  if (size_ + 4 > kV6Size) {
    return Error(
        "too many hex fields to fit an embedded IPv4 at the end of the address",
        rest_);
  }
  absl::Status status = ParseDotted(&bytes_[size_]);
  if (!status.ok()) return status;
  size_ += 4;
  rest_ = absl::string_view();
  return absl::OkStatus();
}

absl::Status Parser::TakeSeparator() {
  if (rest_[0] != ':') return Error("unexpected character, want colon", rest_);
  if (rest_.size() == 1) {
    return Error("colon must be followed by more characters", rest_);
  }
  rest_.remove_prefix(1);
  if (rest_[0] != ':') return absl::OkStatus();
  if (has_ellipsis_) return Error("multiple :: in address", rest_);
  has_ellipsis_ = true;
  ellipsis_ = size_;
  rest_.remove_prefix(1);
  return absl::OkStatus();
}

absl::Status Parser::ExpandEllipsis() {
  if (size_ == kV6Size) {
    if (!has_ellipsis_) return absl::OkStatus();
    return Error("the :: must expand to at least one field of zeros");
  }
  if (!has_ellipsis_) return Error("address string too short");
  // What stands after the "::" moves to the end; what is behind size_ is zero.
  std::rotate(bytes_.begin() + ellipsis_, bytes_.begin() + size_, bytes_.end());
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> Parser::ParseZone(absl::string_view zone) const {
  if (zone.empty()) return 0;
  // A NUL would end the name early and find another interface.
  if (zone.find('\0') == absl::string_view::npos) {
    const uint32_t index = if_nametoindex(std::string(zone).c_str());
    if (index != 0) return index;
  }
  uint32_t number = 0;
  if (std::all_of(zone.begin(), zone.end(), IsDigit) &&
      absl::SimpleAtoi(zone, &number)) {
    return number;
  }
  return absl::NotFoundError(
      Error("no such network interface", zone).message());
}

// Where the longest run of at least two zero fields is, the first of several.
struct ZeroRun {
  size_t begin = 8;
  size_t end = 8;
};
ZeroRun LongestZeroRun(const std::array<uint16_t, 8>& fields) {
  ZeroRun best;
  for (size_t begin = 0; begin < fields.size(); ++begin) {
    size_t end = begin;
    while (end < fields.size() && fields[end] == 0) ++end;
    const size_t length = end - begin;
    if (length >= 2 && length > best.end - best.begin) best = {begin, end};
  }
  return best;
}

std::string V4Text(const std::array<uint8_t, 4>& b) {
  return absl::StrCat(b[0], ".", b[1], ".", b[2], ".", b[3]);
}

std::string V6Text(const std::array<uint8_t, kV6Size>& bytes) {
  std::array<uint16_t, 8> fields;
  for (size_t i = 0; i < fields.size(); ++i) {
    fields[i] = static_cast<uint16_t>(bytes[2 * i] << 8 | bytes[2 * i + 1]);
  }
  const ZeroRun zeros = LongestZeroRun(fields);
  std::string text;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i == zeros.begin) {
      text += "::";
      i = zeros.end;
      if (i == fields.size()) break;
    } else if (i > 0) {
      text += ':';
    }
    absl::StrAppend(&text, absl::Hex(fields[i]));
  }
  return text;
}

std::string ZoneText(uint32_t zone) {
  char name[IF_NAMESIZE];
  if (if_indextoname(zone, name) != nullptr) return name;
  return absl::StrCat(zone);
}

}  // namespace

absl::StatusOr<IpAddr> IpAddr::Parse(absl::string_view text) {
  return Parser(text).Parse();
}

bool IpAddr::is_v4_mapped() const {
  static constexpr std::array<uint8_t, 12> kPrefix = {0, 0, 0, 0, 0,    0,
                                                      0, 0, 0, 0, 0xff, 0xff};
  return is_v6() && std::equal(kPrefix.begin(), kPrefix.end(), bytes_.begin());
}

IpAddr IpAddr::WithZone(uint32_t zone) const {
  return is_v6() ? V6(bytes_, zone) : *this;
}

IpAddr IpAddr::UnmapV6() const {
  if (!is_v4_mapped()) return *this;
  return V4(bytes_[12], bytes_[13], bytes_[14], bytes_[15]);
}

bool IpAddr::IsUnspecified() const {
  const IpAddr ip = Unmap().WithZone(0);
  return ip == AnyV4() || ip == AnyV6();
}

bool IpAddr::IsLoopback() const {
  const IpAddr ip = Unmap().WithZone(0);
  if (ip.is_v4()) return ip.v4_bytes()[0] == 127;
  return ip == LoopbackV6();
}

bool IpAddr::IsPrivate() const {
  if (is_v4() || is_v4_mapped()) {
    const std::array<uint8_t, 4> b = v4_bytes();
    return b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) ||
           (b[0] == 192 && b[1] == 168);
  }
  return is_v6() && (bytes_[0] & 0xfe) == 0xfc;
}

bool IpAddr::IsMulticast() const {
  if (is_v4() || is_v4_mapped()) return (v4_bytes()[0] & 0xf0) == 0xe0;
  return is_v6() && bytes_[0] == 0xff;
}

bool IpAddr::IsInterfaceLocalMulticast() const {
  return is_v6() && bytes_[0] == 0xff && (bytes_[1] & 0x0f) == 0x01;
}

bool IpAddr::IsLinkLocalMulticast() const {
  if (is_v4() || is_v4_mapped()) {
    const std::array<uint8_t, 4> b = v4_bytes();
    return b[0] == 224 && b[1] == 0 && b[2] == 0;
  }
  return is_v6() && bytes_[0] == 0xff && (bytes_[1] & 0x0f) == 0x02;
}

bool IpAddr::IsLinkLocalUnicast() const {
  if (is_v4() || is_v4_mapped()) {
    const std::array<uint8_t, 4> b = v4_bytes();
    return b[0] == 169 && b[1] == 254;
  }
  return is_v6() && bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

bool IpAddr::IsGlobalUnicast() const {
  return is_valid() && Unmap() != V4(255, 255, 255, 255) && !IsUnspecified() &&
         !IsLoopback() && !IsMulticast() && !IsLinkLocalUnicast();
}

std::string IpAddr::ToString() const {
  if (!is_valid()) return "invalid IP";
  if (is_v4()) return V4Text(v4_bytes());
  std::string text = is_v4_mapped()
                         ? absl::StrCat("::ffff:", V4Text(v4_bytes()))
                         : V6Text(bytes_);
  if (zone() != 0) absl::StrAppend(&text, "%", ZoneText(zone()));
  return text;
}

bool operator<(const IpAddr& a, const IpAddr& b) {
  if (a.family_ != b.family_) return a.family_ < b.family_;
  if (a.bytes_ != b.bytes_) return a.bytes_ < b.bytes_;
  return a.zone() < b.zone();
}

std::ostream& operator<<(std::ostream& out, const IpAddr& ip) {
  return out << ip.ToString();
}

}  // namespace plumb
