#include "transport/port.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "transport/network_name.h"

namespace plumb {
namespace {

struct Service {
  const char* protocol;
  const char* name;
  uint16_t port;
};

// So that a container without /etc/services knows them too; Go's table.
constexpr Service kServices[] = {
    {"udp", "domain", 53}, {"tcp", "domain", 53}, {"tcp", "ftp", 21},
    {"tcp", "ftps", 990},  {"tcp", "gopher", 70}, {"tcp", "http", 80},
    {"tcp", "https", 443}, {"tcp", "imap2", 143}, {"tcp", "imap3", 220},
    {"tcp", "imaps", 993}, {"tcp", "pop3", 110},  {"tcp", "pop3s", 995},
    {"tcp", "smtp", 25},   {"tcp", "ssh", 22},    {"tcp", "submissions", 465},
    {"tcp", "telnet", 23},
};

// From here on Go reads no further, whatever follows.
constexpr int64_t kTooLarge = int64_t{1} << 30;

// The number that `text` says; nullopt when it is a name. A sign alone is 0, as
// in Go.
std::optional<int64_t> ParseNumber(absl::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative || (!text.empty() && text[0] == '+')) text.remove_prefix(1);
  int64_t number = 0;
  for (const char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      return std::nullopt;
    }
    if (number >= kTooLarge) break;
    number = number * 10 + (c - '0');
  }
  return negative ? -number : number;
}

std::optional<uint16_t> SystemPort(const char* protocol,
                                   const std::string& name) {
  // A NUL would end the name early and find another service.
  if (name.find('\0') != std::string::npos) return std::nullopt;
  servent entry;
  servent* found = nullptr;
  char buffer[1024];
  getservbyname_r(name.c_str(), protocol, &entry, buffer, sizeof buffer,
                  &found);
  if (found == nullptr) return std::nullopt;
  return ntohs(static_cast<uint16_t>(found->s_port));
}

std::optional<uint16_t> FindService(const char* protocol,
                                    const std::string& name) {
  for (const Service& service : kServices) {
    if (service.name == name &&
        absl::string_view(service.protocol) == protocol) {
      return service.port;
    }
  }
  return SystemPort(protocol, name);
}

}  // namespace

absl::StatusOr<uint16_t> ParsePort(absl::string_view network,
                                   absl::string_view text) {
  if (const std::optional<int64_t> number = ParseNumber(text)) {
    if (*number >= 0 && *number <= UINT16_MAX) {
      return static_cast<uint16_t>(*number);
    }
    return absl::InvalidArgumentError(
        absl::StrCat("address ", text, ": invalid port"));
  }
  const absl::string_view base = ParseNetworkName(network).base;
  const std::string name = absl::AsciiStrToLower(text);
  for (const char* protocol : {"tcp", "udp"}) {
    const bool other = base != "tcp" && base != "udp";
    if (base != protocol && !other) continue;
    if (const auto port = FindService(protocol, name)) return *port;
  }
  return absl::NotFoundError(
      absl::StrCat("lookup ", base, "/", text, ": unknown port"));
}

}  // namespace plumb
