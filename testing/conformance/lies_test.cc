// That no case of the suites asserts nothing: each must notice a lie (lies.h),
// on each kind of backend, which are those that differ in what their cases
// assert.
//
// Each case runs in a process of its own, which ends with the first assertion
// that fails, whatever its tasks still wait for: first without a lie, when all
// must hold, and then with one after the other until one is noticed.
//
// What the fixtures notice does not count: that what they open for each case
// fails to open, and, unless the case is about leaks, that a descriptor leaks.

#include "testing/conformance/lies.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "testing/conformance/backend_kinds.h"
#include "testing/conformance/conn.h"
#include "testing/conformance/conn_pair.h"
#include "testing/conformance/coverage.h"
#include "testing/conformance/ip_address_suite.h"
#include "testing/conformance/listener_suite.h"
#include "testing/conformance/packet_suite.h"
#include "testing/conformance/transport_suite.h"
#include "testing/conformance/udp_listener_suite.h"
#include "testing/conformance/unix_path_suite.h"
#include "testing/fake_host_for_test.h"

namespace plumb {
namespace {

ConnBackend Connected(const char* network, const char* address) {
  PairOptions options;
  options.network = network;
  options.address = address;
  options.by_datagram = network == std::string("fakegram");
  if (*address == '\0') options.dial.local_address = "";
  ConnBackend backend;
  backend.name = backend.network = network;
  backend.abilities.peek = true;
  backend.abilities.handles = *address == '\0';
  backend.make_pair = [options](Clock& clock) -> absl::StatusOr<ConnPair> {
    absl::StatusOr<ConnPair> pair =
        DialAndAccept(*MakeFakeHost(clock), options);
    if (!pair.ok()) return pair;
    return ConnPair{Lying(std::move(pair->near)),
                    Lying(std::move(pair->far), false)};
  };
  return backend;
}

ConnBackend Packets() {
  ConnBackend backend = Connected("unixpacket", "");
  backend.abilities.messages = true;
  backend.abilities.data_before_reset = false;
  return backend;
}

ConnBackend Datagrams() {
  ConnBackend backend = Connected("fakegram", "127.0.0.1:0");
  ConnAbilities& abilities = backend.abilities;
  abilities.messages = abilities.empty_messages = true;
  abilities.end_of_stream = abilities.reset_on_unread = false;
  abilities.close_read = false;
  abilities.backpressure = abilities.reliable = false;
  abilities.half_close = HalfClose::kNone;
  abilities.write_to_gone = WriteToGone::kRefused;
  return backend;
}

// `opens` is what the suite's fixture opens for each case.
TransportBackend OnLies(TransportBackend backend, int opens) {
  backend.name = absl::StrCat("fake:", backend.network);
  backend.make = [opens](Clock& clock) {
    return Lying(MakeFakeHost(clock), opens);
  };
  backend.directory = "/run";
  backend.close_waits = true;
  return backend;
}

TransportBackend Tcp(int opens = 0) { return OnLies(LikeTcp("tcp"), opens); }
TransportBackend Udp(int opens = 0) { return OnLies(LikeUdp("udp"), opens); }
TransportBackend Unix() { return OnLies(LikeUnix("unix"), 0); }
TransportBackend Unixgram(int opens = 0) {
  return OnLies(LikeUnixgram(), opens);
}

PLUMB_INSTANTIATE_CONN_CONFORMANCE(Stream, Connected("fake", "127.0.0.1:0"));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Packets, Packets());
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Datagrams, Datagrams());
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Tcp, Tcp(1));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Udp, Udp(1));
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Udp, Udp(2));
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Unixgram, Unixgram(2));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Tcp, Tcp());
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Udp, Udp());
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Unixgram, Unixgram());
PLUMB_INSTANTIATE_UDP_LISTENER_CONFORMANCE(Udp, Udp());
PLUMB_INSTANTIATE_IP_ADDRESS_CONFORMANCE(Tcp, Tcp());
PLUMB_INSTANTIATE_UNIX_PATH_CONFORMANCE(Unix, Unix());
PLUMB_INSTANTIATE_UNIX_PATH_CONFORMANCE(Unixgram, Unixgram());

// Ends the process with the first assertion that fails.
class EndAtFailure final : public ::testing::EmptyTestEventListener {
  void OnTestPartResult(const ::testing::TestPartResult& part) override {
    if (part.failed()) _exit(1);
  }
};

enum class Outcome { kPassed, kPassedOfLeaks, kFailed, kNeither };

constexpr int kPassedOfLeaksCode = 42;

// Whether the case that ran says that it is about leaks.
bool WasOfLeaks() {
  return CoverageCount("N-G11") > 0 || CoverageCount("C-RS-01") > 0;
}

Outcome RunWith(const std::string& test, Lie lie) {
  // The child would write it again.
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    // A lie may leave a case waiting for ever; then the next lie has its turn.
    alarm(lie == Lie::kNone ? 60 : 3);
    SetLie(lie);
    if (lie != Lie::kNone) {
      const int null = open("/dev/null", O_WRONLY);
      dup2(null, STDOUT_FILENO);
      dup2(null, STDERR_FILENO);
      // GoogleTest owns it.
      ::testing::UnitTest::GetInstance()->listeners().Append(new EndAtFailure);
    }
    GTEST_FLAG_SET(filter, test);
    GTEST_FLAG_SET(output, "");
    const int code = RUN_ALL_TESTS();
    _exit(code == 0 && WasOfLeaks() ? kPassedOfLeaksCode : code);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status)) return Outcome::kNeither;
  switch (WEXITSTATUS(status)) {
    case 0:
      return Outcome::kPassed;
    case kPassedOfLeaksCode:
      return Outcome::kPassedOfLeaks;
    case 1:
      return Outcome::kFailed;
    default:
      return Outcome::kNeither;
  }
}

// One kind of tasks is enough, those that cost least.
std::vector<std::string> Cases() {
  std::vector<std::string> cases;
  const ::testing::UnitTest& all = *::testing::UnitTest::GetInstance();
  for (int i = 0; i < all.total_test_suite_count(); ++i) {
    const ::testing::TestSuite& suite = *all.GetTestSuite(i);
    for (int j = 0; j < suite.total_test_count(); ++j) {
      const std::string name =
          absl::StrCat(suite.name(), ".", suite.GetTestInfo(j)->name());
      if (absl::EndsWith(name, "/Coop")) cases.push_back(name);
    }
  }
  return cases;
}

// The first lie that the case notices; kNone for none.
Lie FirstNoticed(const std::string& test, bool of_leaks) {
  for (int i = 1; i <= static_cast<int>(Lie::kLast); ++i) {
    const Lie lie = static_cast<Lie>(i);
    if (lie == Lie::kLeaksDescriptor && !of_leaks) continue;
    if (RunWith(test, lie) == Outcome::kFailed) return lie;
  }
  return Lie::kNone;
}

int Main() {
  int failed = 0;
  std::map<Lie, int> noticed;
  const std::vector<std::string> cases = Cases();
  for (const std::string& test : cases) {
    const Outcome honest = RunWith(test, Lie::kNone);
    if (honest != Outcome::kPassed && honest != Outcome::kPassedOfLeaks) {
      std::printf("FAILED without a lie: %s\n", test.c_str());
      ++failed;
      continue;
    }
    const Lie lie = FirstNoticed(test, honest == Outcome::kPassedOfLeaks);
    ++noticed[lie];
    if (lie != Lie::kNone) continue;
    std::printf("FAILED to notice any lie: %s\n", test.c_str());
    ++failed;
  }
  for (const auto& [lie, count] : noticed) {
    std::printf("%5d cases notice first: %s\n", count, LieName(lie));
  }
  std::printf("%zu cases, %d failed\n", cases.size(), failed);
  return failed == 0 && !cases.empty() ? 0 : 1;
}

}  // namespace
}  // namespace plumb

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  return plumb::Main();
}
