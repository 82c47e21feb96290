#include <string>

#include "absl/status/status.h"
#include "backends/unix/unix.h"
#include "gtest/gtest.h"
#include "testing/conformance/backend_kinds.h"
#include "testing/conformance/listener_suite.h"
#include "testing/conformance/packet_suite.h"
#include "testing/conformance/transport_suite.h"
#include "testing/conformance/unix_path_suite.h"
#include "testing/temp_directory.h"

namespace plumb {
namespace {

// Removed after the last test.
class Directory final : public ::testing::Environment {
 public:
  static const std::string& Get() {
    // GoogleTest owns it.
    static Directory* const directory = [] {
      auto* const made = new Directory;
      ::testing::AddGlobalTestEnvironment(made);
      return made;
    }();
    return directory->directory_.path();
  }

 private:
  TempDirectory directory_;
};

TransportBackend OnKernel(TransportBackend backend) {
  backend.make = [](Clock& clock) { return MakeUnix(clock); };
  backend.directory = Directory::Get();
  backend.bad_listen_addresses.push_back(
      {"/nonexistent/socket", absl::StatusCode::kNotFound,
       " /nonexistent/socket: bind: no such file or directory"});
  return backend;
}

TransportBackend Stream(const char* network) {
  return OnKernel(LikeUnix(network));
}

TransportBackend Unixgram() {
  TransportBackend backend = OnKernel(LikeUnixgram());
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
