// Who may listen beside whom at one port. Every pair of a network and a
// host with every other, on the kernel, in a network of the test's own where
// nobody else has the port, and on the fake.

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "backends/all.h"
#include "backends/fake/fake.h"
#include "gtest/gtest.h"
#include "transport/error.h"
#include "transport/options.h"

namespace plumb {
namespace {

enum class Kind { kTcp, kUdp, kUdpPackets };

// Where to listen.
struct Place {
  std::string network;
  std::string host;
  bool reuse_port;

  std::string address() const { return absl::StrCat(host, ":5000"); }
  // Of the two families, the address that is taken; "*" is all of them.
  absl::string_view V4() const {
    if (network.back() == '6' || host == "[::1]") return "";
    return absl::StrContains(host, "127.") ? "127." : "*";
  }
  absl::string_view V6() const {
    if (network.back() == '4' || absl::StrContains(host, "127.")) return "";
    return host == "[::1]" ? "::1" : "*";
  }
};

std::ostream& operator<<(std::ostream& out, const Place& place) {
  return out << place.network << " \"" << place.host << "\""
             << (place.reuse_port ? " reuse_port" : "");
}

bool Meet(absl::string_view a, absl::string_view b) {
  return !a.empty() && !b.empty() && (a == b || a == "*" || b == "*");
}

// Whether the port is one and the same for both.
bool Overlap(const Place& a, const Place& b) {
  return Meet(a.V4(), b.V4()) || Meet(a.V6(), b.V6());
}

// Whatever listens, until it is gone.
struct Ear {
  std::unique_ptr<Listener> listener;
  std::unique_ptr<PacketConn> packets;
  absl::Status status;
  std::string text;  // the address, or the error
};

Ear ListenAt(Transport& transport, Kind kind, const Place& place) {
  ListenOptions options;
  if (place.reuse_port) options.reuse_port = true;
  Ear ear;
  const auto keep = [&ear](auto opened, auto& object) {
    ear.status = opened.status();
    if (opened.ok()) object = *std::move(opened);
  };
  if (kind == Kind::kUdpPackets) {
    keep(transport.ListenPacket(place.network, place.address(), options),
         ear.packets);
  } else {
    keep(transport.Listen(place.network, place.address(), options),
         ear.listener);
  }
  ear.text = ear.listener != nullptr  ? ear.listener->Address().ToString()
             : ear.packets != nullptr ? ear.packets->LocalAddr().ToString()
                                      : ear.status.ToString();
  return ear;
}

std::vector<Place> Places(Kind kind) {
  std::vector<Place> all;
  for (const char* family : {"", "4", "6"}) {
    for (const char* host : {"", "0.0.0.0", "[::]", "[::ffff:0.0.0.0]",
                             "127.0.0.1", "[::ffff:127.0.0.1]", "[::1]"}) {
      for (const bool reuse_port : {false, true}) {
        all.push_back({absl::StrCat(kind == Kind::kTcp ? "tcp" : "udp", family),
                       host, reuse_port});
      }
    }
  }
  return all;
}

class ListenMatrixTest : public testing::TestWithParam<Kind> {
 protected:
  std::string Alone(Transport& transport, const Place& place) {
    return ListenAt(transport, GetParam(), place).text;
  }
  // What becomes of `second` while there is `first`.
  Ear Beside(Transport& transport, const Place& first, const Place& second) {
    const Ear there = ListenAt(transport, GetParam(), first);
    EXPECT_TRUE(there.status.ok()) << there.status;
    return ListenAt(transport, GetParam(), second);
  }

  Transport& kernel_ = DefaultRegistry();
  FakeNetwork network_;
  const std::shared_ptr<FakeHost> fake_ = network_.Host("host");
};

TEST_P(ListenMatrixTest, EachBesideEach) {
  std::vector<Place> places;
  for (const Place& place : Places(GetParam())) {
    const std::string text = Alone(kernel_, place);
    EXPECT_EQ(Alone(*fake_, place), text) << place;
    // Others are of no family.
    if (!absl::StrContains(text, ": ")) places.push_back(place);
  }
  EXPECT_EQ(places.size(), 2u * 15);
  int together = 0;
  for (const Place& first : places) {
    for (const Place& second : places) {
      SCOPED_TRACE(testing::Message() << second << " beside " << first);
      const bool taken =
          Overlap(first, second) && !(first.reuse_port && second.reuse_port);
      const Ear on_kernel = Beside(kernel_, first, second);
      EXPECT_EQ(IsAddressInUse(on_kernel.status), taken) << on_kernel.text;
      EXPECT_EQ(on_kernel.status.ok(), !taken);
      EXPECT_EQ(Beside(*fake_, first, second).text, on_kernel.text);
      together += on_kernel.status.ok();
    }
  }
  EXPECT_GT(together, 0);
}

std::string Name(const testing::TestParamInfo<Kind>& tested) {
  switch (tested.param) {
    case Kind::kTcp:
      return "Tcp";
    case Kind::kUdp:
      return "Udp";
    case Kind::kUdpPackets:
      return "UdpPackets";
  }
  return "";
}

INSTANTIATE_TEST_SUITE_P(, ListenMatrixTest,
                         testing::Values(Kind::kTcp, Kind::kUdp,
                                         Kind::kUdpPackets),
                         Name);

}  // namespace
}  // namespace plumb
