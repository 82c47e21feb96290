#include "testing/capture/user_packet.h"

#include <string>

#include "gtest/gtest.h"

namespace plumb {
namespace {

UserPacket Example() {
  UserPacket packet;
  packet.kind = UserPacketKind::kData;
  packet.backwards = true;
  packet.conversation = 7;
  packet.offset = uint64_t{1} << 40;
  packet.network = "unix";
  packet.from = "/run/x.sock";
  packet.to = "@";
  packet.data = "hello";
  return packet;
}

TEST(UserPacketTest, IsAsDocumented) {
  std::string bytes;
  AppendUserPacket(Example(), &bytes);
  EXPECT_EQ(bytes, std::string("\1\2\1\4"
                               "\0\0\0\7"
                               "\0\0\1\0\0\0\0\0"
                               "\0\13\0\1"
                               "unix/run/x.sock@hello",
                               41));
}

TEST(UserPacketTest, ComesBack) {
  std::string bytes;
  AppendUserPacket(Example(), &bytes);
  const std::optional<UserPacket> packet = ParseUserPacket(bytes);
  ASSERT_TRUE(packet.has_value());
  EXPECT_EQ(packet->kind, UserPacketKind::kData);
  EXPECT_TRUE(packet->backwards);
  EXPECT_EQ(packet->conversation, 7);
  EXPECT_EQ(packet->offset, uint64_t{1} << 40);
  EXPECT_EQ(packet->network, "unix");
  EXPECT_EQ(packet->from, "/run/x.sock");
  EXPECT_EQ(packet->to, "@");
  EXPECT_EQ(packet->data, "hello");
}

TEST(UserPacketTest, OneThatIsCutInItsHeaderIsNone) {
  std::string bytes;
  AppendUserPacket(Example(), &bytes);
  for (size_t size = 0; size < bytes.size() - 5; ++size) {
    EXPECT_FALSE(ParseUserPacket(bytes.substr(0, size)).has_value()) << size;
  }
}

TEST(UserPacketTest, AnotherVersionOrKindIsNone) {
  std::string bytes;
  AppendUserPacket(Example(), &bytes);
  std::string version = bytes, kind = bytes;
  version[0] = 2;
  kind[1] = 7;
  EXPECT_FALSE(ParseUserPacket(version).has_value());
  EXPECT_FALSE(ParseUserPacket(kind).has_value());
}

}  // namespace
}  // namespace plumb
