// What a capture of a fake network has.
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/fake/fake.h"
#include "backends/fake/link_policy.h"
#include "backends/fake/packet.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/capture/capture.h"
#include "testing/capture/capture_observer.h"
#include "testing/capture/pcapng_reader.h"
#include "testing/capture/read_back.h"
#include "testing/capture/user_packet.h"
#include "transport/manual_clock.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;

TEST(CaptureObserverOnAFakeNetworkTest, TellsWhichWayUnixStreamsGo) {
  Capture capture;
  FakeNetworkOptions options;
  options.observer = std::make_shared<CaptureObserver>(capture);
  FakeNetwork network(options);
  const auto host = network.Host("db");
  const auto listener = *host->Listen("unix", "/run/db");
  const auto near = *host->Dial("unix", "/run/db");
  const auto far = *listener->Accept();
  ASSERT_EQ(near->Write("there"), absl::OkStatus());
  ASSERT_EQ(far->Write("back"), absl::OkStatus());
  const std::string bytes = capture.Encode();
  const absl::StatusOr<PcapngFile> file = ParsePcapng("capture", bytes);
  ASSERT_EQ(file.status(), absl::OkStatus());
  std::vector<std::string> data;
  for (const PcapngPacket& packet : file->packets) {
    const std::optional<UserPacket> user = ParseUserPacket(packet.data);
    ASSERT_TRUE(user.has_value());
    if (user->data.empty()) continue;
    data.push_back(absl::StrCat(user->backwards ? "< " : "> ", user->data));
  }
  EXPECT_THAT(data, ElementsAre("> there", "< back"));
}

TEST(CaptureObserverOnAFakeNetworkTest, KeepsTheLongestDatagrams) {
  for (const auto& [address, size] :
       {std::pair("127.0.0.1:53", size_t{65507}),
        std::pair("[fd00::1]:53", size_t{65527})}) {
    Capture capture;
    FakeNetworkOptions options;
    options.observer = std::make_shared<CaptureObserver>(capture);
    FakeNetwork network(options);
    const auto host = network.Host("db");
    const auto socket = *host->ListenPacket("udp", address);
    const auto client = *host->Dial("udp", address);
    ASSERT_EQ(client->Write(std::string(size, 'x')), absl::OkStatus());
    const std::vector<PacketReadBack> packets = ReadBack(capture);
    ASSERT_EQ(packets.size(), 1);
    EXPECT_EQ(packets[0].data.size(), size) << address;
  }
}

// Segments there have the size of the loopback's.
TEST(CaptureObserverOnAFakeNetworkTest, KeepsAllThatAHostSaysToItself) {
  const std::string sent(200000, 'x');
  for (const char* address : {"127.0.0.1:80", "[fd00::1]:80"}) {
    Capture capture;
    FakeNetworkOptions options;
    options.send_buffer = sent.size();
    options.observer = std::make_shared<CaptureObserver>(capture);
    FakeNetwork network(options);
    const auto host = network.Host("db");
    const auto listener = *host->Listen("tcp", address);
    const auto conn = *host->Dial("tcp", address);
    ASSERT_EQ(conn->Write(sent), absl::OkStatus());
    std::string captured;
    for (const PacketReadBack& packet : ReadBack(capture)) {
      captured += packet.data;
    }
    EXPECT_EQ(captured.size(), sent.size()) << address;
    EXPECT_TRUE(captured == sent) << address;
  }
}

// Loses the first packet with data.
class LosesOne final : public LinkPolicy {
 public:
  Judgement AtSend(const Packet& packet, absl::Time) override {
    if (packet.payload.empty() || lost_) return Judgement::Pass();
    lost_ = true;
    return Judgement::Drop("lossy");
  }

 private:
  bool lost_ = false;
};

TEST(CaptureObserverOnAFakeNetworkTest, SeesWhatTheNetworkDoes) {
  ManualClock clock;
  CaptureOptions capture_options;
  capture_options.clock = &clock;
  Capture capture(capture_options);
  FakeNetworkOptions options;
  options.clock = &clock;
  options.observer = std::make_shared<CaptureObserver>(capture);
  options.policy = std::make_shared<LosesOne>();
  FakeNetwork network(options);
  const auto listener = *network.Host("db")->Listen("tcp", "db:80");
  const auto near = *network.Host("web")->Dial("tcp", "db:80");
  const auto far = *listener->Accept();
  ASSERT_EQ(near->Write("question"), absl::OkStatus());
  ASSERT_TRUE(clock.AdvanceToNextAlarm());  // the segment is sent again
  char buffer[10];
  const absl::StatusOr<size_t> n = far->Read(absl::MakeSpan(buffer));
  ASSERT_EQ(n.status(), absl::OkStatus());
  EXPECT_EQ(absl::string_view(buffer, *n), "question");
  std::vector<std::string> with_data;
  for (const PacketReadBack& packet : ReadBack(capture)) {
    if (packet.data.empty()) continue;
    with_data.push_back(WithComment(
        absl::StrCat(packet.interface, " '", packet.data, "'"), packet));
  }
  EXPECT_THAT(with_data, ElementsAre("web 'question' # rule 'lossy' dropped it",
                                     "web 'question' # sent again"));
}

}  // namespace
}  // namespace plumb
