// What a capture holds, for tests to compare.
#ifndef PLUMB_TESTING_CAPTURE_READ_BACK_H_
#define PLUMB_TESTING_CAPTURE_READ_BACK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "testing/capture/capture.h"
#include "testing/capture/packet_text.h"
#include "testing/capture/pcapng.h"
#include "testing/capture/pcapng_reader.h"

namespace plumb {

struct PacketReadBack {
  int64_t time = 0;  // nanoseconds since 1970
  std::string interface;
  PacketDirection direction = PacketDirection::kUnknown;
  std::string text;  // PacketText
  std::string data;
  std::string comment;
};

inline std::vector<PacketReadBack> ReadBack(const Capture& capture) {
  const std::string bytes = capture.Encode();
  const absl::StatusOr<PcapngFile> file = ParsePcapng("capture", bytes);
  EXPECT_EQ(file.status(), absl::OkStatus());
  std::vector<PacketReadBack> packets;
  for (const PcapngPacket& packet : file->packets) {
    const PcapngInterface& interface = file->interfaces[packet.interface];
    const auto parts = TakeApart(interface.link_type, packet.data);
    EXPECT_TRUE(parts.has_value());
    packets.push_back({packet.time, std::string(interface.name),
                       packet.direction, PacketText(*parts),
                       std::string(parts->data), std::string(packet.comment)});
  }
  return packets;
}

// With its comment, if it has one.
inline std::string WithComment(const std::string& text,
                               const PacketReadBack& packet) {
  return packet.comment.empty() ? text
                                : absl::StrCat(text, " # ", packet.comment);
}

// Each packet with bytes, and what is said of it.
inline std::vector<std::string> ToldBy(const Capture& capture) {
  std::vector<std::string> told;
  for (const PacketReadBack& packet : ReadBack(capture)) {
    if (!packet.data.empty()) told.push_back(WithComment(packet.data, packet));
  }
  return told;
}

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_READ_BACK_H_
