// An EndpointPattern says which ends of connections a fault rule is about: a
// host by name, an address or a range of addresses, a unix socket, or all.
//
// Threads: a value.
#ifndef PLUMB_TESTING_FAULT_ENDPOINT_PATTERN_H_
#define PLUMB_TESTING_FAULT_ENDPOINT_PATTERN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "transport/addr.h"
#include "transport/ip_addr.h"

namespace plumb {

class EndpointPattern {
 public:
  // All.
  EndpointPattern() = default;

  // "" is all; "db", "10.0.0.1", "10.0.0.0/8", "fd00::/8", "/run/x.sock", "@x".
  // Errors: InvalidArgument with the text.
  static absl::StatusOr<EndpointPattern> Parse(absl::string_view text);

  // `host` is empty where it has no name.
  bool Matches(absl::string_view host, const Addr& addr) const;

  // As far as the texts tell, which do not say whose an address is: whatever
  // `other` matches, this does too; something is matched by both; what the one
  // matches never has to do with what the other does.
  bool Covers(const EndpointPattern& other) const;
  bool Meets(const EndpointPattern& other) const {
    return Covers(other) || other.Covers(*this);
  }
  bool Excludes(const EndpointPattern& other) const;

  bool is_unix_name() const { return kind_ == Kind::kUnixName; }
  bool is_range() const { return kind_ == Kind::kRange; }
  // Of a range.
  bool is_v4() const { return ip_.is_v4(); }

  // The name, in lower case; empty when it is about something else.
  const std::string& host() const;

 private:
  enum class Kind : uint8_t { kAll, kHost, kRange, kUnixName };

  Kind kind_ = Kind::kAll;
  std::string name_;
  IpAddr ip_;
  int bits_ = 0;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_ENDPOINT_PATTERN_H_
