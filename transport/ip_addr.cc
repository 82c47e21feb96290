#include "transport/ip_addr.h"

#include <net/if.h>

#include <algorithm>
#include <cctype>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace plumb {
namespace {

absl::Status ParseError(absl::string_view text, absl::string_view why,
                        absl::string_view at = "") {
  std::string message =
      absl::StrCat("ParseAddr(\"", absl::CEscape(text), "\"): ", why);
  if (!at.empty()) {
    absl::StrAppend(&message, " (at \"", absl::CEscape(at), "\")");
  }
  return absl::InvalidArgumentError(message);
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Parses the fields of `text` into `fields`; `whole` is what errors name.
absl::Status ParseV4Fields(absl::string_view whole, absl::string_view text,
                           uint8_t* fields) {
  int value = 0, position = 0, digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (IsDigit(c)) {
      if (digits == 1 && value == 0) {
        return ParseError(whole, "IPv4 field has octet with leading zero");
      }
      value = value * 10 + (c - '0');
      ++digits;
      if (value > 255) return ParseError(whole, "IPv4 field has value >255");
    } else if (c == '.') {
      // .1.2.3, 1.2.3., 1..2.3
      if (i == 0 || i == text.size() - 1 || text[i - 1] == '.') {
        return ParseError(whole,
                          "IPv4 field must have at least one digit",
                          text.substr(i));
      }
      if (position == 3) return ParseError(whole, "IPv4 address too long");
      fields[position++] = static_cast<uint8_t>(value);
      value = digits = 0;
    } else {
      return ParseError(whole, "unexpected character", text.substr(i));
    }
  }
  if (position < 3) return ParseError(whole, "IPv4 address too short");
  fields[3] = static_cast<uint8_t>(value);
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> ParseZone(absl::string_view zone) {
  const std::string name(zone);
  if (const unsigned index = if_nametoindex(name.c_str())) return index;
  uint32_t number;
  if (std::all_of(zone.begin(), zone.end(), IsDigit) &&
      absl::SimpleAtoi(zone, &number) && number != 0) {
    return number;
  }
  return absl::NotFoundError(
      absl::StrCat("zone ", absl::CEscape(zone), ": no such network interface"));
}

absl::StatusOr<IpAddr> ParseV6(absl::string_view whole) {
  absl::string_view text = whole;
  absl::string_view zone;
  const size_t percent = text.find('%');
  if (percent != text.npos) {
    zone = text.substr(percent + 1);
    text = text.substr(0, percent);
    if (zone.empty()) {
      return ParseError(whole, "zone must be a non-empty string");
    }
  }
  std::array<uint8_t, 16> bytes = {};
  int ellipsis = -1;
  if (text.size() >= 2 && text[0] == ':' && text[1] == ':') {
    ellipsis = 0;
    text.remove_prefix(2);
  }
  int i = 0;
  if (ellipsis == 0 && text.empty()) i = 0;
  while (i < 16 && !(ellipsis == 0 && i == 0 && text.empty())) {
    size_t length = 0;
    uint32_t value = 0;
    for (; length < text.size(); ++length) {
      const int digit = HexValue(text[length]);
      if (digit < 0) break;
      if (length > 3) {
        return ParseError(whole, "each group must have 4 or less digits", text);
      }
      value = value * 16 + digit;
      if (value > 0xffff) {
        return ParseError(whole, "IPv6 field has value >=2^16", text);
      }
    }
    if (length == 0) {
      return ParseError(
          whole, "each colon-separated field must have at least one digit",
          text);
    }
    if (length < text.size() && text[length] == '.') {
      if (ellipsis < 0 && i != 12) {
        return ParseError(
            whole,
            "embedded IPv4 address must replace the final 2 fields of the "
            "address",
            text);
      }
      if (i + 4 > 16) {
        return ParseError(
            whole, "too many hex fields to fit an embedded IPv4 at the end of "
                   "the address",
            text);
      }
      const absl::Status v4 = ParseV4Fields(whole, text, &bytes[i]);
      if (!v4.ok()) return v4;
      text = absl::string_view();
      i += 4;
      break;
    }
    bytes[i] = static_cast<uint8_t>(value >> 8);
    bytes[i + 1] = static_cast<uint8_t>(value);
    i += 2;
    text.remove_prefix(length);
    if (text.empty()) break;
    if (text[0] != ':') {
      return ParseError(whole, "unexpected character, want colon", text);
    }
    if (text.size() == 1) {
      return ParseError(whole, "colon must be followed by more characters",
                        text);
    }
    text.remove_prefix(1);
    if (text[0] == ':') {
      if (ellipsis >= 0) return ParseError(whole, "multiple :: in address", text);
      ellipsis = i;
      text.remove_prefix(1);
      if (text.empty()) break;
    }
  }
  if (!text.empty()) {
    return ParseError(whole, "trailing garbage after address", text);
  }
  if (i < 16) {
    if (ellipsis < 0) return ParseError(whole, "address string too short");
    const int shift = 16 - i;
    std::copy_backward(bytes.begin() + ellipsis, bytes.begin() + i,
                       bytes.end());
    std::fill(bytes.begin() + ellipsis, bytes.begin() + ellipsis + shift, 0);
  } else if (ellipsis >= 0) {
    return ParseError(
        whole, "the :: must expand to at least one field of zeros");
  }
  uint32_t index = 0;
  if (!zone.empty()) {
    absl::StatusOr<uint32_t> parsed = ParseZone(zone);
    if (!parsed.ok()) return parsed.status();
    index = *parsed;
  }
  return IpAddr::V6(bytes, index);
}

std::string ZoneText(uint32_t zone) {
  char name[IF_NAMESIZE];
  return if_indextoname(zone, name) != nullptr ? std::string(name)
                                               : absl::StrCat(zone);
}

// RFC 5952: lower case, the first longest run of two or more zero fields as ::.
std::string V6Text(const std::array<uint8_t, 16>& bytes) {
  int best = -1, best_length = 1;
  const auto field = [&bytes](int i) {
    return bytes[2 * i] << 8 | bytes[2 * i + 1];
  };
  for (int i = 0; i < 8; ++i) {
    int j = i;
    while (j < 8 && field(j) == 0) ++j;
    if (j - i > best_length) {
      best = i;
      best_length = j - i;
    }
    if (j > i) i = j;
  }
  std::string text;
  for (int i = 0; i < 8; ++i) {
    if (i == best) {
      text += "::";
      i += best_length - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    absl::StrAppendFormat(&text, "%x", field(i));
  }
  return text;
}

}  // namespace

absl::StatusOr<IpAddr> IpAddr::Parse(absl::string_view text) {
  for (const char c : text) {
    if (c == '.') {
      std::array<uint8_t, 4> v4;
      const absl::Status status = ParseV4Fields(text, text, v4.data());
      if (!status.ok()) return status;
      return V4(v4[0], v4[1], v4[2], v4[3]);
    }
    if (c == ':') return ParseV6(text);
    if (c == '%') return ParseError(text, "missing IPv6 address");
  }
  return ParseError(text, "unable to parse IP");
}

bool IpAddr::is_v4_mapped() const {
  return is_v6() && std::equal(bytes_.begin(), bytes_.begin() + 12,
                               LoopbackV4().bytes_.begin());
}

std::array<uint8_t, 4> IpAddr::v4_bytes() const {
  return {bytes_[12], bytes_[13], bytes_[14], bytes_[15]};
}

IpAddr IpAddr::WithZone(uint32_t zone) const {
  return is_v6() ? V6(bytes_, zone) : *this;
}

IpAddr IpAddr::Unmap() const {
  return is_v4_mapped() ? V4(bytes_[12], bytes_[13], bytes_[14], bytes_[15])
                        : *this;
}

bool IpAddr::IsUnspecified() const {
  return *this == AnyV4() || *this == AnyV6();
}

bool IpAddr::IsLoopback() const {
  const IpAddr ip = Unmap();
  if (ip.is_v4()) return ip.bytes_[12] == 127;
  return ip.is_v6() && ip.bytes_ == LoopbackV6().bytes_;
}

bool IpAddr::IsPrivate() const {
  const IpAddr ip = Unmap();
  if (ip.is_v6()) return (ip.bytes_[0] & 0xfe) == 0xfc;
  const std::array<uint8_t, 4> b = ip.v4_bytes();
  return ip.is_v4() && (b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) ||
                        (b[0] == 192 && b[1] == 168));
}

bool IpAddr::IsMulticast() const {
  const IpAddr ip = Unmap();
  if (ip.is_v4()) return (ip.bytes_[12] & 0xf0) == 0xe0;
  return ip.is_v6() && ip.bytes_[0] == 0xff;
}

bool IpAddr::IsInterfaceLocalMulticast() const {
  return is_v6() && !is_v4_mapped() && bytes_[0] == 0xff &&
         (bytes_[1] & 0x0f) == 0x01;
}

bool IpAddr::IsLinkLocalMulticast() const {
  const IpAddr ip = Unmap();
  if (ip.is_v4()) {
    return ip.bytes_[12] == 224 && ip.bytes_[13] == 0 && ip.bytes_[14] == 0;
  }
  return ip.is_v6() && ip.bytes_[0] == 0xff && (ip.bytes_[1] & 0x0f) == 0x02;
}

bool IpAddr::IsLinkLocalUnicast() const {
  const IpAddr ip = Unmap();
  if (ip.is_v4()) return ip.bytes_[12] == 169 && ip.bytes_[13] == 254;
  return ip.is_v6() && ip.bytes_[0] == 0xfe && (ip.bytes_[1] & 0xc0) == 0x80;
}

bool IpAddr::IsGlobalUnicast() const {
  const IpAddr ip = Unmap();
  return ip.is_valid() && ip != V4(255, 255, 255, 255) &&
         !ip.IsUnspecified() && !ip.IsLoopback() && !ip.IsMulticast() &&
         !ip.IsLinkLocalUnicast();
}

std::string IpAddr::ToString() const {
  if (!is_valid()) return "invalid IP";
  if (is_v4()) {
    return absl::StrCat(bytes_[12], ".", bytes_[13], ".", bytes_[14], ".",
                        bytes_[15]);
  }
  std::string text = is_v4_mapped()
                         ? absl::StrCat("::ffff:", Unmap().ToString())
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
