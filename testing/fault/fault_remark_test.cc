// What a FaultTransport says that rules did, for people.
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/tcp/tcp.h"
#include "backends/udp/udp.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/capture/capture.h"
#include "testing/capture/capture_transport.h"
#include "testing/capture/read_back.h"
#include "testing/fault/fault_transport.h"
#include "testing/fault/faults.h"
#include "testing/matchers.h"
#include "transport/clock.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/io.h"
#include "transport/listener.h"
#include "transport/manual_clock.h"
#include "transport/packet_conn.h"
#include "transport/registry.h"
#include "transport/system_mutex.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

// A FaultTransport around real sockets that a capture sees, and tells it what
// no packet shows.
class FaultRemarkTest : public ::testing::Test {
 protected:
  void Load(absl::string_view plan) { Load(plan, clock_); }
  void Load(absl::string_view plan, Clock& clock) {
    FaultTransportOptions options;
    options.host = "web";
    options.names = {{"127.0.0.1", "db"}};
    options.remark = [this](absl::string_view text) {
      capture_.Comment(text);
      SystemMutexLock lock(&mutex_);
      remarks_.emplace_back(text);
    };
    faulty_ = *MakeFaultTransport(captured_, plan, options, clock);
  }

  // All remarks until now.
  std::vector<std::string> remarks() {
    SystemMutexLock lock(&mutex_);
    return remarks_;
  }

  // Until nothing is sent in the background any more.
  void End(Conn& conn) {
    EXPECT_THAT(conn.Close(), IsOk());
    faulty_ = nullptr;
  }

  SystemMutex mutex_;
  std::vector<std::string> remarks_ ABSL_GUARDED_BY(mutex_);
  ManualClock clock_;
  Capture capture_;
  const std::shared_ptr<Registry> sockets_ = std::make_shared<Registry>();
  CaptureTransport captured_{sockets_, capture_};
  std::unique_ptr<FaultTransport> faulty_;
};

TEST_F(FaultRemarkTest, NamesTheRuleAtTheNextPacket) {
  ASSERT_THAT(sockets_->Register("udp", MakeUdp(clock_)), IsOk());
  Load(R"(rule { id: "lossy" match { network: "udp" nth: 1 } loss {} }
          rule { id: "rot" match { network: "udp" nth: 2 } corrupt {} }
          rule { id: "twice" match { network: "udp" nth: 2 } duplicate {} })");
  const auto far = *sockets_->ListenPacket("udp", "127.0.0.1:0");
  const auto near = *faulty_->Dial("udp", far->LocalAddr().ToString());
  ASSERT_THAT(near->Write("1"), IsOk());
  ASSERT_THAT(near->Write("2"), IsOk());
  char buffer[10];
  for (int i = 0; i < 2; ++i) {
    ASSERT_THAT(far->ReadFrom(absl::MakeSpan(buffer)), IsOk());
  }
  End(*near);
  const std::vector<std::string> told = ToldBy(capture_);
  ASSERT_EQ(told.size(), 2);
  EXPECT_THAT(told[0],
              EndsWith(" # rule 'lossy' dropped the next datagram; rule 'rot' "
                       "corrupted the next datagram; rule 'twice' duplicated "
                       "it"));
  EXPECT_THAT(told[1], Not(HasSubstr("rule")));
}

TEST_F(FaultRemarkTest, OfStreams) {
  ASSERT_THAT(sockets_->Register("tcp", MakeTcp(clock_)), IsOk());
  Load(R"(rule { id: "rot" match { network: "tcp" nth: 1 } corrupt {} }
          rule { id: "cut" match { network: "tcp" nth: 2 } partition {} })");
  const auto listener = *sockets_->Listen("tcp", "127.0.0.1:0");
  const auto near = *faulty_->Dial("tcp", listener->Address().ToString());
  const auto far = *listener->Accept();
  ASSERT_THAT(near->Write("1"), IsOk());
  ASSERT_THAT(near->Write("2"), IsOk());
  ASSERT_THAT(faulty_->faults().Disable("cut"), IsOk());
  char buffer[2];
  ASSERT_THAT(ReadFull(*far, absl::MakeSpan(buffer)), IsOk());
  End(*near);
  const std::vector<std::string> told = ToldBy(capture_);
  ASSERT_EQ(told.size(), 2);
  EXPECT_THAT(told[0], EndsWith(" # rule 'rot' corrupted the next segment"));
  EXPECT_EQ(told[1], "2 # rule 'cut' held the next segment");
}

TEST_F(FaultRemarkTest, OfDatagramsThatDoNotPass) {
  ASSERT_THAT(sockets_->Register("udp", MakeUdp(clock_)), IsOk());
  Load(R"(rule { id: "icmp" match { network: "udp" nth: 1 } reset {} }
          rule { id: "keep" match { network: "udp" nth: 3 } hold {} }
          rule { id: "cut" match { network: "udp" nth: 4 } partition {} })");
  const auto far = *sockets_->ListenPacket("udp", "127.0.0.1:0");
  const auto near = *faulty_->Dial("udp", far->LocalAddr().ToString());
  ASSERT_THAT(near->Write("1"), IsOk());
  // Which is counted all the same.
  EXPECT_THAT(near->Write("not sent"), IsRefused());
  ASSERT_THAT(near->Write("2"), IsOk());
  ASSERT_THAT(near->Write("3"), IsOk());
  EXPECT_THAT(remarks(), ElementsAre("rule 'icmp' refused the next datagram",
                                     "rule 'keep' held the next datagram",
                                     "rule 'cut' dropped the next datagram"));
  capture_.Note("test", "over");
  EXPECT_THAT(ToldBy(capture_),
              ElementsAre("over # rule 'icmp' refused the next datagram; rule "
                          "'keep' held the next datagram; rule 'cut' dropped "
                          "the next datagram"));
}

// What becomes of a host is no rule's doing.
TEST_F(FaultRemarkTest, OfCrashesAndPausesOnUdp) {
  ASSERT_THAT(sockets_->Register("udp", MakeUdp(clock_)), IsOk());
  Load("");
  const auto far = *sockets_->ListenPacket("udp", "127.0.0.1:0");
  const auto near = *faulty_->Dial("udp", far->LocalAddr().ToString());
  faulty_->faults().Pause("db");
  ASSERT_THAT(near->Write("1"), IsOk());
  faulty_->faults().Crash("db");
  ASSERT_THAT(near->Write("2"), IsOk());
  EXPECT_THAT(remarks(), ElementsAre("the pause of db held the next datagram",
                                     "the crash of db dropped the next "
                                     "datagram"));
}

TEST_F(FaultRemarkTest, OfConnectionsThatEnd) {
  ASSERT_THAT(sockets_->Register("tcp", MakeTcp(clock_)), IsOk());
  Load(R"(rule { id: "keep" match { network: "tcp" nth: 1 } hold {} }
          rule { id: "rst" match { network: "tcp" nth: 2 } reset {} })");
  const auto listener = *sockets_->Listen("tcp", "127.0.0.1:0");
  const auto near = *faulty_->Dial("tcp", listener->Address().ToString());
  ASSERT_THAT(near->Write("1"), IsOk());
  ASSERT_THAT(near->Write("2"), IsOk());
  EXPECT_THAT(near->Write("3"), IsReset());
  EXPECT_THAT(remarks(), ElementsAre("rule 'keep' held the next segment",
                                     "rule 'rst' reset the connection"));
}

TEST_F(FaultRemarkTest, OfCrashesAndPausesOnTcp) {
  ASSERT_THAT(sockets_->Register("tcp", MakeTcp(clock_)), IsOk());
  Load("");
  const auto listener = *sockets_->Listen("tcp", "127.0.0.1:0");
  const std::string address = listener->Address().ToString();
  const auto paused = *faulty_->Dial("tcp", address);
  const auto crashed = *faulty_->Dial("tcp", address);
  const auto restarted = *faulty_->Dial("tcp", address);
  Faults& faults = faulty_->faults();
  faults.Pause("db");
  ASSERT_THAT(paused->Write("1"), IsOk());
  faults.Crash("db");
  ASSERT_THAT(crashed->Write("2"), IsOk());
  clock_.Advance(absl::Seconds(1));
  faults.Restart("db");
  ASSERT_THAT(restarted->Write("3"), IsOk());
  EXPECT_THAT(restarted->Write("4"), IsReset());
  EXPECT_THAT(remarks(), ElementsAre("the pause of db held the next segment",
                                     "the crash of db held the next segment",
                                     "the restart of db reset the connection"));
}

// What is sent at once in the background is not sent before the remark.
TEST_F(FaultRemarkTest, ComesBeforeWhatItIsOf) {
  constexpr int kTimes = 20;
  ASSERT_THAT(sockets_->Register("tcp", MakeTcp()), IsOk());
  const auto listener = *sockets_->Listen("tcp", "127.0.0.1:0");
  for (int i = 0; i < kTimes; ++i) {
    Load("rule { id: 'slow' match { nth: 1 } delay { min: '1ns' } }",
         Clock::Real());
    const auto near = *faulty_->Dial("tcp", listener->Address().ToString());
    const auto far = *listener->Accept();
    ASSERT_THAT(near->Write("x"), IsOk());
    char byte[1];
    ASSERT_THAT(far->Read(absl::MakeSpan(byte)), IsOk());
    End(*near);
  }
  EXPECT_THAT(ToldBy(capture_),
              ElementsAreArray(std::vector<std::string>(
                  kTimes, "x # rule 'slow' delayed the next segment")));
}

// A packet is in the capture before it is judged.
TEST_F(FaultRemarkTest, OfWhatIsReceived) {
  ASSERT_THAT(sockets_->Register("tcp", MakeTcp(clock_)), IsOk());
  Load(R"(rule { id: "rot" match { network: "tcp" } corrupt {} })");
  const auto listener = *sockets_->Listen("tcp", "127.0.0.1:0");
  const auto near = *faulty_->Dial("tcp", listener->Address().ToString());
  const auto far = *listener->Accept();
  ASSERT_THAT(far->Write("1"), IsOk());
  char byte[1];
  ASSERT_THAT(near->Read(absl::MakeSpan(byte)), IsOk());
  capture_.Note("test", "over");
  EXPECT_THAT(ToldBy(capture_),
              ElementsAre("1", "over # rule 'rot' corrupted the next segment"));
}

}  // namespace
}  // namespace plumb
