// Makes captures for other people's tools to look at: sample DIRECTORY.
//
// NAME.pcapng is a capture; NAME.there and NAME.back are the bytes of its first
// stream, in the two directions. Those of "calm" have no faults; those of
// "rough" have. check_captures.sh looks at them.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "backends/fake/fake.h"
#include "backends/tcp/tcp.h"
#include "backends/udp/udp.h"
#include "backends/unix/unix.h"
#include "testing/capture/capture.h"
#include "testing/capture/capture_observer.h"
#include "testing/capture/capture_transport.h"
#include "testing/capture/file.h"
#include "testing/fault/fault_policy.h"
#include "testing/fault/fault_support.h"
#include "testing/fault/make_faults.h"
#include "transport/io.h"
#include "transport/manual_clock.h"
#include "transport/transport.h"

namespace plumb {
namespace {

std::string directory;

[[noreturn]] void Fail(const absl::Status& status) {
  std::cerr << "sample: " << status << "\n";
  std::exit(1);
}
void Check(const absl::Status& status) {
  if (!status.ok()) Fail(status);
}
template <typename T>
T Check(absl::StatusOr<T> value) {
  Check(value.status());
  return *std::move(value);
}

std::string Lines(const char* what, size_t bytes) {
  std::string text;
  for (int i = 0; text.size() < bytes; ++i) {
    absl::StrAppend(&text, what, " ", i, "\n");
  }
  return text;
}

void Save(const Capture& capture, const std::string& name,
          const std::string& there, const std::string& back) {
  const std::string path = absl::StrCat(directory, "/", name);
  Check(capture.WriteFile(path + ".pcapng"));
  Check(WriteWholeFile(path + ".there", there));
  Check(WriteWholeFile(path + ".back", back));
}

// The client says `there` and half-closes, the server answers with `back`.
void Talk(Transport& client, Transport& server, const char* network,
          const char* address, const std::string& there,
          const std::string& back) {
  const auto listener = Check(server.Listen(network, address));
  std::thread serving([&] {
    const auto conn = Check(listener->Accept());
    if (Check(ReadAll(*conn, there.size() + 1)) != there) std::abort();
    Check(conn->Write(back));
    Check(conn->Close());
  });
  const auto conn = Check(client.Dial(network, listener->Address().ToString()));
  Check(conn->Write(there));
  Check(conn->CloseWrite());
  if (Check(ReadAll(*conn, back.size() + 1)) != back) std::abort();
  Check(conn->Close());
  serving.join();
}

void Stream(const std::string& name, Transport& transport, const char* network,
            const char* address, size_t bytes) {
  const std::string there = Lines("question", bytes);
  const std::string back = Lines("answer", 2 * bytes);
  Capture both;
  CaptureTransport client(transport, both, "client");
  CaptureTransport server(transport, both, "server");
  Talk(client, server, network, address, there, back);
  Save(both, name + "_both", there, back);

  Capture near;
  CaptureTransport near_client(transport, near, "client");
  Talk(near_client, transport, network, address, there, back);
  Save(near, name + "_client", there, back);

  Capture far;
  CaptureTransport far_server(transport, far, "server");
  Talk(transport, far_server, network, address, there, back);
  Save(far, name + "_server", there, back);
}

// By the fake network's own tap.
void Observed(size_t bytes) {
  const std::string there = Lines("question", bytes);
  const std::string back = Lines("answer", 2 * bytes);
  Capture capture;
  FakeNetworkOptions options;
  options.observer = std::make_shared<CaptureObserver>(capture);
  FakeNetwork network(options);
  Talk(*network.Host("client"), *network.Host("server"), "tcp", "server:80",
       there, back);
  Save(capture, "calm_observed", there, back);
}

void Chat(Transport& transport) {
  Capture capture;
  CaptureTransport client(transport, capture, "client");
  CaptureTransport server(transport, capture, "server");
  const auto listener = Check(server.Listen("tcp", "127.0.0.1:0"));
  const auto near = Check(client.Dial("tcp", listener->Address().ToString()));
  const auto far = Check(listener->Accept());
  std::string there, back;
  for (int i = 0; i < 20; ++i) {
    const std::string ping = absl::StrCat("ping ", i, "\n");
    const std::string pong = absl::StrCat("pong ", i, "\n");
    std::string buffer(ping.size(), '\0');
    Check(near->Write(ping));
    Check(ReadFull(*far, absl::MakeSpan(&buffer[0], buffer.size())));
    Check(far->Write(pong));
    Check(ReadFull(*near, absl::MakeSpan(&buffer[0], buffer.size())));
    there += ping;
    back += pong;
  }
  Check(near->Close());
  Check(far->Close());
  Save(capture, "calm_chat", there, back);
}

void Datagrams(const std::string& name, Transport& transport,
               const char* network, const char* address) {
  Capture capture;
  CaptureTransport client(transport, capture, "client");
  CaptureTransport server(transport, capture, "server");
  const auto to = Check(server.ListenPacket(network, address));
  const auto from = Check(client.ListenPacket(network, address));
  for (size_t size : {0, 1, 100, 1400, 9000}) {
    std::string buffer(10000, '\0');
    Check(from->WriteTo(std::string(size, 'u'), to->LocalAddr()));
    Check(to->ReadFrom(absl::MakeSpan(&buffer[0], buffer.size())).status());
  }
  Save(capture, name, "", "");
}

void Rough(Transport& transport) {
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
  client.Dial("tcp", address).status().IgnoreError();
  client.Dial("tcp", "nosuch.invalid:80").status().IgnoreError();
  capture.Comment("rule 3 dropped the next segment");
  capture.Note("server", "the test is over");
  Save(capture, "rough_tcp", "nobody reads this", "");
}

// A fake network with a fault plan: each segment with data meets a rule.
void Faulty() {
  constexpr absl::string_view kPlan = R"(
    rule { id: "far" match { segment: DATA nth: 1 } delay { min: "20ms" } }
    rule { id: "lossy" match { segment: DATA nth: 2 } loss {} }
    rule { id: "twice" match { segment: DATA nth: 3 } duplicate {} }
    rule { id: "rot" match { segment: DATA nth: 4 } corrupt {} }
    rule { id: "keep" match { segment: DATA nth: 5 } active { until: "2s" }
           hold {} }
  )";
  ManualClock clock;
  CaptureOptions capture_options;
  capture_options.clock = &clock;
  Capture capture(capture_options);
  FaultSetting setting;
  setting.targets = {FaultTarget::kFake};
  FakeNetworkOptions options;
  options.clock = &clock;
  options.policy =
      std::make_shared<FaultPolicy>(Check(MakeFaults(kPlan, setting, clock)));
  options.observer = std::make_shared<CaptureObserver>(capture);
  FakeNetwork network(options);
  const auto listener = Check(network.Host("server")->Listen("tcp", ":80"));
  const auto near = Check(network.Host("client")->Dial("tcp", "server:80"));
  const auto far = Check(listener->Accept());
  for (int i = 1; i <= 5; ++i) Check(near->Write(absl::StrCat("data ", i)));
  clock.Advance(absl::Seconds(3));
  Save(capture, "rough_faults", "data 1data 2data 3data 4data 5", "");
}

int Main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: sample DIRECTORY\n";
    return 2;
  }
  directory = argv[1];
  std::filesystem::create_directories(directory);
  const auto tcp = MakeTcp(), udp = MakeUdp(), unix_sockets = MakeUnix();
  const auto fake = FakeNetwork().Host("host");
  Stream("calm_tcp4", *tcp, "tcp", "127.0.0.1:0", 300000);
  Stream("calm_tcp6", *tcp, "tcp", "[::1]:0", 50000);
  Stream("calm_fake", *fake, "tcp", ":0", 300000);
  Stream("calm_unix", *unix_sockets, "unix",
         absl::StrCat("@plumb-sample-", getpid()).c_str(), 20000);
  Observed(20000);
  Chat(*tcp);
  Datagrams("calm_udp4", *udp, "udp", "127.0.0.1:0");
  Datagrams("calm_udp6", *udp, "udp", "[::1]:0");
  Datagrams("calm_unixgram", *unix_sockets, "unixgram", "");
  Rough(*tcp);
  Faulty();
  return 0;
}

}  // namespace
}  // namespace plumb

int main(int argc, char** argv) { return plumb::Main(argc, argv); }
