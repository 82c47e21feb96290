#include "testing/capture/pcapng.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace plumb {
namespace {

enum OptionCode : uint16_t {
  kEndOfOptions = 0,
  kComment = 1,
  kHardware = 2,
  kIfName = 2,
  kIfDescription = 3,
  kApplication = 4,
  kIfTimeResolution = 9,
  kPacketFlags = 2,
  kStatisticsReceived = 4,
  kStatisticsDropped = 5,
};

enum NameRecord : uint16_t { kEndOfNames = 0, kIpv4 = 1, kIpv6 = 2 };

// Or several: an array.
template <typename Number>
void AppendNumber(const Number& number, std::string* out) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  out->append(bytes, sizeof number);
}

void Pad(std::string* out, size_t size) {
  if (size % 4 == 0) return;
  out->append((4 - size % 4) % 4, '\0');
}

// Times are two words, the higher first.
void AppendTime(int64_t time, std::string* out) {
  AppendNumber(static_cast<uint32_t>(static_cast<uint64_t>(time) >> 32), out);
  AppendNumber(static_cast<uint32_t>(time), out);
}

void AppendOption(uint16_t code, absl::string_view value, std::string* out) {
  value = value.substr(0, kMaxOptionSize);
  AppendNumber(
      std::array<uint16_t, 2>{code, static_cast<uint16_t>(value.size())}, out);
  out->append(value.data(), value.size());
  Pad(out, value.size());
}

template <typename Number>
void AppendNumberOption(uint16_t code, Number number, std::string* out) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  AppendOption(code, absl::string_view(bytes, sizeof bytes), out);
}

void AppendTextOption(uint16_t code, absl::string_view text, std::string* out) {
  if (!text.empty()) AppendOption(code, text, out);
}

void EndOptions(std::string* out) { AppendOption(kEndOfOptions, "", out); }

// A block has its length at both ends, so that a file can be read backwards.
class Block {
 public:
  Block(uint32_t type, std::string* out) : start_(out->size()), out_(out) {
    AppendNumber(std::array<uint32_t, 2>{type, 0}, out);
  }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() {
    const auto size = static_cast<uint32_t>(out_->size() - start_ + 4);
    std::memcpy(&(*out_)[start_ + 4], &size, sizeof size);
    AppendNumber(size, out_);
  }

 private:
  const size_t start_;
  std::string* const out_;
};

void AppendName(const IpAddr& ip, absl::string_view name, std::string* out) {
  name = name.substr(0, kMaxOptionSize - 17);
  const bool v4 = ip.is_v4();
  const size_t address_size = v4 ? 4 : 16;
  const size_t size = address_size + name.size() + 1;
  AppendNumber<uint16_t>(v4 ? kIpv4 : kIpv6, out);
  AppendNumber(static_cast<uint16_t>(size), out);
  const std::array<uint8_t, 16>& bytes = ip.bytes();
  out->append(bytes.end() - address_size, bytes.end());
  out->append(name.data(), name.size());
  out->push_back('\0');
  Pad(out, size);
}

}  // namespace

void AppendSectionHeader(absl::string_view comment, std::string* out) {
  Block block(kSectionHeaderType, out);
  AppendNumber(kByteOrderMagic, out);
  AppendNumber(uint16_t{1}, out);  // version 1.0
  AppendNumber(uint16_t{0}, out);
  AppendNumber(int64_t{-1}, out);  // the section's length is not told
  AppendTextOption(kComment, comment, out);
  AppendTextOption(kApplication, "Plumb", out);
  EndOptions(out);
}

void AppendInterface(const InterfaceBlock& interface, std::string* out) {
  Block block(kInterfaceType, out);
  AppendNumber(static_cast<uint16_t>(interface.link_type), out);
  AppendNumber(uint16_t{0}, out);
  AppendNumber(uint32_t{0}, out);  // packets are not cut
  AppendTextOption(kIfName, interface.name, out);
  AppendTextOption(kIfDescription, interface.description, out);
  AppendNumberOption(kIfTimeResolution, uint8_t{9}, out);
  EndOptions(out);
}

void AppendNameResolution(
    absl::Span<const std::pair<IpAddr, std::string>> names, std::string* out) {
  Block block(kNameResolutionType, out);
  for (const auto& [ip, name] : names) AppendName(ip, name, out);
  AppendNumber<uint16_t>(kEndOfNames, out);
  AppendNumber(uint16_t{0}, out);
  EndOptions(out);
}

void AppendPacket(const PacketBlock& packet, std::string* out) {
  const auto size = static_cast<uint32_t>(packet.data.size());
  Block block(kPacketType, out);
  const auto time = static_cast<uint64_t>(packet.time);
  AppendNumber(std::array<uint32_t, 5>{packet.interface,
                                       static_cast<uint32_t>(time >> 32),
                                       static_cast<uint32_t>(time), size,
                                       std::max(size, packet.original_size)},
               out);
  out->append(packet.data.data(), packet.data.size());
  Pad(out, packet.data.size());
  AppendTextOption(kComment, packet.comment, out);
  AppendNumberOption(kPacketFlags, static_cast<uint32_t>(packet.direction),
                     out);
  EndOptions(out);
}

void AppendInterfaceStatistics(const InterfaceStatisticsBlock& statistics,
                               std::string* out) {
  Block block(kInterfaceStatisticsType, out);
  AppendNumber(statistics.interface, out);
  AppendTime(statistics.time, out);
  AppendNumberOption(kStatisticsReceived, statistics.received, out);
  AppendNumberOption(kStatisticsDropped, statistics.dropped, out);
  EndOptions(out);
}

}  // namespace plumb
