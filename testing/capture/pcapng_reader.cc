#include "testing/capture/pcapng_reader.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace plumb {
namespace {

constexpr uint16_t kEndOfOptions = 0;
constexpr uint16_t kComment = 1;
constexpr uint16_t kIfName = 2;
constexpr uint16_t kIfDescription = 3;
constexpr uint16_t kIfTimeResolution = 9;
constexpr uint16_t kPacketFlags = 2;
constexpr uint16_t kIpv4Name = 1;
constexpr uint16_t kIpv6Name = 2;

// Bytes of one byte order, taken from the front. What goes past the end gives
// zeros and is remembered.
class Bytes {
 public:
  Bytes(absl::string_view rest, bool swap) : rest_(rest), swap_(swap) {}

  template <typename Number>
  Number Take() {
    Number number = 0;
    absl::string_view bytes = TakeBytes(sizeof number);
    std::array<char, sizeof number> raw = {};
    std::copy(bytes.begin(), bytes.end(), raw.begin());
    if (swap_) std::reverse(raw.begin(), raw.end());
    std::memcpy(&number, raw.data(), sizeof number);
    return number;
  }
  absl::string_view TakeBytes(size_t size) {
    if (size > rest_.size()) {
      short_ = true;
      rest_ = "";
      return "";
    }
    const absl::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  // And the padding after them, as far as there is any.
  absl::string_view TakePadded(size_t size) {
    const absl::string_view taken = TakeBytes(size);
    rest_.remove_prefix(std::min(rest_.size(), (4 - size % 4) % 4));
    return taken;
  }
  bool empty() const { return rest_.empty(); }
  bool was_short() const { return short_; }

 private:
  absl::string_view rest_;
  const bool swap_;
  bool short_ = false;
};

struct Option {
  uint16_t code = kEndOfOptions;
  absl::string_view value;
};

Option TakeOption(Bytes* bytes) {
  Option option;
  if (bytes->empty()) return option;
  option.code = bytes->Take<uint16_t>();
  const auto size = bytes->Take<uint16_t>();
  option.value = bytes->TakePadded(size);
  return option;
}

// The unit of an interface's times.
struct Resolution {
  bool binary = false;
  int digits = 6;
};

Resolution ParseResolution(absl::string_view value) {
  if (value.empty()) return {};
  const auto byte = static_cast<uint8_t>(value[0]);
  return {(byte & 0x80) != 0, byte & 0x7f};
}

int64_t Nanoseconds(uint64_t time, const Resolution& resolution) {
  if (resolution.binary) {
    if (resolution.digits > 63) return 0;
    const uint64_t unit = uint64_t{1} << resolution.digits;
    const auto part = static_cast<unsigned __int128>(time % unit) * 1000000000;
    return static_cast<int64_t>(time / unit * 1000000000 +
                                static_cast<uint64_t>(part / unit));
  }
  for (int digits = resolution.digits; digits < 9; ++digits) time *= 10;
  for (int digits = resolution.digits; digits > 9; --digits) time /= 10;
  return static_cast<int64_t>(time);
}

class Parser {
 public:
  Parser(absl::string_view name, absl::string_view bytes)
      : name_(name), bytes_(bytes) {}

  absl::StatusOr<PcapngFile> Parse() {
    if (bytes_.empty()) return Error("the file is empty");
    while (offset_ < bytes_.size()) {
      absl::Status status = ParseBlock();
      if (!status.ok()) return status;
    }
    return std::move(file_);
  }

 private:
  absl::Status Error(absl::string_view what) const {
    return absl::DataLossError(
        absl::StrCat(name_, ": offset ", offset_, ": ", what));
  }

  absl::Status ParseBlock() {
    const size_t left = bytes_.size() - offset_;
    if (left < 12) {
      return Error(absl::StrCat("a block of 12 bytes or more, but only ", left,
                                " are left"));
    }
    const absl::string_view rest = bytes_.substr(offset_);
    if (Bytes(rest, false).Take<uint32_t>() == kSectionHeaderType) {
      absl::Status status = TakeByteOrder(rest.substr(8, 4));
      if (!status.ok()) return status;
    } else if (offset_ == 0) {
      return Error("no section header: this is not a pcapng file");
    }
    Bytes head(rest, swap_);
    const auto type = head.Take<uint32_t>();
    const auto size = head.Take<uint32_t>();
    if (size < 12 || size % 4 != 0) {
      return Error(absl::StrCat("a block cannot have ", size, " bytes"));
    }
    if (size > left) {
      return Error(absl::StrCat("a block of ", size, " bytes, but only ", left,
                                " are left"));
    }
    if (Bytes(rest.substr(size - 4), swap_).Take<uint32_t>() != size) {
      return Error("the length at the end of the block is another one");
    }
    absl::Status status =
        ParseBody(type, Bytes(rest.substr(8, size - 12), swap_));
    offset_ += size;
    return status;
  }

  absl::Status TakeByteOrder(absl::string_view magic) {
    if (Bytes(magic, false).Take<uint32_t>() == kByteOrderMagic) {
      swap_ = false;
    } else if (Bytes(magic, true).Take<uint32_t>() == kByteOrderMagic) {
      swap_ = true;
    } else {
      return Error("a section header without the byte-order magic");
    }
    return absl::OkStatus();
  }

  absl::Status ParseBody(uint32_t type, Bytes body) {
    switch (type) {
      case kSectionHeaderType:
        return ParseSectionHeader(body);
      case kInterfaceType:
        return ParseInterface(body);
      case kNameResolutionType:
        return ParseNames(body);
      case kPacketType:
        return ParsePacket(body);
      default:
        return absl::OkStatus();
    }
  }

  absl::Status ParseSectionHeader(Bytes body) {
    body.TakeBytes(4);
    const auto major = body.Take<uint16_t>();
    if (major != 1) {
      return Error(absl::StrCat("version ", major, " of pcapng is unknown"));
    }
    body.TakeBytes(10);  // minor version, section length
    for (Option option = TakeOption(&body); option.code != kEndOfOptions;
         option = TakeOption(&body)) {
      if (option.code == kComment) file_.comment = std::string(option.value);
    }
    first_interface_ = file_.interfaces.size();
    return body.was_short() ? Error("a section header that ends too early")
                            : absl::OkStatus();
  }

  absl::Status ParseInterface(Bytes body) {
    PcapngInterface interface;
    Resolution resolution;
    interface.link_type = body.Take<uint16_t>();
    body.TakeBytes(6);  // reserved, snap length
    for (Option option = TakeOption(&body); option.code != kEndOfOptions;
         option = TakeOption(&body)) {
      const std::string text(option.value);
      if (option.code == kIfName) interface.name = text;
      if (option.code == kIfDescription) interface.description = text;
      if (option.code == kIfTimeResolution) {
        resolution = ParseResolution(option.value);
      }
    }
    if (body.was_short()) return Error("an interface that ends too early");
    file_.interfaces.push_back(std::move(interface));
    resolutions_.push_back(resolution);
    return absl::OkStatus();
  }

  absl::Status ParseNames(Bytes body) {
    for (;;) {
      const auto type = body.Take<uint16_t>();
      const auto size = body.Take<uint16_t>();
      const absl::string_view record = body.TakePadded(size);
      if (body.was_short()) return Error("names that end too early");
      if (type == 0) return absl::OkStatus();
      AddName(type, record);
    }
  }

  void AddName(uint16_t type, absl::string_view record) {
    const size_t address_size = type == kIpv4Name ? 4 : 16;
    if (type != kIpv4Name && type != kIpv6Name) return;
    if (record.size() <= address_size) return;
    std::array<uint8_t, 16> raw = {};
    std::copy_n(record.begin(), address_size, raw.begin());
    const IpAddr ip = type == kIpv4Name
                          ? IpAddr::V4(raw[0], raw[1], raw[2], raw[3])
                          : IpAddr::V6(raw);
    // The first of several names, each of which ends with a NUL.
    const absl::string_view names = record.substr(address_size);
    file_.names.emplace_back(ip, names.substr(0, names.find('\0')));
  }

  absl::Status ParsePacket(Bytes body) {
    PcapngPacket packet;
    packet.offset = offset_;
    const auto interface = body.Take<uint32_t>();
    const auto high = body.Take<uint32_t>(), low = body.Take<uint32_t>();
    const auto size = body.Take<uint32_t>();
    packet.original_size = body.Take<uint32_t>();
    packet.data = body.TakePadded(size);
    if (body.was_short()) {
      return Error(absl::StrCat("a packet of ", size,
                                " bytes that is longer than its block"));
    }
    if (interface >= file_.interfaces.size() - first_interface_) {
      return Error(absl::StrCat("a packet of interface ", interface,
                                ", which is not described"));
    }
    packet.interface = first_interface_ + interface;
    packet.time =
        Nanoseconds(uint64_t{high} << 32 | low, resolutions_[packet.interface]);
    for (Option option = TakeOption(&body); option.code != kEndOfOptions;
         option = TakeOption(&body)) {
      if (option.code == kComment) {
        absl::StrAppend(&packet.comment, packet.comment.empty() ? "" : "; ",
                        option.value);
      } else if (option.code == kPacketFlags) {
        packet.direction = static_cast<PacketDirection>(
            Bytes(option.value, swap_).Take<uint32_t>() & 3);
      }
    }
    if (body.was_short()) return Error("an option that ends too early");
    file_.packets.push_back(std::move(packet));
    return absl::OkStatus();
  }

  const absl::string_view name_;
  const absl::string_view bytes_;
  size_t offset_ = 0;
  bool swap_ = false;
  size_t first_interface_ = 0;  // of the section
  std::vector<Resolution> resolutions_;
  PcapngFile file_;
};

}  // namespace

absl::StatusOr<PcapngFile> ParsePcapng(absl::string_view name,
                                       absl::string_view bytes) {
  return Parser(name, bytes).Parse();
}

}  // namespace plumb
