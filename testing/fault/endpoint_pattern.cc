#include "testing/fault/endpoint_pattern.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace plumb {
namespace {

// In the sixteen bytes of an address: those of IPv4 are behind twelve others.
constexpr int kV4Offset = 96;

bool SameBits(const IpAddr& a, const IpAddr& b, int bits) {
  for (int i = 0; i < 16 && bits > 0; ++i, bits -= 8) {
    const int mask = bits >= 8 ? 0xff : 0xff00 >> bits & 0xff;
    if ((a.bytes()[i] & mask) != (b.bytes()[i] & mask)) return false;
  }
  return true;
}

absl::Status BadPattern(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("\"", text, "\": ", why));
}

}  // namespace

absl::StatusOr<EndpointPattern> EndpointPattern::Parse(absl::string_view text) {
  EndpointPattern pattern;
  if (text.empty()) return pattern;
  if (text.front() == '/' || text.front() == '@') {
    pattern.kind_ = Kind::kUnixName;
    pattern.name_ = std::string(text);
    return pattern;
  }
  const size_t slash = text.find('/');
  const absl::StatusOr<IpAddr> ip = IpAddr::Parse(text.substr(0, slash));
  if (ip.ok()) {
    const int most = ip->is_v4() ? 32 : 128;
    int bits = most;
    if (slash != absl::string_view::npos &&
        (!absl::SimpleAtoi(text.substr(slash + 1), &bits) || bits < 0 ||
         bits > most)) {
      return BadPattern(text, absl::StrCat("not a range of 0 to ", most));
    }
    pattern.kind_ = Kind::kRange;
    pattern.ip_ = ip->Unmap();
    pattern.bits_ = bits + (ip->is_v4() ? kV4Offset : 0);
    return pattern;
  }
  if (slash != absl::string_view::npos) {
    return BadPattern(text, "not a range of addresses");
  }
  if (text.find_first_of(": \t\n") != absl::string_view::npos) {
    return BadPattern(text, "neither a host nor an address");
  }
  pattern.kind_ = Kind::kHost;
  pattern.name_ = absl::AsciiStrToLower(text);
  return pattern;
}

bool EndpointPattern::Matches(absl::string_view host, const Addr& addr) const {
  switch (kind_) {
    case Kind::kAll:
      return true;
    case Kind::kHost:
      return absl::EqualsIgnoreCase(host, name_);
    case Kind::kRange:
      return addr.is_ip() && addr.ip().is_v4() == ip_.is_v4() &&
             SameBits(addr.ip(), ip_, bits_);
    case Kind::kUnixName:
      return !addr.is_ip() && addr.name() == name_;
  }
  return false;
}

bool EndpointPattern::Covers(const EndpointPattern& other) const {
  if (kind_ == Kind::kAll) return true;
  if (kind_ != other.kind_) return false;
  if (kind_ != Kind::kRange) return name_ == other.name_;
  return ip_.is_v4() == other.ip_.is_v4() && bits_ <= other.bits_ &&
         SameBits(ip_, other.ip_, bits_);
}

bool EndpointPattern::Excludes(const EndpointPattern& other) const {
  if (kind_ == Kind::kRange && other.kind_ == Kind::kRange) {
    return is_v4() != other.is_v4();
  }
  return (kind_ == Kind::kRange && other.kind_ == Kind::kUnixName) ||
         (kind_ == Kind::kUnixName && other.kind_ == Kind::kRange);
}

const std::string& EndpointPattern::host() const {
  static const std::string* const kNone = new std::string;
  return kind_ == Kind::kHost ? name_ : *kNone;
}

}  // namespace plumb
