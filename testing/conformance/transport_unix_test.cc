#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "backends/unix/unix.h"
#include "gtest/gtest.h"
#include "testing/conformance/listener_suite.h"
#include "testing/conformance/packet_suite.h"
#include "testing/conformance/transport_suite.h"
#include "testing/conformance/unix_path_suite.h"

namespace plumb {
namespace {

// Abstract names, which leave no files.
std::string FreeName() {
  static std::atomic<int> last{0};
  return absl::StrCat("@plumb-conformance-", getpid(), "-", ++last);
}

// A directory with a short name, removed after the last test.
class Directory final : public ::testing::Environment {
 public:
  static const std::string& Get() {
    // GoogleTest owns it.
    static Directory* const directory = [] {
      auto* const made = new Directory;
      ::testing::AddGlobalTestEnvironment(made);
      return made;
    }();
    return directory->path_;
  }

  void TearDown() override { std::filesystem::remove_all(path_); }

 private:
  Directory() {
    char name[] = "/tmp/plumb-XXXXXX";
    path_ = mkdtemp(name);
  }

  std::string path_;
};

TransportBackend Unix(const char* network) {
  TransportBackend backend;
  backend.name = backend.network = backend.addr_network = network;
  backend.make = [](Clock& clock) { return MakeUnix(clock); };
  backend.free_address = FreeName;
  backend.ports = false;
  backend.diallers_have_addresses = false;
  backend.directory = Directory::Get();
  backend.unknown_dial_options = {"no_delay", "keep_alive"};
  backend.bad_dial_addresses = {
      {"", absl::StatusCode::kInvalidArgument, ": missing address"},
      {"/nonexistent/socket", absl::StatusCode::kNotFound,
       " /nonexistent/socket: connect: no such file or directory"},
  };
  backend.bad_listen_addresses = {
      {"/nonexistent/socket", absl::StatusCode::kNotFound,
       " /nonexistent/socket: bind: no such file or directory"},
  };
  return backend;
}

TransportBackend Stream(const char* network) {
  TransportBackend backend = Unix(network);
  backend.packets = false;
  return backend;
}

TransportBackend Unixgram() {
  TransportBackend backend = Unix("unixgram");
  backend.listens = false;
  backend.dial_kind = DialKind::kFindsPeer;
  backend.wrong_network_cause = "address family not supported by protocol";
  backend.sender_waits = true;
  backend.handles = true;
  return backend;
}

PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Unix, Stream("unix"));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Unixpacket, Stream("unixpacket"));
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Unixgram, Unixgram());
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Unix, Stream("unix"));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Unixpacket, Stream("unixpacket"));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Unixgram, Unixgram());
PLUMB_INSTANTIATE_UNIX_PATH_CONFORMANCE(Unix, Stream("unix"));
PLUMB_INSTANTIATE_UNIX_PATH_CONFORMANCE(Unixpacket, Stream("unixpacket"));
PLUMB_INSTANTIATE_UNIX_PATH_CONFORMANCE(Unixgram, Unixgram());

}  // namespace
}  // namespace plumb
