// Two hosts of a fake network whose connections a Capture sees.
#ifndef PLUMB_TESTING_CAPTURE_CAPTURE_TRANSPORT_FIXTURE_H_
#define PLUMB_TESTING_CAPTURE_CAPTURE_TRANSPORT_FIXTURE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "backends/fake/fake.h"
#include "gtest/gtest.h"
#include "testing/capture/capture.h"
#include "testing/capture/capture_transport.h"
#include "testing/capture/read_back.h"
#include "transport/conn.h"
#include "transport/listener.h"
#include "transport/manual_clock.h"
#include "transport/transport.h"

namespace plumb {

// What a capture says, and where: "web out 10.0.0.1:9 > ...", with its comment
// behind a "#".
inline std::vector<std::string> Lines(const Capture& capture) {
  std::vector<std::string> lines;
  for (const PacketReadBack& packet : ReadBack(capture)) {
    constexpr const char* kDirections[] = {"", " in", " out", ""};
    lines.push_back(WithComment(
        absl::StrCat(packet.interface,
                     kDirections[static_cast<int>(packet.direction)], " ",
                     packet.text),
        packet));
  }
  return lines;
}

struct Ends {
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Conn> near;
  std::unique_ptr<Conn> far;
};

inline Ends Connect(Transport& client, Transport& server, const char* network,
                    const char* address) {
  Ends ends;
  ends.listener = *server.Listen(network, address);
  ends.near = *client.Dial(network, ends.listener->Address().ToString());
  ends.far = *ends.listener->Accept();
  return ends;
}

inline std::string ReadSome(Conn& conn, size_t size = 100) {
  std::string bytes(size, '\0');
  const absl::StatusOr<size_t> n = conn.Read(absl::MakeSpan(&bytes[0], size));
  EXPECT_EQ(n.status(), absl::OkStatus());
  bytes.resize(n.value_or(0));
  return bytes;
}

// Two hosts of a fake network: web has 10.0.0.1, db 10.0.0.2.
class CaptureTransportTest : public ::testing::Test {
 protected:
  CaptureTransportTest()
      : network_(Options()),
        capture_(MakeCaptureOptions()),
        web_host_(network_.Host("web")),
        db_host_(network_.Host("db")),
        web_(web_host_, capture_, "web"),
        db_(db_host_, capture_, "db") {}

  FakeNetworkOptions Options() {
    FakeNetworkOptions options;
    options.clock = &clock_;
    return options;
  }
  CaptureOptions MakeCaptureOptions() {
    CaptureOptions options;
    options.clock = &clock_;
    return options;
  }

  ManualClock clock_;
  FakeNetwork network_;
  Capture capture_;
  const std::shared_ptr<Transport> web_host_, db_host_;
  CaptureTransport web_, db_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_CAPTURE_TRANSPORT_FIXTURE_H_
