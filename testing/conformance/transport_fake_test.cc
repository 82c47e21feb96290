#include "absl/strings/str_cat.h"
#include "backends/fake/fake.h"
#include "testing/conformance/backend_kinds.h"
#include "testing/conformance/ip_address_suite.h"
#include "testing/conformance/listener_suite.h"
#include "testing/conformance/packet_suite.h"
#include "testing/conformance/transport_suite.h"
#include "testing/conformance/udp_listener_suite.h"
#include "testing/conformance/unix_path_suite.h"

namespace plumb {
namespace {

TransportBackend OnFake(TransportBackend backend) {
  backend.name = absl::StrCat("fake:", backend.network);
  backend.make = [](Clock& clock) {
    FakeNetworkOptions options;
    options.clock = &clock;
    return FakeNetwork(options).Host("db");
  };
  return backend;
}

TransportBackend Stream(const char* network) {
  return OnFake(LikeTcp(network));
}

TransportBackend Udp(const char* network) {
  TransportBackend backend = OnFake(LikeUdp(network));
  backend.multicast = true;
  return backend;
}

TransportBackend Unix(const char* network) {
  TransportBackend backend = OnFake(LikeUnix(network));
  backend.directory = "/run";
  return backend;
}

TransportBackend Unixgram() {
  TransportBackend backend = OnFake(LikeUnixgram());
  backend.directory = "/run";
  backend.handles = true;
  return backend;
}

PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Fake, Stream("fake"));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Fakegram, Udp("fakegram"));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Tcp, Stream("tcp"));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Udp, Udp("udp"));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Unix, Unix("unix"));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Unixpacket, Unix("unixpacket"));

PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Fakegram, Udp("fakegram"));
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Udp, Udp("udp"));
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Unixgram, Unixgram());

PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Fake, Stream("fake"));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Fakegram, Udp("fakegram"));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Tcp, Stream("tcp"));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Udp, Udp("udp"));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Unix, Unix("unix"));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Unixpacket, Unix("unixpacket"));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Unixgram, Unixgram());

PLUMB_INSTANTIATE_UDP_LISTENER_CONFORMANCE(Fakegram, Udp("fakegram"));
PLUMB_INSTANTIATE_UDP_LISTENER_CONFORMANCE(Udp, Udp("udp"));

PLUMB_INSTANTIATE_IP_ADDRESS_CONFORMANCE(Tcp, Stream("tcp"));
PLUMB_INSTANTIATE_IP_ADDRESS_CONFORMANCE(Udp, Udp("udp"));

PLUMB_INSTANTIATE_UNIX_PATH_CONFORMANCE(Unix, Unix("unix"));
PLUMB_INSTANTIATE_UNIX_PATH_CONFORMANCE(Unixpacket, Unix("unixpacket"));
PLUMB_INSTANTIATE_UNIX_PATH_CONFORMANCE(Unixgram, Unixgram());

}  // namespace
}  // namespace plumb
