// Makes captures for other people's tools to look at: sample DIRECTORY.
//
// NAME.pcapng is a capture; NAME.there and NAME.back are the bytes of its first
// conversation, in the two directions. Names begin with who wrote it:
// - "kernel_NETWORK_VIEW": a CaptureTransport on real sockets; the view is
//   "both" ends, or one of them
// - "fake_NETWORK_both": a CaptureTransport on a fake network
// - "observed_NETWORK": the fake network's own tap
// - "full_observed_NETWORK", "fake_full_NETWORK_both": the same two, of one who
//   writes more than the other has room for
// - "times_WRITER", "chat": the same, on a clock that is moved, and of many
//   small messages
// - "rough_...": something goes wrong; in all others nothing does
// check_captures.sh looks at them.
//
// The machine must have the hosts "client", 10.9.0.1 and fd00:9::1, and
// "server", 10.9.0.2 and fd00:9::2: check_captures.sh makes a network namespace
// that does.
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/fake/fake.h"
#include "backends/tcp/tcp.h"
#include "backends/udp/udp.h"
#include "testing/capture/capture.h"
#include "testing/capture/capture_observer.h"
#include "testing/capture/capture_transport.h"
#include "testing/capture/file.h"
#include "testing/capture/sample_check.h"
#include "testing/capture/sample_talk.h"
#include "testing/fault/fault_policy.h"
#include "testing/fault/fault_support.h"
#include "testing/fault/fault_transport.h"
#include "testing/fault/make_faults.h"
#include "transport/conn.h"
#include "transport/io.h"
#include "transport/listener.h"
#include "transport/manual_clock.h"
#include "transport/packet_conn.h"
#include "transport/transport.h"

namespace plumb {
namespace sample {
namespace {

std::string directory;

void Save(const Capture& capture, const std::string& name, const Bytes& bytes) {
  const std::string path = absl::StrCat(directory, "/", name);
  Check(capture.WriteFile(path + ".pcapng"));
  Check(WriteWholeFile(path + ".there", bytes.there));
  Check(WriteWholeFile(path + ".back", bytes.back));
}

std::shared_ptr<Transport> Seen(const std::shared_ptr<Transport>& host,
                                Capture& capture, absl::string_view name) {
  return std::make_shared<CaptureTransport>(host, capture, name);
}

void SaveBoth(const std::string& name, const Hosts& hosts,
              absl::string_view network) {
  Capture both;
  Save(both, name + "_both",
       Talk({Seen(hosts.client, both, "client"),
             Seen(hosts.server, both, "server"), hosts.from},
            network));
}

// Of one end alone, each.
void SaveEnds(const std::string& name, const Hosts& hosts,
              absl::string_view network) {
  Capture near;
  const auto client = Seen(hosts.client, near, "client");
  Save(near, name + "_client",
       Talk({client, hosts.server, hosts.from}, network));
  Capture far;
  const auto server = Seen(hosts.server, far, "server");
  Save(far, name + "_server",
       Talk({hosts.client, server, hosts.from}, network));
}

// A fake network whose tap a capture is, on a clock.
struct Observed {
  Observed() {
    CaptureOptions options;
    options.clock = &clock;
    capture = std::make_unique<Capture>(options);
    network_options.clock = &clock;
    network_options.observer = std::make_shared<CaptureObserver>(*capture);
  }
  ManualClock clock;
  std::unique_ptr<Capture> capture;
  FakeNetworkOptions network_options;
};

void SaveObserved(const std::string& network) {
  Observed observed;
  FakeNetwork fake(observed.network_options);
  const Bytes bytes = Talk(FakeHosts(fake, network), network);
  Save(*observed.capture, "observed_" + network, bytes);
}

// The writer waits for the reader again and again, as both writers of captures
// have it.
void SaveFull(const std::string& network) {
  Observed observed;
  observed.network_options.receive_buffer = kFullBuffer / 2;
  observed.network_options.send_buffer = kFullBuffer / 2;
  {
    FakeNetwork fake(observed.network_options);
    Save(*observed.capture, "full_observed_" + network,
         TalkToFull(FakeHosts(fake, network), network));
  }
  observed.network_options.observer = nullptr;
  FakeNetwork fake(observed.network_options);
  const Hosts hosts = FakeHosts(fake, network);
  Capture both;
  Save(both, "fake_full_" + network + "_both",
       TalkToFull({Seen(hosts.client, both, "client"),
                   Seen(hosts.server, both, "server"), ""},
                  network));
}

std::string ReadUpTo(Conn& conn, size_t size) {
  std::string bytes(size, '\0');
  bytes.resize(Check(conn.Read(absl::MakeSpan(&bytes[0], size))));
  return bytes;
}

// Three segments, at 1600000000 and one and three seconds later.
Bytes TalkInTime(const Hosts& hosts, ManualClock& clock) {
  const auto listener = Check(hosts.server->Listen("tcp4", "server:0"));
  const auto near = DialServer(hosts, "tcp4", listener->Address());
  const auto far = Check(listener->Accept());
  for (const int seconds : {1, 2, 0}) {
    Check(near->Write("tick"));
    ReadUpTo(*far, 4);
    clock.Advance(absl::Seconds(seconds));
  }
  return {"tickticktick", ""};
}

void SaveTimes() {
  Observed observed;
  FakeNetwork fake(observed.network_options);
  Save(*observed.capture, "times_observed",
       TalkInTime(FakeHosts(fake, "tcp4"), observed.clock));

  ManualClock clock;
  CaptureOptions options;
  options.clock = &clock;
  Capture capture(options);
  const Hosts kernel = KernelHosts("tcp4");
  Save(capture, "times_kernel",
       TalkInTime({Seen(kernel.client, capture, "client"),
                   Seen(kernel.server, capture, "server"), kernel.from},
                  clock));
}

void SaveChat(Transport& transport) {
  Capture capture;
  CaptureTransport client(transport, capture, "client");
  CaptureTransport server(transport, capture, "server");
  const auto listener = Check(server.Listen("tcp", "127.0.0.1:0"));
  const auto near = Check(client.Dial("tcp", listener->Address().ToString()));
  const auto far = Check(listener->Accept());
  Bytes bytes;
  for (int i = 0; i < 20; ++i) {
    const std::string ping = absl::StrCat("ping ", i, "\n");
    const std::string pong = absl::StrCat("pong ", i, "\n");
    std::string buffer(ping.size(), '\0');
    Check(near->Write(ping));
    Check(ReadFull(*far, absl::MakeSpan(&buffer[0], buffer.size())));
    Check(far->Write(pong));
    Check(ReadFull(*near, absl::MakeSpan(&buffer[0], buffer.size())));
    bytes.there += ping;
    bytes.back += pong;
  }
  Check(near->Close());
  Check(far->Close());
  Save(capture, "chat", bytes);
}

// Real sockets, on which a reset, a refusal and a name that is none happen.
void SaveRoughKernel(Transport& transport) {
  Capture capture;
  CaptureTransport client(transport, capture, "client");
  CaptureTransport server(transport, capture, "server");
  auto listener = Check(server.Listen("tcp", "127.0.0.1:0"));
  const std::string address = listener->Address().ToString();
  auto near = Check(client.Dial("tcp", address));
  auto far = Check(listener->Accept());
  Check(near->Write("nobody reads this"));
  Check(far->WaitReadable());
  Check(far->Close());
  char buffer[16];
  near->Read(absl::MakeSpan(buffer)).status().IgnoreError();
  Check(listener->Close());
  capture.Comment("by the test: nobody listens any more");
  client.Dial("tcp", address).status().IgnoreError();
  client.Dial("tcp", "nosuch.invalid:80").status().IgnoreError();
  capture.Note("server", "the test is over");
  Save(capture, "rough_kernel_tcp", {"nobody reads this", ""});
}

// Real sockets with a fault plan around them, which remarks what it does.
void SaveRemarked() {
  Capture capture;
  FaultTransportOptions options;
  options.remark = [&](absl::string_view text) { capture.Comment(text); };
  const auto client = Check(MakeFaultTransport(
      Seen(MakeUdp(), capture, "client"),
      R"(rule { id: "lossy" match { network: "udp" nth: 2 } loss {} })",
      options));
  CaptureTransport server(MakeUdp(), capture, "server");
  const auto to = Check(server.ListenPacket("udp4", "server:0"));
  const auto from = Check(client->ListenPacket("udp4", "client:0"));
  for (const char* data : {"data 1", "data 2", "data 3"}) {
    Check(from->WriteTo(data, to->LocalAddr()));
  }
  Save(capture, "rough_kernel_udp4", {"data 1data 3", ""});
}

// Each packet with data meets a rule.
constexpr absl::string_view kFaults = R"(
  rule { id: "far" match { segment: DATA nth: 1 } delay { min: "20ms" } }
  rule { id: "lossy" match { segment: DATA nth: 2 } loss {} }
  rule { id: "twice" match { segment: DATA nth: 3 } duplicate {} }
  rule { id: "rot" match { segment: DATA nth: 4 } corrupt {} }
  rule { id: "keep" match { segment: DATA nth: 5 } active { until: "2s" }
         hold {} }
)";

// A fake network with them, and who sends.
void SaveFaulty(const std::string& network) {
  Observed observed;
  FaultSetting setting;
  setting.targets = {FaultTarget::kFake};
  observed.network_options.policy = std::make_shared<FaultPolicy>(
      Check(MakeFaults(kFaults, setting, observed.clock)));
  FakeNetwork fake(observed.network_options);
  const Hosts hosts = FakeHosts(fake, network);
  const std::string at = AnyAt(network, "server");
  std::unique_ptr<PacketConn> socket;
  std::unique_ptr<Listener> listener;
  if (IsDatagrams(network)) {
    socket = Check(hosts.server->ListenPacket(network, at));
  } else {
    listener = Check(hosts.server->Listen(network, at));
  }
  const auto near =
      DialServer(hosts, network,
                 socket != nullptr ? socket->LocalAddr() : listener->Address());
  for (int i = 1; i <= 5; ++i) Check(near->Write(absl::StrCat("data ", i)));
  observed.clock.Advance(absl::Seconds(3));
  Save(*observed.capture, "rough_observed_" + network,
       {"data 1data 2data 3data 4data 5", ""});
}

int Main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: sample DIRECTORY\n";
    return 2;
  }
  directory = argv[1];
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    std::cerr << "sample: " << directory << ": " << error.message() << "\n";
    return 1;
  }
  for (const std::string network :
       {"tcp4", "tcp6", "udp4", "udp6", "unix", "unixgram", "unixpacket"}) {
    const Hosts kernel = KernelHosts(network);
    SaveBoth("kernel_" + network, kernel, network);
    SaveEnds("kernel_" + network, kernel, network);
    FakeNetwork fake;
    SaveBoth("fake_" + network, FakeHosts(fake, network), network);
    SaveObserved(network);
    // Nothing gets between the ends of these two.
    if (network == "unixgram" || network == "unixpacket") continue;
    SaveFaulty(network);
  }
  for (const std::string network : {"tcp4", "tcp6", "unix"}) SaveFull(network);
  SaveTimes();
  SaveChat(*MakeTcp());
  SaveRoughKernel(*MakeTcp());
  SaveRemarked();
  return 0;
}

}  // namespace
}  // namespace sample
}  // namespace plumb

int main(int argc, char** argv) { return plumb::sample::Main(argc, argv); }
