#include "transport/error_codec.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "transport/addr.h"
#include "transport/ip_addr.h"

namespace plumb {
namespace {

constexpr uint64_t kVersion = 1;
constexpr ErrorKind kLastKind = ErrorKind::kUnsupported;
// Room for two IP addresses and the short strings.
constexpr size_t kUsualSize = 96;

// What follows as an address.
enum AddrTag : uint64_t { kNoAddr = 0, kIpAddr = 1, kNamedAddr = 2 };
// What follows as an IP address.
enum IpTag : uint64_t { kNoIp = 0, kIpV4 = 4, kIpV6 = 6 };

// An Addr keeps its network as a pointer that must live for ever, so a network
// that comes out of bytes is looked up here and never freed. Made-up bytes
// cannot grow the table without end: when it is full, and for names that are
// too long, all further ones are kOther.
class NetworkNames {
 public:
  const char* Intern(absl::string_view name) {
    for (const char* common : kCommon) {
      if (name == common) return common;
    }
    absl::MutexLock lock(&mutex_);
    auto it = others_.find(std::string(name));
    if (it != others_.end()) return it->c_str();
    if (others_.size() >= kMaxOthers || name.size() > kMaxLength) return kOther;
    return others_.emplace(name).first->c_str();
  }

 private:
  static constexpr size_t kMaxOthers = 1000;
  static constexpr size_t kMaxLength = 100;
  static constexpr char kOther[] = "other";
  static constexpr std::array<const char*, 9> kCommon = {
      "tcp",        "udp",  "ip",   "unix",    "unixgram",
      "unixpacket", "pipe", "fake", "fakegram"};

  absl::Mutex mutex_;
  std::set<std::string> others_ ABSL_GUARDED_BY(mutex_);
};

const char* InternNetwork(absl::string_view name) {
  static NetworkNames* const names = new NetworkNames;
  return names->Intern(name);
}

class Encoder {
 public:
  explicit Encoder(std::string* out) : out_(*out) {}

  void Number(uint64_t n) {
    while (n >= 0x80) {
      out_.push_back(static_cast<char>(n | 0x80));
      n >>= 7;
    }
    out_.push_back(static_cast<char>(n));
  }
  void String(absl::string_view s) {
    Number(s.size());
    out_.append(s.data(), s.size());
  }
  void Address(const Addr& addr) {
    if (!addr.has_value()) return Number(kNoAddr);
    Number(addr.is_ip() ? kIpAddr : kNamedAddr);
    String(addr.network());
    if (!addr.is_ip()) return String(addr.name());
    Ip(addr.ip());
    Number(addr.port());
  }

 private:
  void Ip(const IpAddr& ip) {
    if (!ip.is_valid()) return Number(kNoIp);
    Number(ip.is_v4() ? kIpV4 : kIpV6);
    out_.append(reinterpret_cast<const char*>(ip.bytes().data()), 16);
    Number(ip.zone());
  }

  std::string& out_;
};

// Reads what Encoder wrote. After the first thing that does not fit, ok() is
// false and what is read is empty.
class Decoder {
 public:
  explicit Decoder(absl::string_view in) : in_(in) {}

  bool ok() const { return ok_; }
  bool at_end() const { return in_.empty(); }

  uint64_t Number(uint64_t max = std::numeric_limits<uint64_t>::max()) {
    uint64_t n = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const absl::string_view byte = Bytes(1);
      if (!ok_) return 0;
      const uint64_t bits = static_cast<unsigned char>(byte[0]) & 0x7f;
      if (shift == 63 && bits > 1) break;
      n |= bits << shift;
      if ((byte[0] & 0x80) == 0) return n <= max ? n : Fail();
    }
    return Fail();
  }
  absl::string_view String() { return Bytes(Number()); }
  ErrorKind Kind() {
    return static_cast<ErrorKind>(Number(static_cast<uint64_t>(kLastKind)));
  }

  Addr Address() {
    const uint64_t tag = Number(kNamedAddr);
    if (tag == kNoAddr) return Addr();
    const char* network = InternNetwork(String());
    if (!ok_) return Addr();
    if (tag == kNamedAddr) return Addr::Named(network, String());
    const IpAddr ip = Ip();
    return Addr::Ip(network, {ip, static_cast<uint16_t>(Number(0xffff))});
  }

 private:
  uint64_t Fail() {
    ok_ = false;
    in_ = absl::string_view();
    return 0;
  }
  absl::string_view Bytes(uint64_t n) {
    if (n > in_.size()) Fail();
    if (!ok_) return absl::string_view();
    const absl::string_view bytes = in_.substr(0, n);
    in_.remove_prefix(n);
    return bytes;
  }
  IpAddr Ip() {
    const uint64_t tag = Number(kIpV6);
    if (tag == kNoIp) return IpAddr();
    const absl::string_view bytes = Bytes(16);
    const uint32_t zone =
        static_cast<uint32_t>(Number(std::numeric_limits<uint32_t>::max()));
    if (tag != kIpV4 && tag != kIpV6) Fail();
    if (!ok_) return IpAddr();
    std::array<uint8_t, 16> b;
    std::copy(bytes.begin(), bytes.end(), b.begin());
    if (tag == kIpV6) return IpAddr::V6(b, zone);
    return IpAddr::V4(b[12], b[13], b[14], b[15]);
  }

  absl::string_view in_;
  bool ok_ = true;
};

}  // namespace

std::string EncodeErrorInfo(const ErrorInfo& info) {
  std::string bytes;
  bytes.reserve(kUsualSize);
  Encoder out(&bytes);
  out.Number(kVersion);
  out.Number(static_cast<uint64_t>(info.kind));
  out.String(info.op);
  out.String(info.network);
  out.Address(info.source);
  out.Address(info.addr);
  out.String(info.syscall);
  out.Number(static_cast<uint32_t>(info.errno_value));
  out.Number(info.bytes_done);
  out.String(info.injected_by);
  out.String(info.detail);
  return bytes;
}

ErrorKind DecodeErrorKind(absl::string_view bytes) {
  Decoder in(bytes);
  if (in.Number() != kVersion) return ErrorKind::kOther;
  return in.Kind();
}

std::optional<ErrorInfo> DecodeErrorInfo(absl::string_view bytes) {
  Decoder in(bytes);
  if (in.Number() != kVersion) return std::nullopt;
  ErrorInfo info;
  info.kind = in.Kind();
  info.op = std::string(in.String());
  info.network = std::string(in.String());
  info.source = in.Address();
  info.addr = in.Address();
  info.syscall = std::string(in.String());
  info.errno_value = static_cast<int>(
      static_cast<uint32_t>(in.Number(std::numeric_limits<uint32_t>::max())));
  info.bytes_done = in.Number();
  info.injected_by = std::string(in.String());
  info.detail = std::string(in.String());
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return info;
}

}  // namespace plumb
