#include "testing/capture/trace.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/capture/capture.h"
#include "testing/capture/capture_transport.h"
#include "testing/capture/capture_transport_fixture.h"
#include "testing/capture/chart.h"
#include "testing/capture/ip_packet.h"
#include "testing/capture/pcapng_reader.h"
#include "testing/matchers.h"

namespace plumb {
namespace {

using ::testing::StartsWith;

constexpr char kTrace[] =
    R"(plumb trace 1
1600000000.000000000 web out 10.0.0.2:9 > 10.0.0.1:80 tcp SYN seq=7 ack=0
1600000000.000000001 db out 10.0.0.1:80 > 10.0.0.2:9 tcp SYN ACK seq=9 ack=8
1600000000.020000000 web out 10.0.0.2:9 > 10.0.0.1:80 tcp PSH ACK seq=8 ack=10 'it\'s \\ # \000' # held 20ms; 'twice'
1600000000.030000000 db out [fd00::1]:80 > [fd00::2]:9 tcp RST ACK seq=8 ack=10
1600000001.000000000 web in 10.0.0.1:53 > 10.0.0.2:5000 udp datagram 'x'
1600000001.000000000 web out 10.0.0.2:5000 > 10.0.0.1:53 udp datagram
1600000001.000000000 web out 10.0.0.2 > 10.0.0.1 ip protocol 1 'ping'
1600000001.000000000 web out fd00::2 > fd00::1 ip protocol 89
1600000002.000000000 web out @00001 > /run/a\040socket unix/2 open
1600000002.000000000 web out @00001 > /run/a\040socket unix/2 data 'hi'
1600000002.000000000 web out /run/a\040socket > @00001 unix/2 end
1600000002.000000000 web out @\001 > @ unixgram datagram 'one'
1600000003.500000000 the\040server - - > db:80 note 'over\n'
)";

TEST(TraceTest, IsTheSameThereAndBack) {
  EXPECT_TRUE(IsTrace(kTrace));
  const absl::StatusOr<std::string> pcapng = PcapngOf("x.trace", kTrace);
  ASSERT_EQ(pcapng.status(), absl::OkStatus());
  EXPECT_FALSE(IsTrace(*pcapng));
  const absl::StatusOr<std::string> trace = TraceOf("x.pcapng", *pcapng);
  ASSERT_EQ(trace.status(), absl::OkStatus());
  EXPECT_EQ(*trace, kTrace);
}

TEST(TraceTest, CanBeWrittenByHand) {
  const absl::StatusOr<std::string> pcapng =
      PcapngOf("x.trace",
               "plumb trace 1\n"
               "\n"
               "# what happened\n"
               "1.5 web out 10.0.0.2:9 > 10.0.0.1:80 tcp 'GET /'\n"
               "2 web - - > - note 'the end'");
  ASSERT_EQ(pcapng.status(), absl::OkStatus());
  const absl::StatusOr<std::string> trace = TraceOf("x.pcapng", *pcapng);
  ASSERT_EQ(trace.status(), absl::OkStatus());
  EXPECT_EQ(*trace,
            "plumb trace 1\n"
            "1.500000000 web out 10.0.0.2:9 > 10.0.0.1:80 tcp seq=0 ack=0 "
            "'GET /'\n"
            "2.000000000 web - - > - note 'the end'\n");
}

TEST(TraceTest, OfATraceIsWrittenOutInFull) {
  const absl::StatusOr<std::string> trace =
      TraceOf("x.trace", "plumb trace 1\n1 web - - > - note 'the end'");
  ASSERT_EQ(trace.status(), absl::OkStatus());
  EXPECT_EQ(*trace, "plumb trace 1\n1.000000000 web - - > - note 'the end'\n");
  EXPECT_THAT(TraceOf("x.trace", "plumb trace 1\nnow\n").status(),
              ErrorIs(absl::StatusCode::kInvalidArgument,
                      "x.trace: line 2: no time: now"));
}

TEST(TraceTest, HoldsWhatAPacketDoesAndNoMore) {
  constexpr struct {
    const char* packet;
    size_t size;
  } kLongest[] = {
      {"10.0.0.2:9 > 10.0.0.1:80 udp datagram", 65507},
      {"[fd00::2]:9 > [fd00::1]:80 udp datagram", 65527},
      {"10.0.0.2:9 > 10.0.0.1:80 tcp ACK seq=1 ack=2", kMaxTcpPayload},
      {"[fd00::2]:9 > [fd00::1]:80 tcp ACK seq=1 ack=2", kMaxTcpPayload},
      {"10.0.0.2 > 10.0.0.1 ip protocol 89", 65515},
      {"fd00::2 > fd00::1 ip protocol 89", 65535},
  };
  for (const auto& longest : kLongest) {
    const std::string start =
        absl::StrCat("plumb trace 1\n1.000000000 web out ", longest.packet,
                     " '", std::string(longest.size, 'x'));
    const absl::StatusOr<std::string> pcapng =
        PcapngOf("x.trace", start + "'\n");
    ASSERT_EQ(pcapng.status(), absl::OkStatus());
    // Not EXPECT_EQ, which would print them.
    EXPECT_TRUE(*TraceOf("x.pcapng", *pcapng) == start + "'\n")
        << longest.packet;
    EXPECT_THAT(std::string(PcapngOf("x", start + "x'").status().message()),
                StartsWith("x: line 2: too much data: "));
  }
}

// Wireshark would remark a window that is closed.
TEST(TraceTest, WindowsAreOpen) {
  const absl::StatusOr<std::string> pcapng = PcapngOf("x.trace", kTrace);
  ASSERT_EQ(pcapng.status(), absl::OkStatus());
  const absl::StatusOr<PcapngFile> file = ParsePcapng("x.pcapng", *pcapng);
  ASSERT_EQ(file.status(), absl::OkStatus());
  EXPECT_EQ(file->packets[0].data.substr(20 + 14, 2), "\xff\xff");
}

TEST_F(CaptureTransportTest, HasATrace) {
  Ends ends = Connect(web_, db_, "tcp", "db:80");
  clock_.Advance(absl::Milliseconds(20));
  capture_.Comment("late");
  ASSERT_EQ(ends.near->Write("hello"), absl::OkStatus());
  const absl::StatusOr<std::string> trace =
      TraceOf("capture", capture_.Encode());
  ASSERT_EQ(trace.status(), absl::OkStatus());
  const size_t last = trace->rfind('\n', trace->size() - 2) + 1;
  const size_t numbers = trace->find(" seq=", last);
  EXPECT_EQ(trace->substr(last, numbers - last),
            "1600000000.020000000 web out 10.0.0.1:32768 > 10.0.0.2:80 tcp "
            "PSH ACK");
  EXPECT_EQ(trace->substr(trace->find(" '", numbers)), " 'hello' # late\n");
}

TEST(TraceTest, IsDrawn) {
  const absl::StatusOr<std::string> pcapng = PcapngOf("x", kTrace);
  ASSERT_EQ(pcapng.status(), absl::OkStatus());
  const absl::StatusOr<std::string> page = MakeChart("x", kTrace);
  ASSERT_EQ(page.status(), absl::OkStatus());
  EXPECT_EQ(*page, *MakeChart("x", *pcapng));
}

TEST(TraceTest, SaysWhichLineIsWrongAndHow) {
  constexpr struct {
    const char* line;
    const char* wrong;
  } kCases[] = {
      {"now web out 10.0.0.2:9 > 10.0.0.1:80 tcp", "no time"},
      {"-1 web out 10.0.0.2:9 > 10.0.0.1:80 tcp", "no time"},
      {"1.0000000001 web out 10.0.0.2:9 > 10.0.0.1:80 tcp", "no time"},
      {"9999999999999 web out 10.0.0.2:9 > 10.0.0.1:80 tcp", "no time"},
      {"1", "no host"},
      {"1 - out 10.0.0.2:9 > 10.0.0.1:80 tcp", "no host"},
      {"1 web up 10.0.0.2:9 > 10.0.0.1:80 tcp", "neither in, out nor -"},
      {"1 web out 10.0.0.2:9 < 10.0.0.1:80 tcp",
       "no two ends with a > between them"},
      {"1 web out 10.0.0.2:9 >", "no two ends with a > between them"},
      {"1 web out 10.0.0.2:9 > 10.0.0.1:80", "no protocol"},
      {"1 web out a > b unix/x data", "no protocol"},
      {"1 web out nowhere:9 > 10.0.0.1:80 udp", "no IP and port: nowhere:9"},
      {"1 web out 10.0.0.2:9 > 10.0.0.1:65536 udp",
       "no IP and port: 10.0.0.1:65536"},
      {"1 web out 10.0.0.2:9 > [::1]:80 tcp", "ends of two families"},
      {"1 web out 10.0.0.2:9 > 10.0.0.1:80 tcp XMAS", "no flag: XMAS"},
      {"1 web out 10.0.0.2:9 > 10.0.0.1:80 tcp seq=x", "a number that is none"},
      {"1 web out 10.0.0.2:9 > 10.0.0.1:80 tcp 'x\\'", "data without an end"},
      {"1 web out 10.0.0.2:9 > 10.0.0.1:80 tcp 'x' y",
       "something behind the data"},
      {"1 web out 10.0.0.2:9 > 10.0.0.1:80 tcp # \\q", "an odd comment"},
      {"1 web out a > b quic", "no kind: quic"},
      {"1 web out 10.0.0.2:9 > 10.0.0.1:80 udp nonsense SYN",
       "no kind: nonsense SYN"},
      {"1 web out 10.0.0.2:9 > 10.0.0.1:80 udp seq=1", "no kind: seq=1"},
      {"1 web out 10.0.0.2:9 > 10.0.0.1:80 tcp/2 SYN", "a conversation of tcp"},
      {"1 web out 10.0.0.2:9 > 10.0.0.1:80 udp  'x'", "no kind: "},
      {"1 web out a > b unix/ data", "no protocol"},
      {"1 web out a > b unix/2 data garbage", "no kind: data garbage"},
      {"1 web out a > b unix/2 data seq=1", "no kind: data seq=1"},
      {"1 web out 10.0.0.2:9 > 10.0.0.1 ip protocol 1", "no IP: 10.0.0.2:9"},
      {"1 web out 10.0.0.2 > 10.0.0.1 ip", "no number of another protocol: "},
      {"1 web out 10.0.0.2 > 10.0.0.1 ip protocol 256",
       "no number of another protocol: protocol 256"},
      {"1 web out 10.0.0.2 > 10.0.0.1 ip protocol 6",
       "no number of another protocol: protocol 6"},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(
        PcapngOf("x.trace", absl::StrCat("plumb trace 1\n", c.line)).status(),
        ErrorIs(absl::StatusCode::kInvalidArgument,
                absl::StrCat("x.trace: line 2: ", c.wrong, ": ", c.line)));
  }
}

TEST(TraceTest, NothingElseIsOne) {
  EXPECT_FALSE(IsTrace(""));
  EXPECT_FALSE(IsTrace("plumb trace 10\n"));
  EXPECT_THAT(PcapngOf("x.trace", "hello\n").status(),
              ErrorIs(absl::StatusCode::kInvalidArgument,
                      "x.trace: line 1: not plumb trace 1: hello"));
  EXPECT_FALSE(TraceOf("x.pcapng", "hello").ok());
}

}  // namespace
}  // namespace plumb
