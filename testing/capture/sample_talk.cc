#include "testing/capture/sample_talk.h"

#include <cstddef>
#include <cstdlib>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "backends/tcp/tcp.h"
#include "backends/udp/udp.h"
#include "backends/unix/unix.h"
#include "testing/capture/sample_check.h"
#include "transport/direction.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/io.h"
#include "transport/listener.h"
#include "transport/options.h"
#include "transport/packet_conn.h"

namespace plumb {
namespace sample {
namespace {

// Of messages.
constexpr size_t kSizes[] = {1, 100, 1400, 9000};

std::string Lines(const char* what, size_t bytes) {
  std::string text;
  for (int i = 0; text.size() < bytes; ++i) {
    absl::StrAppend(&text, what, " ", i, "\n");
  }
  return text;
}

bool IsUnix(absl::string_view network) {
  return absl::StartsWith(network, "unix");
}

// Where to dial what listens there: by the host's name.
std::string NameOf(const Addr& server) {
  return server.is_ip() ? absl::StrCat("server:", server.port())
                        : server.ToString();
}

// The client says `there` and half-closes, the server answers with `back`.
void TalkInStream(const Hosts& hosts, absl::string_view network,
                  const Bytes& bytes) {
  const auto listener =
      Check(hosts.server->Listen(network, AnyAt(network, "server")));
  std::thread serving([&] {
    const auto conn = Check(listener->Accept());
    if (Check(ReadAll(*conn, bytes.there.size() + 1)) != bytes.there) {
      std::abort();
    }
    Check(conn->Write(bytes.back));
    Check(conn->Close());
  });
  const auto conn = DialServer(hosts, network, listener->Address());
  Check(conn->Write(bytes.there));
  Check(conn->CloseWrite());
  if (Check(ReadAll(*conn, bytes.back.size() + 1)) != bytes.back) std::abort();
  Check(conn->Close());
  serving.join();
}

// Until `far` is full, and `near` waits, if it tells: then all is on the
// network that there is to send.
void AwaitFull(Conn& near, Conn& far) {
  std::string buffer(kFullBuffer, '\0');
  auto* const peeker = Extension<Peeker>(far);
  while (Check(peeker->Peek(absl::MakeSpan(&buffer[0], buffer.size()))) <
         kFullBuffer) {
    std::this_thread::yield();
  }
  const auto* const probe = Extension<BlockedProbe>(near);
  while (probe != nullptr && probe->BlockedCalls(Direction::kWrite) == 0) {
    std::this_thread::yield();
  }
}

void CarryMessage(Conn& from, Conn& to, absl::string_view message) {
  std::string buffer(10000, '\0');
  Check(from.Write(message));
  const size_t size = Check(to.Read(absl::MakeSpan(&buffer[0], buffer.size())));
  if (buffer.substr(0, size) != message) std::abort();
}

void ExpectEnd(Conn& conn) {
  char byte;
  if (!IsEof(conn.Read(absl::MakeSpan(&byte, 1)).status())) std::abort();
}

void Carry(PacketConn& from, PacketConn& to, absl::string_view data) {
  std::string buffer(10000, '\0');
  Check(from.WriteTo(data, to.LocalAddr()));
  const Received received =
      Check(to.ReadFrom(absl::MakeSpan(&buffer[0], buffer.size())));
  if (buffer.substr(0, received.size) != data) std::abort();
}

// Messages of several sizes there and back, and the ends.
Bytes TalkInMessages(const Hosts& hosts, absl::string_view network) {
  const auto listener =
      Check(hosts.server->Listen(network, AnyAt(network, "server")));
  const auto client = DialServer(hosts, network, listener->Address());
  const auto server = Check(listener->Accept());
  Bytes bytes;
  for (const size_t size : kSizes) {
    const std::string there(size, 'q'), back(size / 2 + 1, 'a');
    CarryMessage(*client, *server, there);
    CarryMessage(*server, *client, back);
    bytes.there += there;
    bytes.back += back;
  }
  Check(client->CloseWrite());
  ExpectEnd(*server);
  Check(server->Close());
  ExpectEnd(*client);
  Check(client->Close());
  return bytes;
}

// Datagrams of several sizes, none of them empty, first to last there and back.
Bytes TalkInDatagrams(const Hosts& hosts, absl::string_view network) {
  const auto server =
      Check(hosts.server->ListenPacket(network, AnyAt(network, "server")));
  const auto client =
      Check(hosts.client->ListenPacket(network, AnyAt(network, "client")));
  Bytes bytes;
  for (const size_t size : kSizes) {
    const std::string there(size, 'q'), back(size / 2 + 1, 'a');
    Carry(*client, *server, there);
    Carry(*server, *client, back);
    bytes.there += there;
    bytes.back += back;
  }
  Carry(*client, *server, "");
  return bytes;
}

}  // namespace

bool IsDatagrams(absl::string_view network) {
  return absl::StartsWith(network, "udp") || network == "unixgram";
}

Hosts KernelHosts(absl::string_view network) {
  std::shared_ptr<Transport> kernel = MakeTcp();
  if (IsUnix(network)) kernel = MakeUnix();
  if (absl::StartsWith(network, "udp")) kernel = MakeUdp();
  std::string from;
  if (absl::EndsWith(network, "4")) from = "10.9.0.1:0";
  if (absl::EndsWith(network, "6")) from = "[fd00:9::1]:0";
  return {kernel, kernel, from};
}

Hosts FakeHosts(FakeNetwork& fake, absl::string_view network) {
  const auto server = fake.Host("server");
  if (IsUnix(network)) return {server, server, ""};
  return {fake.Host("client"), server, ""};
}

std::string AnyAt(absl::string_view network, absl::string_view host) {
  return IsUnix(network) ? "" : absl::StrCat(host, ":0");
}

std::unique_ptr<Conn> DialServer(const Hosts& hosts, absl::string_view network,
                                 const Addr& server) {
  DialOptions options;
  if (!hosts.from.empty()) options.local_address = hosts.from;
  return Check(hosts.client->Dial(network, NameOf(server), options));
}

Bytes Talk(const Hosts& hosts, absl::string_view network) {
  if (IsDatagrams(network)) return TalkInDatagrams(hosts, network);
  if (network == "unixpacket") return TalkInMessages(hosts, network);
  const Bytes bytes = {Lines("question", 50000), Lines("answer", 100000)};
  TalkInStream(hosts, network, bytes);
  return bytes;
}

Bytes TalkToFull(const Hosts& hosts, absl::string_view network) {
  const auto listener =
      Check(hosts.server->Listen(network, AnyAt(network, "server")));
  const auto near = DialServer(hosts, network, listener->Address());
  const auto far = Check(listener->Accept());
  const std::string data = Lines("more", 30000);
  std::thread writer([&] { Check(near->Write(data)); });
  std::string read(data.size(), '\0');
  absl::Span<char> rest = absl::MakeSpan(&read[0], read.size());
  while (rest.size() > kFullBuffer) {
    AwaitFull(*near, *far);
    Check(ReadFull(*far, rest.subspan(0, kFullBuffer / 2)));
    rest.remove_prefix(kFullBuffer / 2);
  }
  writer.join();
  Check(ReadFull(*far, rest));
  if (read != data) std::abort();
  const std::string back = "done\n";
  Check(far->Write(back));
  Check(near->Read(absl::MakeSpan(&read[0], back.size())).status());
  Check(near->Close());
  Check(far->Close());
  return {data, back};
}

}  // namespace sample
}  // namespace plumb
