// How an ErrorInfo travels in a status, and what it is compared by.
#include <cerrno>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "transport/addr.h"
#include "transport/error.h"
#include "transport/error_parts_for_test.h"
#include "transport/ip_addr.h"

namespace plumb {
namespace {

constexpr char kTypeUrl[] = "plumb/ErrorInfo";

ErrorInfo EveryField() {
  ErrorInfo info = Op("write", "tcp", Local(), Remote());
  info.kind = ErrorKind::kScopeTimeout;
  info.syscall = "sendmsg";
  info.errno_value = EPIPE;
  info.bytes_done = 1234567890123456789u;
  info.injected_by = "rule 7";
  info.detail = std::string("a\0b", 3);
  return info;
}

std::string Payload(const ErrorInfo& info) {
  return std::string(
      *WithErrorInfo(absl::UnknownError(""), info).GetPayload(kTypeUrl));
}

std::optional<ErrorInfo> Decode(const std::string& payload) {
  absl::Status status = absl::UnknownError("");
  status.SetPayload(kTypeUrl, absl::Cord(payload));
  return GetErrorInfo(status);
}

class ErrorInfoTest : public testing::Test {
 protected:
  // Networks of others go into a table that the tests below fill up; this one
  // is there first.
  static void SetUpTestSuite() {
    const ErrorInfo info = Op("read", "net", Addr::Unnamed("carrier-pigeon"));
    ASSERT_EQ(Decode(Payload(info)), info);
  }
};

TEST_F(ErrorInfoTest, EveryFieldComesBack) {
  const ErrorInfo info = EveryField();
  const absl::Status status = TimeoutError(info);
  EXPECT_EQ(GetErrorInfo(status), info);
  EXPECT_EQ(BytesDone(status), info.bytes_done);
}

TEST_F(ErrorInfoTest, ComparesEveryField) {
  const ErrorInfo info = EveryField();
  std::vector<ErrorInfo> others(10, info);
  others[0].kind = ErrorKind::kEof;
  others[1].op = "";
  others[2].network = "";
  others[3].source = Addr();
  others[4].addr = Addr();
  others[5].syscall = "";
  others[6].errno_value = 0;
  others[7].bytes_done = 0;
  others[8].injected_by = "";
  others[9].detail = "";
  for (const ErrorInfo& other : others) {
    EXPECT_FALSE(other == info);
    EXPECT_EQ(Decode(Payload(other)), other);
  }
}

TEST_F(ErrorInfoTest, EveryAddressComesBack) {
  const Addr kAddrs[] = {
      Addr(),
      Addr::Tcp(IpAddr(), 80),
      Addr::Udp(IpAddr::V4(255, 0, 1, 2), 65535),
      Addr::Tcp(IpAddr::LoopbackV6(), 0),
      Addr::Tcp(IpAddr::V6({0xfe, 0x80}, 4294967295u), 1),
      Addr::RawIp(IpAddr::V4(127, 0, 0, 1)),
      Addr::Named("unix", "/run/x.sock"),
      Addr::Named("unixgram", "@x"),
      Addr::Named("fake", ""),
      Addr::Unnamed("unixpacket"),
      Addr::Named("carrier-pigeon", std::string("\0\xff", 2)),
  };
  for (const Addr& addr : kAddrs) {
    SCOPED_TRACE(addr.ToString());
    const ErrorInfo info = Op("read", "net", addr, addr);
    const std::optional<ErrorInfo> back = Decode(Payload(info));
    ASSERT_EQ(back, info);
    EXPECT_EQ(back->source.network(), addr.network());
    EXPECT_EQ(back->addr.ToString(), addr.ToString());
  }
}

TEST_F(ErrorInfoTest, ExtremeNumbersComeBack) {
  for (int error : {0, 1, -1, std::numeric_limits<int>::min(),
                    std::numeric_limits<int>::max()}) {
    ErrorInfo info;
    info.errno_value = error;
    EXPECT_EQ(Decode(Payload(info)), info);
  }
  for (uint64_t bytes : {uint64_t{0}, uint64_t{127}, uint64_t{128},
                         std::numeric_limits<uint64_t>::max()}) {
    ErrorInfo info;
    info.bytes_done = bytes;
    EXPECT_EQ(Decode(Payload(info)), info);
  }
}

TEST_F(ErrorInfoTest, APayloadThatIsCutOrLongerIsNone) {
  const std::string whole = Payload(EveryField());
  ASSERT_TRUE(Decode(whole).has_value());
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(Decode(whole.substr(0, size)), std::nullopt) << size;
  }
  EXPECT_EQ(Decode(whole + '\0'), std::nullopt);
}

TEST_F(ErrorInfoTest, AnotherVersionIsNone) {
  std::string payload = Payload(EveryField());
  payload[0] = 2;
  EXPECT_EQ(Decode(payload), std::nullopt);
}

TEST_F(ErrorInfoTest, NumbersThatDoNotFitAreNone) {
  const std::string whole = Payload(ErrorInfo());
  // Version, kind, op, network, source, addr, syscall, errno, bytes done, ...
  auto with = [&whole](size_t index, const std::string& number) {
    std::string payload = whole;
    return payload.replace(index, 1, number);
  };
  const std::string kHuge(9, '\xff');
  ASSERT_EQ(whole.size(), 11u);
  EXPECT_EQ(Decode(with(1, "\x09")), std::nullopt);          // no such kind
  EXPECT_EQ(Decode(with(2, kHuge + '\x01')), std::nullopt);  // long string
  EXPECT_EQ(Decode(with(4, "\x03")), std::nullopt);          // no such address
  EXPECT_EQ(Decode(with(7, kHuge + '\x01')), std::nullopt);  // no such errno
  EXPECT_TRUE(Decode(with(8, kHuge + '\x01')).has_value());  // 2^64 - 1
  EXPECT_EQ(Decode(with(8, kHuge + '\x02')), std::nullopt);  // 2^64 and more
  EXPECT_EQ(Decode(with(8, std::string(11, '\x80'))), std::nullopt);
}

TEST_F(ErrorInfoTest, RandomBytesDoNoHarm) {
  std::mt19937 random(1);
  const std::string whole = Payload(EveryField());
  for (int round = 0; round < 20000; ++round) {
    std::string payload = whole;
    for (int flips = random() % 4; flips >= 0; --flips) {
      payload[random() % payload.size()] = static_cast<char>(random());
    }
    (void)Decode(payload);

    std::string noise(random() % 64, '\1');
    for (size_t i = 1; i < noise.size(); ++i) {
      noise[i] = static_cast<char>(random());
    }
    (void)Decode(noise);
  }
}

// Of more networks than there is room for the names are lost, and nothing else.
TEST_F(ErrorInfoTest, MadeUpNetworksDoNotFillTheMemory) {
  const Addr other = Addr::Named("other", "there");
  bool full = false;
  for (int i = 0; i < 2000; ++i) {
    const std::string name = absl::StrCat("made-up-", i);
    // The pointer lives until the payload is made, which is all it takes.
    ErrorInfo info = Op("read", "tcp", Local());
    info.addr = Addr::Named(name.c_str(), "there");
    const std::optional<ErrorInfo> back = Decode(Payload(info));
    ASSERT_TRUE(back.has_value());
    full = full || back->addr == other;
    if (full) info.addr = other;
    EXPECT_EQ(back, info);
  }
  EXPECT_TRUE(full);
}

TEST_F(ErrorInfoTest, AnEndlessNetworkIsNotKept) {
  const std::string name(101, 'n');
  const ErrorInfo info =
      Op("read", "tcp", Local(), Addr::Named(name.c_str(), "there"));
  EXPECT_EQ(Decode(Payload(info))->addr, Addr::Named("other", "there"));
}

TEST(WithErrorInfoTest, ReplacesWhatWasThere) {
  ErrorInfo info = EveryField();
  absl::Status status = ClosedError(info);
  info.kind = ErrorKind::kUnexpectedEof;
  info.bytes_done = 7;
  status = WithErrorInfo(status, info);
  EXPECT_EQ(GetErrorInfo(status), info);
  EXPECT_FALSE(IsClosed(status));
  EXPECT_EQ(BytesDone(status), 7u);
}

TEST(WithErrorInfoTest, LeavesOkAlone) {
  EXPECT_EQ(WithErrorInfo(absl::OkStatus(), EveryField()), absl::OkStatus());
}

}  // namespace
}  // namespace plumb
