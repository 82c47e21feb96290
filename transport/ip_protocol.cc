#include "transport/ip_protocol.h"

#include <netdb.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace plumb {
namespace {

struct Protocol {
  const char* name;
  uint8_t number;
};

// So that a container without /etc/protocols knows them too; Go's table.
constexpr Protocol kProtocols[] = {
    {"icmp", 1}, {"igmp", 2}, {"tcp", 6}, {"udp", 17}, {"ipv6-icmp", 58},
};

std::optional<int> SystemProtocol(const std::string& name) {
  // A NUL would end the name early and find another protocol.
  if (name.find('\0') != std::string::npos) return std::nullopt;
  protoent entry;
  protoent* found = nullptr;
  char buffer[1024];
  getprotobyname_r(name.c_str(), &entry, buffer, sizeof buffer, &found);
  if (found == nullptr) return std::nullopt;
  return found->p_proto;
}

std::optional<int> FindProtocol(absl::string_view text) {
  if (std::all_of(text.begin(), text.end(),
                  [](unsigned char c) { return absl::ascii_isdigit(c); })) {
    int number = 0;
    if (!absl::SimpleAtoi(text, &number)) return std::nullopt;
    return number;
  }
  const std::string name = absl::AsciiStrToLower(text);
  for (const Protocol& protocol : kProtocols) {
    if (protocol.name == name) return protocol.number;
  }
  return SystemProtocol(name);
}

absl::Status Error(absl::string_view text) {
  constexpr absl::string_view kWhat = "unknown IP protocol specified";
  if (text.empty()) return absl::InvalidArgumentError(kWhat);
  return absl::InvalidArgumentError(
      absl::StrCat("address ", text, ": ", kWhat));
}

}  // namespace

absl::StatusOr<uint8_t> ParseIpProtocol(absl::string_view text) {
  const std::optional<int> number = FindProtocol(text);
  if (!number.has_value() || *number < 0 || *number > UINT8_MAX) {
    return Error(text);
  }
  return static_cast<uint8_t>(*number);
}

}  // namespace plumb
