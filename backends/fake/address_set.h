// Where a socket is bound: which addresses of its host it has.
#ifndef PLUMB_BACKENDS_FAKE_ADDRESS_SET_H_
#define PLUMB_BACKENDS_FAKE_ADDRESS_SET_H_

#include "transport/ip_addr.h"

namespace plumb {

// One address, or all of a family, or of both.
class AddressSet {
 public:
  static AddressSet AnyV4() { return AddressSet(IpAddr::AnyV4(), false); }
  static AddressSet AnyV6() { return AddressSet(IpAddr::AnyV6(), false); }
  static AddressSet AnyOfBoth() { return AddressSet(IpAddr::AnyV6(), true); }
  static AddressSet One(const IpAddr& ip) { return AddressSet(ip, false); }

  // As a socket bound to it tells its address.
  const IpAddr& ip() const { return ip_; }
  // Of both families. One address of IPv6 is of that alone.
  bool maps_v4() const { return maps_v4_; }

  // What comes to an address is without its zone.
  bool Contains(const IpAddr& ip) const {
    if (!ip_.IsUnspecified()) {
      return ip == ip_ || (ip_.zone() != 0 && ip == ip_.WithZone(0));
    }
    return maps_v4_ || ip.is_v4() == ip_.is_v4();
  }
  // Who contains an address gets what is for it when nobody has it closer.
  int Closeness(const IpAddr& ip) const {
    if (!ip_.IsUnspecified()) return 2;
    return ip.is_v4() == ip_.is_v4() ? 1 : 0;
  }
  bool Overlaps(const AddressSet& other) const {
    const bool one = !ip_.IsUnspecified();
    if (one && !other.ip_.IsUnspecified()) return ip_ == other.ip_;
    if (one) return other.Contains(ip_);
    if (!other.ip_.IsUnspecified()) return Contains(other.ip_);
    return maps_v4_ || other.maps_v4_ || ip_ == other.ip_;
  }

 private:
  AddressSet(const IpAddr& ip, bool maps_v4) : ip_(ip), maps_v4_(maps_v4) {}

  IpAddr ip_;
  bool maps_v4_;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_ADDRESS_SET_H_
