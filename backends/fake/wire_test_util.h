// For tests of what goes over a fake network: who writes down its packets, and
// who judges them as the test says.
#ifndef PLUMB_BACKENDS_FAKE_WIRE_TEST_UTIL_H_
#define PLUMB_BACKENDS_FAKE_WIRE_TEST_UTIL_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "backends/fake/fake.h"
#include "backends/fake/fake_test_util.h"
#include "backends/fake/link_policy.h"
#include "backends/fake/packet.h"
#include "backends/fake/packet_observer.h"
#include "gtest/gtest.h"
#include "transport/manual_clock.h"

namespace plumb {

inline std::string FlagsOf(const Packet& packet) {
  std::string text;
  for (const auto& [flag, letter] :
       std::map<Packet::Flag, char>{{Packet::kSyn, 'S'},
                                    {Packet::kFin, 'F'},
                                    {Packet::kRst, 'R'},
                                    {Packet::kPsh, 'P'},
                                    {Packet::kAck, '.'}}) {
    if (packet.Has(flag)) text += letter;
  }
  return text;
}

// Writes down what it sees: "web>db S" is sent, "web>db S ok" delivered.
class Recorder final : public PacketObserver {
 public:
  void OnPacket(const PacketEvent& event) override {
    const Packet& packet = event.packet;
    std::string line = absl::StrCat(
        packet.source_host, ">", packet.destination_host, " ", FlagsOf(packet));
    if (packet.attempt > 0) absl::StrAppend(&line, " again");
    if (!packet.payload.empty()) absl::StrAppend(&line, " ", packet.payload);
    if (event.kind == PacketEvent::Kind::kDelivered) line += " ok";
    if (event.kind == PacketEvent::Kind::kDropped) {
      absl::StrAppend(&line, " dropped: ", event.cause);
    }
    if (event.kind == PacketEvent::Kind::kHeld) {
      absl::StrAppend(&line, " held: ", event.cause);
    }
    absl::MutexLock lock(&mutex_);
    lines_.push_back(line);
    last_ = packet;
    last_.payload = absl::string_view();
    last_time_ = event.time;
  }

  // What was delivered, dropped and held since the last call, in lines.
  std::string Take() {
    absl::MutexLock lock(&mutex_);
    std::vector<std::string> lines;
    for (const std::string& line : lines_) {
      if (line.find(" ok") != std::string::npos ||
          line.find(": ") != std::string::npos) {
        lines.push_back(line);
      }
    }
    lines_.clear();
    return absl::StrJoin(lines, "\n");
  }

  Packet last() const {
    absl::MutexLock lock(&mutex_);
    return last_;
  }
  absl::Time last_time() const {
    absl::MutexLock lock(&mutex_);
    return last_time_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::vector<std::string> lines_;
  Packet last_;
  absl::Time last_time_;
};

// Does what the test says now.
class Scripted final : public LinkPolicy {
 public:
  using Rule = std::function<Judgement(const Packet&)>;

  Judgement AtSend(const Packet& packet, absl::Time) override {
    return Ask(&Scripted::send_, packet);
  }
  std::optional<Judgement> InFlight(const Packet& packet, absl::Time) override {
    return Ask(&Scripted::flight_, packet);
  }
  Judgement AtLanding(const Packet& packet, absl::Time) override {
    return Ask(&Scripted::landing_, packet);
  }

  void set_send(Rule rule) { Set(&Scripted::send_, std::move(rule)); }
  void set_flight(Rule rule) { Set(&Scripted::flight_, std::move(rule)); }
  void set_landing(Rule rule) { Set(&Scripted::landing_, std::move(rule)); }

 private:
  Judgement Ask(Rule Scripted::*rule, const Packet& packet) {
    absl::MutexLock lock(&mutex_);
    return this->*rule ? (this->*rule)(packet) : Judgement::Pass();
  }
  void Set(Rule Scripted::*rule, Rule value) {
    absl::MutexLock lock(&mutex_);
    this->*rule = std::move(value);
  }

  absl::Mutex mutex_;
  Rule send_, flight_, landing_;
};

// Two hosts, what goes between them as the policy says, and when.
class WireTest : public ::testing::Test {
 protected:
  WireTest() {
    options_.clock = &clock_;
    options_.policy = policy_;
    options_.observer = recorder_;
    network_ = std::make_unique<FakeNetwork>(options_);
    db_ = network_->Host("db");
    web_ = network_->Host("web");
  }

  Connected Open() {
    if (listener_ == nullptr) listener_ = Must(db_->Listen("tcp4", ":80"));
    Connected both = Connect(*web_, *listener_, "tcp4", "db:80");
    (void)recorder_->Take();
    return both;
  }

  static bool HasData(const Packet& packet) { return !packet.payload.empty(); }
  // Of what `match` holds for.
  static Scripted::Rule When(bool (*match)(const Packet&),
                             Judgement judgement) {
    return [match, judgement](const Packet& packet) {
      return match(packet) ? judgement : Judgement::Pass();
    };
  }

  ManualClock clock_;
  std::shared_ptr<Scripted> policy_ = std::make_shared<Scripted>();
  std::shared_ptr<Recorder> recorder_ = std::make_shared<Recorder>();
  FakeNetworkOptions options_;
  std::unique_ptr<FakeNetwork> network_;
  std::shared_ptr<FakeHost> db_, web_;
  std::unique_ptr<Listener> listener_;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_WIRE_TEST_UTIL_H_
