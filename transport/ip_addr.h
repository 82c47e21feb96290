// An IpAddr is an IPv4 or IPv6 address, the latter with an optional zone.
//
//   ASSIGN_OR_RETURN(plumb::IpAddr ip, plumb::IpAddr::Parse("fe80::1%eth0"));
//   if (ip.IsLoopback()) ...
//   std::cout << ip;                                   // "fe80::1%eth0"
//
// A value of 24 bytes at most: comparable, hashable, never allocates. The
// zero value is invalid, and is neither 0.0.0.0 nor ::.
//
// Parsing is strict, as Go's net/netip is: no leading zeros ("127.0.0.01"), no
// zone on an IPv4 address, nothing before or after. A zone is an interface's
// name, or its index in decimal; it is kept as the index.
//
// Threads: a value type; const methods are safe from many threads at once.
#ifndef PLUMB_TRANSPORT_IP_ADDR_H_
#define PLUMB_TRANSPORT_IP_ADDR_H_

#include <array>
#include <cstdint>
#include <ostream>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace plumb {

class IpAddr {
 public:
  // Invalid: no address.
  constexpr IpAddr() = default;

  // Four and sixteen bytes, most significant first, as on the wire.
  static constexpr IpAddr V4(uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
    IpAddr ip;
    ip.bytes_ = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d};
    ip.family_ = Family::kV4;
    return ip;
  }
  static constexpr IpAddr V6(const std::array<uint8_t, 16>& bytes,
                             uint32_t zone = 0) {
    IpAddr ip;
    ip.bytes_ = bytes;
    ip.zone_ = {static_cast<uint16_t>(zone >> 16), static_cast<uint16_t>(zone)};
    ip.family_ = Family::kV6;
    return ip;
  }
  static constexpr IpAddr LoopbackV4() { return V4(127, 0, 0, 1); }
  static constexpr IpAddr LoopbackV6() {
    return V6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
  }
  static constexpr IpAddr AnyV4() { return V4(0, 0, 0, 0); }
  static constexpr IpAddr AnyV6() { return V6({}); }

  // Errors: InvalidArgument `ParseAddr("1.2.3.256"): IPv4 field has value
  // >255`, with the texts of Go's net/netip; NotFound for a zone that is
  // neither an interface of this machine nor a number.
  static absl::StatusOr<IpAddr> Parse(absl::string_view text);

  constexpr bool is_valid() const { return family_ != Family::kNone; }
  constexpr bool is_v4() const { return family_ == Family::kV4; }
  constexpr bool is_v6() const { return family_ == Family::kV6; }
  // ::ffff:a.b.c.d.
  bool is_v4_mapped() const;

  // The sixteen bytes; of an IPv4 address, its v4-mapped form.
  constexpr const std::array<uint8_t, 16>& bytes() const { return bytes_; }
  // The four bytes of an IPv4 address, which is_v4() or is_v4_mapped().
  constexpr std::array<uint8_t, 4> v4_bytes() const {
    return {bytes_[12], bytes_[13], bytes_[14], bytes_[15]};
  }

  // The interface's index, 0 for none.
  constexpr uint32_t zone() const {
    return uint32_t{zone_[0]} << 16 | zone_[1];
  }
  // A no-op on IPv4.
  IpAddr WithZone(uint32_t zone) const;

  // The IPv4 address inside a v4-mapped one; any other address unchanged.
  IpAddr Unmap() const { return is_v6() ? UnmapV6() : *this; }

  // Classes, as in Go's net.IP; a v4-mapped address has its IPv4 classes.
  bool IsUnspecified() const;  // 0.0.0.0, ::
  bool IsLoopback() const;     // 127/8, ::1
  bool IsPrivate() const;      // RFC 1918, RFC 4193
  bool IsMulticast() const;    // 224/4, ff00::/8
  bool IsInterfaceLocalMulticast() const;
  bool IsLinkLocalMulticast() const;
  bool IsLinkLocalUnicast() const;  // 169.254/16, fe80::/10
  // True for private ranges, false for 255.255.255.255.
  bool IsGlobalUnicast() const;

  // "127.0.0.1", "fe80::1%eth0" (RFC 5952), "::ffff:1.2.3.4", "invalid IP".
  std::string ToString() const;

  friend constexpr bool operator==(const IpAddr& a, const IpAddr& b) {
    if (a.family_ != b.family_ || a.zone() != b.zone()) return false;
    for (int i = 0; i < 16; ++i) {
      if (a.bytes_[i] != b.bytes_[i]) return false;
    }
    return true;
  }
  friend constexpr bool operator!=(const IpAddr& a, const IpAddr& b) {
    return !(a == b);
  }
  // Invalid first, then IPv4, then IPv6; by value, then by zone.
  friend bool operator<(const IpAddr& a, const IpAddr& b);

  template <typename H>
  friend H AbslHashValue(H h, const IpAddr& ip) {
    return H::combine(std::move(h), static_cast<int>(ip.family_), ip.bytes_,
                      ip.zone());
  }

 private:
  enum class Family : uint8_t { kNone, kV4, kV6 };

  IpAddr UnmapV6() const;

  std::array<uint8_t, 16> bytes_ = {};
  // In halves, so that an address and a port fit into 24 bytes.
  std::array<uint16_t, 2> zone_ = {};
  Family family_ = Family::kNone;
};
std::ostream& operator<<(std::ostream& out, const IpAddr& ip);

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_IP_ADDR_H_
