#include "testing/capture/user_packet.h"

namespace plumb {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kHeaderSize = 20;
constexpr size_t kMaxNetwork = 0xff;
constexpr size_t kMaxName = 0xffff;

void AppendBigEndian(uint64_t number, int bytes, std::string* out) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>(number >> shift));
  }
}

uint64_t LoadBigEndian(absl::string_view bytes) {
  uint64_t number = 0;
  for (const char byte : bytes)
    number = number << 8 | static_cast<uint8_t>(byte);
  return number;
}

void AppendText(absl::string_view text, std::string* out) {
  out->append(text.data(), text.size());
}

// Takes `size` bytes from the front; nothing when there are fewer.
bool Take(absl::string_view* bytes, size_t size, absl::string_view* taken) {
  if (bytes->size() < size) return false;
  *taken = bytes->substr(0, size);
  bytes->remove_prefix(size);
  return true;
}

}  // namespace

void AppendUserPacket(const UserPacket& packet, std::string* out) {
  const absl::string_view network = packet.network.substr(0, kMaxNetwork);
  const absl::string_view from = packet.from.substr(0, kMaxName);
  const absl::string_view to = packet.to.substr(0, kMaxName);
  AppendBigEndian(kVersion, 1, out);
  AppendBigEndian(static_cast<uint8_t>(packet.kind), 1, out);
  AppendBigEndian(packet.backwards ? 1 : 0, 1, out);
  AppendBigEndian(network.size(), 1, out);
  AppendBigEndian(packet.conversation, 4, out);
  AppendBigEndian(packet.offset, 8, out);
  AppendBigEndian(from.size(), 2, out);
  AppendBigEndian(to.size(), 2, out);
  for (absl::string_view text : {network, from, to, packet.data}) {
    AppendText(text, out);
  }
}

std::optional<UserPacket> ParseUserPacket(absl::string_view bytes) {
  absl::string_view header;
  if (!Take(&bytes, kHeaderSize, &header)) return std::nullopt;
  const uint64_t kind = LoadBigEndian(header.substr(1, 1));
  if (LoadBigEndian(header.substr(0, 1)) != kVersion || kind < 1 || kind > 6) {
    return std::nullopt;
  }
  UserPacket packet;
  packet.kind = static_cast<UserPacketKind>(kind);
  packet.backwards = header[2] != 0;
  packet.conversation =
      static_cast<uint32_t>(LoadBigEndian(header.substr(4, 4)));
  packet.offset = LoadBigEndian(header.substr(8, 8));
  if (!Take(&bytes, LoadBigEndian(header.substr(3, 1)), &packet.network) ||
      !Take(&bytes, LoadBigEndian(header.substr(16, 2)), &packet.from) ||
      !Take(&bytes, LoadBigEndian(header.substr(18, 2)), &packet.to)) {
    return std::nullopt;
  }
  packet.data = bytes;
  return packet;
}

}  // namespace plumb
