#include "backends/posix/lookup.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "backends/posix/sockaddr.h"
#include "transport/addr.h"
#include "transport/error.h"
#include "transport/wait_reason.h"
#include "transport/waiter.h"

namespace plumb {
namespace {

struct FreeList {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using List = std::unique_ptr<addrinfo, FreeList>;

absl::Status LookupCause(absl::StatusCode code, ErrorKind kind,
                         absl::string_view host, absl::string_view words) {
  ErrorInfo info;
  info.kind = kind;
  info.detail = std::string(host);
  return OpError(code, std::move(info),
                 absl::StrCat("lookup ", host, ": ", words));
}

class LookupReason final : public WaitReason {
 public:
  explicit LookupReason(const std::string& host) : host_(host) {}
  std::string Describe() const override {
    return absl::StrCat("lookup ", host_);
  }

 private:
  const std::string& host_;
};

// As gai_strerror(3) has it, but in no other language.
const char* Words(int result) {
  switch (result) {
    case EAI_AGAIN:
      return "Temporary failure in name resolution";
    case EAI_FAIL:
      return "Non-recoverable failure in name resolution";
    case EAI_MEMORY:
      return "Memory allocation failure";
    default:
      return "Unknown error";
  }
}

// Names of another network, which RFC 7686 keeps from name servers.
bool IsOnion(absl::string_view host) {
  absl::ConsumeSuffix(&host, ".");
  return absl::EndsWithIgnoreCase(host, ".onion");
}

// Forms that getaddrinfo would take for an address and nobody else does, such
// as "127.1" and the octal "127.0.0.010"; and what cannot be a name.
bool CannotBeName(const std::string& host) {
  constexpr size_t kMaxName = 253;
  in_addr unused;
  return host.size() > kMaxName || host.find('\0') != std::string::npos ||
         inet_aton(host.c_str(), &unused) != 0;
}

std::vector<IpAddr> ToIpAddrs(const addrinfo* list) {
  std::vector<IpAddr> ips;
  for (; list != nullptr; list = list->ai_next) {
    SockAddr address;
    std::memcpy(address.get(), list->ai_addr, list->ai_addrlen);
    address.set_size(list->ai_addrlen);
    const Addr addr = address.ToAddr("ip");
    if (addr.is_ip()) ips.push_back(addr.ip());
  }
  return ips;
}

// The error of getaddrinfo(3) that returned `result`, with errno `error`.
absl::Status LookupError(absl::string_view host, int result, int error) {
  using Code = absl::StatusCode;
  switch (result) {
    case EAI_NONAME:
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
      return LookupCause(Code::kNotFound, ErrorKind::kNoSuchHost, host,
                         "no such host");
    case EAI_MEMORY:
      return LookupCause(Code::kResourceExhausted, ErrorKind::kOther, host,
                         Words(result));
    case EAI_SYSTEM: {
      // Go's choice too: getaddrinfo does not set errno when it could not open
      // its files.
      if (error == 0) error = EMFILE;
      ErrorInfo info;
      info.detail = std::string(host);
      return Annotate(ErrnoError(std::move(info), "", error),
                      absl::StrCat("lookup ", host));
    }
    default:
      return LookupCause(Code::kUnavailable, ErrorKind::kOther, host,
                         Words(result));
  }
}

}  // namespace

absl::StatusOr<std::vector<IpAddr>> LookupHost(absl::string_view host) {
  const std::string name(host);
  if (CannotBeName(name) || IsOnion(name))
    return LookupError(host, EAI_NONAME, 0);
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;  // or each address comes three times
  addrinfo* list = nullptr;
  int result = 0;
  int error = 0;
  Waiter::Current().RunBlocking(
      [&] {
        errno = 0;
        result = getaddrinfo(name.c_str(), nullptr, &hints, &list);
        error = errno;
      },
      LookupReason(name));
  if (result != 0) return LookupError(host, result, error);
  const List owner(list);
  return ToIpAddrs(list);
}

}  // namespace plumb
