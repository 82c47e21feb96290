// A fake network with a plan, for tests of what the plan does there.
#ifndef PLUMB_TESTING_FAULT_FAULT_WORLD_H_
#define PLUMB_TESTING_FAULT_FAULT_WORLD_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/fake/fake.h"
#include "backends/fake/packet_observer.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_policy.h"
#include "testing/fault/faults.h"
#include "testing/fault/make_faults.h"
#include "testing/matchers.h"
#include "transport/conn.h"
#include "transport/listener.h"
#include "transport/manual_clock.h"
#include "transport/packet_conn.h"

namespace plumb {

// What became of packets with bytes: "x ok", "x lost: rule", "x held: rule".
class Fates final : public PacketObserver {
 public:
  void OnPacket(const PacketEvent& event) override {
    if (event.packet.payload.empty()) return;
    std::string line(event.packet.payload);
    switch (event.kind) {
      case PacketEvent::Kind::kSent:
      case PacketEvent::Kind::kChanged:
        return;
      case PacketEvent::Kind::kDelivered:
        absl::StrAppend(&line, " ok");
        break;
      case PacketEvent::Kind::kDropped:
        absl::StrAppend(&line, " lost: ", event.cause);
        break;
      case PacketEvent::Kind::kHeld:
        absl::StrAppend(&line, " held: ", event.cause);
        break;
    }
    lines_.push_back(line);
  }
  // Since the last call. The test is the only one that sends.
  std::vector<std::string> Take() { return std::exchange(lines_, {}); }

 private:
  std::vector<std::string> lines_;
};

inline FaultSetting OnFake() {
  FaultSetting setting;
  setting.targets = {FaultTarget::kFake};
  setting.hosts = {"web", "db"};
  return setting;
}

// A network with a plan, and a connection on it.
struct World {
  explicit World(absl::string_view plan, int hosts_before = 0) {
    FaultSetting setting = OnFake();
    for (int i = 0; i < hosts_before; ++i) {
      setting.hosts.push_back(absl::StrCat("other", i));
    }
    absl::StatusOr<std::shared_ptr<Faults>> made =
        MakeFaults(plan, setting, clock);
    EXPECT_THAT(made, IsOk());
    faults = *std::move(made);
    FakeNetworkOptions options;
    options.clock = &clock;
    options.policy = std::make_shared<FaultPolicy>(faults);
    options.observer = fates;
    network = std::make_unique<FakeNetwork>(options);
    for (int i = 0; i < hosts_before; ++i) {
      (void)network->Host(absl::StrCat("other", i));
    }
    web = network->Host("web");
    db = network->Host("db");
  }

  // Opens `client` to `server`, or to `socket` on udp.
  void Open(const std::string& kind) {
    stream = kind != "udp4";
    if (kind == "unix") {
      listener = *db->Listen("unix", "@s");
      client = *db->Dial("unix", "@s");
    } else if (kind == "tcp4") {
      listener = *db->Listen("tcp4", ":80");
      client = *web->Dial("tcp4", "db:80");
    } else {
      socket = *db->ListenPacket("udp4", ":80");
      client = *web->Dial("udp4", "db:80");
    }
    if (listener != nullptr) server = *listener->Accept();
  }

  absl::Status ReadError(Conn& conn) {
    char byte;
    return conn.Read(absl::MakeSpan(&byte, 1)).status();
  }

  ManualClock clock;
  std::shared_ptr<Fates> fates = std::make_shared<Fates>();
  std::shared_ptr<Faults> faults;
  std::unique_ptr<FakeNetwork> network;
  std::shared_ptr<FakeHost> web, db;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<PacketConn> socket;
  std::unique_ptr<Conn> client, server;
  bool stream = false;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_WORLD_H_
