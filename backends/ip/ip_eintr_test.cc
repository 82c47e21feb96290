// S-SG-03 for raw sockets, in a network of the test's own, since they need a
// right: see backends/posix/eintr_test.cc.
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/ip/ip.h"
#include "backends/posix/interrupted_for_test.h"
#include "gtest/gtest.h"
#include "transport/conn.h"
#include "transport/options.h"
#include "transport/packet_conn.h"
#include "transport/transport.h"

namespace plumb {
namespace {

TEST_F(Interrupted, ReadFromAndReadOfRawIp) {
  const std::shared_ptr<Transport> ip = MakeIp();
  // Protocol 253 is for experiments (RFC 3692); a socket at 127.0.0.1 would
  // hear itself.
  const auto receiver = *ip->ListenPacket("ip4:253", "127.0.0.2");
  DialOptions options;
  options.local_address = "127.0.0.3";
  const auto conn = *ip->Dial("ip4:253", "127.0.0.2", options);
  char buffer[16];
  absl::StatusOr<Received> asked;
  {
    Victim victim([&] { asked = receiver->ReadFrom(absl::MakeSpan(buffer)); });
    victim.AwaitHits(*receiver);
    EXPECT_EQ(conn->Write("ask"), absl::OkStatus());
  }
  ASSERT_EQ(asked.status(), absl::OkStatus());
  EXPECT_EQ(absl::string_view(buffer, asked->size), "ask");

  absl::StatusOr<size_t> answered;
  {
    Victim victim([&] { answered = conn->Read(absl::MakeSpan(buffer)); });
    victim.AwaitHits(*conn);
    EXPECT_EQ(receiver->WriteTo("answer", asked->from), absl::OkStatus());
  }
  ASSERT_EQ(answered.status(), absl::OkStatus());
  EXPECT_EQ(absl::string_view(buffer, *answered), "answer");
}

}  // namespace
}  // namespace plumb
